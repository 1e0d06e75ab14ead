"""Topic settings as people write them, normalised to what a broker stores.

``7d`` is ``604800000``, ``1 GiB`` is ``1073741824``, ``unlimited`` is ``-1``, ``[delete, compact]`` is
``compact,delete``. The unit is implied by the key: a duration where it ends in ``.ms``, a size where it ends in
``.bytes``. Two values are equal when their normalised texts are. ``normalise`` is idempotent, and undoes ``readable``.

What is no such value raises ``InvalidValue``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NUMBER_WITH_UNIT = re.compile(r"(0|[1-9][0-9]{0,18})(\.[0-9]{1,9})?\s*([a-z]*)")
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_UNLIMITED = frozenset({"unlimited", "infinite", "infinity", "forever", "-1"})
_LARGEST = 2**63 - 1
_SHORTEST_BARE_RETENTION = 60_000

MILLISECONDS = {
    "": 1, "ms": 1,
    "s": 1_000, "sec": 1_000, "second": 1_000, "seconds": 1_000,
    "m": 60_000, "min": 60_000, "minute": 60_000, "minutes": 60_000,
    "h": 3_600_000, "hour": 3_600_000, "hours": 3_600_000,
    "d": 86_400_000, "day": 86_400_000, "days": 86_400_000,
    "w": 604_800_000, "week": 604_800_000, "weeks": 604_800_000,
    "y": 31_536_000_000, "year": 31_536_000_000, "years": 31_536_000_000,
}  # fmt: skip
BYTES = {
    "": 1, "b": 1, "byte": 1, "bytes": 1, "k": 1_000, "kb": 1_000, "kib": 1_024,
    "m": 1_000_000, "mb": 1_000_000, "mib": 1_048_576,
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


def retention(value: object) -> tuple[str, str]:
    """The key and value that the shorthand ``retention`` means: time for ``7d``, bytes for ``1GiB``.

    A bare number is milliseconds, and refused below a minute: it was meant in another unit.
    """
    try:
        milliseconds = duration(value)
    except InvalidValue:
        try:
            return "retention.bytes", size(value)
        except InvalidValue:
            raise InvalidValue(f"{_shown(value)} is not a duration such as 7d, or a size such as 1GiB") from None
    if str(value).strip() == milliseconds and -1 < int(milliseconds) < _SHORTEST_BARE_RETENTION:
        raise InvalidValue(f"{_shown(value)} has no unit, and would be milliseconds; write 7d, 12h or 1GiB")
    return "retention.ms", milliseconds


def interval(value: object) -> int:
    """Milliseconds from a duration with a unit, at least one: ``15min``."""
    milliseconds = duration(value)
    if milliseconds == str(value).strip() or int(milliseconds) < 1:
        raise InvalidValue(f"{_shown(value)} is not a duration with a unit, such as 15min or 1d")
    return int(milliseconds)


def flag(value: object) -> str:
    """``true`` or ``false``."""
    text = str(value).strip().lower()
    named = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
    if text not in named:
        raise InvalidValue(f"{_shown(value)} is neither true nor false")
    return named[text]


def policies(value: object) -> str:
    """Cleanup policies, comma-separated in alphabetical order: ``compact``, ``delete`` or ``compact,delete``."""
    parts = value if isinstance(value, (list, tuple)) else plain(value).split(",")
    named = sorted({str(part).strip().lower() for part in parts} - {""})
    if not named or not {"compact", "delete"}.issuperset(named):
        raise InvalidValue(f"{_shown(value)} is none of delete, compact and compact,delete")
    return ",".join(named)


def timestamp_type(value: object) -> str:
    """``CreateTime`` or ``LogAppendTime``."""
    named = {each.lower(): each for each in ("CreateTime", "LogAppendTime")}
    text = plain(value).lower()
    if text not in named:
        raise InvalidValue(f"{_shown(value)} is neither CreateTime nor LogAppendTime")
    return named[text]


def number(value: object) -> str:
    """A number without needless zeros: ``0.5`` for ``0.50``."""
    text = plain(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise InvalidValue(f"{_shown(value)} is not a number")
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, rest = digits.partition(".")
    exact = (whole.lstrip("0") or "0") + (f".{rest.rstrip('0')}" if rest.rstrip("0") else "")
    return exact if exact == "0" else sign + exact


def plain(value: object) -> str:
    """The value as text; YAML's booleans as a broker spells them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list, tuple)):
        raise InvalidValue("it is not a single value")
    return str(value).strip()


def positive(value: object, largest: int = 2**31 - 1) -> int:
    """A whole number from 1 to ``largest``, without leading zeros, which YAML would read as octal."""
    text = str(value).strip()
    exact = int(text) if _WHOLE.fullmatch(text) and not isinstance(value, bool) else 0
    if str(exact) != text or not 0 < exact <= largest:
        raise InvalidValue(f"{_shown(value)} is not a whole number from 1 to {largest}")
    return exact


_BY_KEY: dict[str, Callable[[object], str]] = {
    "cleanup.policy": policies,
    "expected_every": duration,
    "message.timestamp.type": timestamp_type,
    "min.cleanable.dirty.ratio": number,
    "min.insync.replicas": lambda value: str(positive(value, 2**15 - 1)),
    "preallocate": flag,
    "remote.storage.enable": flag,
    "unclean.leader.election.enable": flag,
}
_AS_THE_WHOLE_LOG = frozenset({"local.retention.ms", "local.retention.bytes"})
"""Keys that take ``-2``: keep as much locally as in all."""


def normalise(key: str, value: object) -> str:
    """``value`` as the broker would store it under ``key``. Raises ``InvalidValue``."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InvalidValue("it is empty")
    if key in _AS_THE_WHOLE_LOG and str(value).strip() == "-2":
        return "-2"
    return _rule_of(key)(value)


def same(key: str, declared: str, observed: str) -> bool:
    """Whether two texts mean the same under ``key``; a value that cannot be normalised is compared as it stands."""
    return declared == observed or _lenient(key, declared) == _lenient(key, observed)


def readable(key: str, value: str | None) -> str:
    """A value for a person: ``7d`` for ``604800000`` under ``retention.ms``, ``-`` for none."""
    if value is None:
        return "-"
    rule = _rule_of(key)
    if rule not in (duration, size) or not _WHOLE.fullmatch(value):
        return value
    if value == "-1":
        return "unlimited"
    units = (
        (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
        if rule is duration
        else ((" TiB", 2**40), (" GiB", 2**30), (" MiB", 2**20), (" KiB", 2**10))
    )
    exact = int(value)
    for unit, width in units:
        if exact > 0 and exact % width == 0:
            return f"{exact // width}{unit}"
    return f"{exact} {'ms' if rule is duration else 'bytes'}"


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
    text = str(value).strip().lower()
    if text in _UNLIMITED:
        return "-1"
    match = _NUMBER_WITH_UNIT.fullmatch(text.replace("_", ""))
    if isinstance(value, (bool, list, dict)) or match is None or match[3] not in units:
        raise InvalidValue(f"{_shown(value)} is not {wanted}")
    decimals = (match[2] or ".0")[1:]
    exact, remainder = divmod(int(match[1] + decimals) * units[match[3]], 10 ** len(decimals))
    if remainder:
        raise InvalidValue(f"{_shown(value)} is not a whole number of {'milliseconds' if 'ms' in units else 'bytes'}")
    if exact > _LARGEST:
        raise InvalidValue(f"{_shown(value)} is more than the {_LARGEST} that a broker can hold")
    return str(exact)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:60]}…`"
