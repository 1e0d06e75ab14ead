"""Topic settings as people write them, normalised to what a broker stores.

``7d`` is ``604800000``, ``1 GiB`` is ``1073741824``, ``unlimited`` is ``-1``, ``[delete, compact]`` is
``compact,delete``. The unit is implied by the key: a duration where it ends in ``.ms``, a size where it ends in
``.bytes``. Two values are equal when their normalised texts are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NUMBER_WITH_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_UNLIMITED = frozenset({"unlimited", "infinite", "infinity", "forever", "-1"})

MILLISECONDS = {
    "": 1, "ms": 1, "s": 1_000, "sec": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000,
    "d": 86_400_000, "day": 86_400_000, "days": 86_400_000, "w": 604_800_000, "y": 31_536_000_000,
}  # fmt: skip
BYTES = {
    "": 1, "b": 1, "k": 1_000, "kb": 1_000, "kib": 1_024, "m": 1_000_000, "mb": 1_000_000, "mib": 1_048_576,
    "g": 1_000_000_000, "gb": 1_000_000_000, "gib": 1_073_741_824,
    "t": 1_000_000_000_000, "tb": 1_000_000_000_000, "tib": 1_099_511_627_776,
}  # fmt: skip


class InvalidValue(ValueError):
    """A setting that no broker could mean; ``str()`` gives the reason as a clause."""


def duration(value: object) -> str:
    """Milliseconds as text, from ``7d``, ``12 h``, ``604800000`` or ``unlimited``."""
    return _quantity(value, MILLISECONDS, "a duration such as 7d, 12h or 604800000")


def size(value: object) -> str:
    """Bytes as text, from ``1 GiB``, ``512MB``, ``1048576`` or ``unlimited``."""
    return _quantity(value, BYTES, "a size such as 1GiB, 512MB or 1048576")


def flag(value: object) -> str:
    """``true`` or ``false``."""
    text = str(value).strip().lower()
    named = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
    if text not in named:
        raise InvalidValue(f"`{value}` is neither true nor false")
    return named[text]


def words(value: object) -> str:
    """A comma-separated set in alphabetical order, from a list or a text."""
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return ",".join(sorted({str(part).strip() for part in parts if str(part).strip()}))


def plain(value: object) -> str:
    """The value as text; YAML's booleans as a broker spells them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        raise InvalidValue("it is not a single value")
    return str(value).strip()


def positive(value: object) -> int:
    """A whole number of at least 1."""
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**31:
        raise InvalidValue(f"`{value}` is not a whole number of at least 1")
    return int(text)


_BY_KEY: dict[str, Callable[[object], str]] = {
    "cleanup.policy": words,
    "preallocate": flag,
    "unclean.leader.election.enable": flag,
    "remote.storage.enable": flag,
}


def normalise(key: str, value: object) -> str:
    """``value`` as the broker would store it under ``key``. Raises ``InvalidValue``."""
    if value is None:
        raise InvalidValue("it is empty")
    return _rule_of(key)(value)


def same(key: str, declared: str, observed: str) -> bool:
    """Whether two texts mean the same under ``key``; a value that cannot be normalised is compared as it stands."""
    return declared == observed or _lenient(key, declared) == _lenient(key, observed)


def readable(key: str, value: str | None) -> str:
    """A value for a person: ``7d`` for ``604800000`` under ``retention.ms``, ``-`` for none."""
    if value is None:
        return "-"
    rule = _rule_of(key)
    if rule not in (duration, size) or not value.lstrip("-").isdigit():
        return value
    if value == "-1":
        return "unlimited"
    units = (
        (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
        if rule is duration
        else ((" TiB", 2**40), (" GiB", 2**30), (" MiB", 2**20), (" KiB", 2**10))
    )
    number = int(value)
    for unit, width in units:
        if number and number % width == 0:
            return f"{number // width}{unit}"
    return f"{number} {'ms' if rule is duration else 'bytes'}"


def _rule_of(key: str) -> Callable[[object], str]:
    if key in _BY_KEY:
        return _BY_KEY[key]
    if key.endswith(".ms"):
        return duration
    if key.endswith(".bytes"):
        return size
    return plain


def _lenient(key: str, value: str) -> str:
    try:
        return normalise(key, value)
    except InvalidValue:
        return value


def _quantity(value: object, units: dict[str, int], wanted: str) -> str:
    text = str(value).strip().replace("_", "").lower()
    if text in _UNLIMITED:
        return "-1"
    match = _NUMBER_WITH_UNIT.fullmatch(text)
    if isinstance(value, (bool, list, dict)) or match is None or match[2] not in units:
        raise InvalidValue(f"`{value}` is not {wanted}")
    number, unit = match[1], units[match[2]]
    exact = int(number) * unit if number.isdigit() else float(number) * unit
    if exact != int(exact):
        raise InvalidValue(f"`{value}` is not a whole number of the smallest unit")
    return str(int(exact))
