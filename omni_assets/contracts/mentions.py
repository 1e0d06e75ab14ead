"""Topics in a text of a contract: the name that a text is, and the names that it consists of."""

from __future__ import annotations

import re
from typing import NamedTuple

from omni_assets.contracts.letters import latin
from omni_assets.contracts.naming import Grammar, split_placeholders

_BETWEEN_NAMES = re.compile(r"[\s,;]+")
_SPACED_PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_ADDRESS = re.compile(r"kafka(?:\+[a-z]+)?://(?:[^/\s]*/)?(?=.)", re.IGNORECASE)
_OPENING = frozenset("=:|([<{\"'`")
_CLOSING = ")]>}\"'`|!?.:/"


class Mention(NamedTuple):
    """A topic in a text: as ``written``, and its ``name`` in plain letters, without what stands in front of it.

    ``placeholders`` are those in front: ``{env}.``.
    """

    written: str
    name: str
    placeholders: str = ""

    @property
    def disguised(self) -> bool:
        """Whether the name holds letters of another script that look like Latin ones."""
        return self.written != self.name and not self.written.isascii()


class Mentions:
    """Finds topics in texts under one grammar."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._needle = grammar.prefix.lower()

    def sole(self, text: str) -> Mention | None:
        """The topic that ``text`` is, well-formed or not, or ``None``.

        Placeholders (``{env}.``) and a broker's address (``kafka://host:9092/``) may stand in front.
        """
        text = _compact(text)
        address = _ADDRESS.match(text)
        bare = text[address.end() :].partition("?")[0].rstrip("/") if address else text
        placeholders, bare = split_placeholders(bare)
        return self._plain(bare, placeholders)

    def alone(self, text: str) -> list[Mention]:
        """The topics that ``text`` consists of, whatever signs stand around them (``topic=``, ``->``); none where it
        holds other words, since prose may mention topics."""
        found: list[Mention] = []
        for word in _BETWEEN_NAMES.split(_compact(text)):
            mention = self.sole(word) or self._within(word)
            if mention is not None:
                found.append(mention)
            elif any(map(str.isalnum, word)):
                return []
        return found

    def _within(self, word: str) -> Mention | None:
        """The topic that ``word`` ends with, after a sign and without closing ones."""
        read = latin(word)
        start = read.lower().find(self._needle, 1) if self._needle else -1
        if start < 0 or not (read[start - 1] in _OPENING or read[:start].endswith("://")):
            return None
        name = read[start:].rstrip(_CLOSING)
        if not self._grammar.resembles(name):
            return None
        return Mention(name if word.isascii() else word, name)

    def _plain(self, written: str, placeholders: str) -> Mention | None:
        name = written if written.isascii() else latin(written)
        if self._grammar.resembles(name):
            return Mention(written, name, placeholders)
        return Mention(written, written, placeholders) if self._grammar.resembles(written) else None


def _compact(text: str) -> str:
    return _SPACED_PLACEHOLDER.sub(r"{{\1}}", text) if "{{" in text else text
