"""Rules by the names that people give them: a code, a name, or a prefix of codes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import takewhile
from operator import eq

from omni_assets.contracts.model import Rule
from omni_assets.contracts.rules import RULES
from omni_assets.contracts.text import visible

_BY_NAME: Mapping[str, Rule] = {
    **{rule.code.lower(): rule for rule in RULES},
    **{rule.name: rule for rule in RULES},
}
_NAMES = tuple(rule.name for rule in RULES)
_FAMILY = "OM"
_CODE = re.compile(r"om\d", re.IGNORECASE)
_PREFIX = re.compile(r"om\d{0,2}")


class UnknownRule(ValueError):
    """A text that names no rule; ``str()`` says so as a sentence, with the names that were perhaps meant."""

    def __init__(self, text: str) -> None:
        close = _close_codes(text) if _CODE.match(text.strip()) else get_close_matches(text.strip().lower(), _NAMES, 2)
        self.near = bool(close)
        hint = f"; did you mean {' or '.join(f'`{each}`' for each in close)}?" if close else "."
        super().__init__(f"there is no rule `{visible(text)}`{hint}")


def rule_named(text: str) -> Rule:
    """The rule of that code or name, in capitals or not. Raises ``UnknownRule``."""
    found = _BY_NAME.get(text.strip().lower())
    if found is None:
        raise UnknownRule(text)
    return found


def rules_named(text: str) -> tuple[Rule, ...]:
    """The rules that ``text`` names: one by code or name, all of a prefix such as ``OM2``. Raises ``UnknownRule``."""
    wanted = text.strip().lower()
    found = tuple(rule for rule in RULES if rule.code.lower().startswith(wanted)) if _PREFIX.fullmatch(wanted) else ()
    return found or (rule_named(text),)


def codes_named(texts: Iterable[str]) -> frozenset[str]:
    """The codes of the rules that any of ``texts`` names. Raises ``UnknownRule``."""
    return frozenset(rule.code for text in texts for rule in rules_named(text))


def _close_codes(text: str) -> list[str]:
    """Codes that begin as ``text`` does, at least with its family."""
    asked = text.strip().upper()
    shared = {rule.code: len(list(takewhile(bool, map(eq, asked, rule.code)))) for rule in RULES}
    longest = max(shared.values())
    return [code for code, length in shared.items() if length == longest][:2] if longest > len(_FAMILY) else []
