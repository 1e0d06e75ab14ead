"""A topic name as a reader takes it in: its words, what they stem from, and the fields that they belong to.

Names that break the grammar are read too, as well as they can be: that is what near misses are looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from omni_assets.contracts.naming import Grammar, fold

Words = tuple[str, ...]

_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_FIELD = re.compile(r"\{(kind|producer|event|version)\}")
_PRESENT = {
    "began": "begin", "begun": "begin", "bought": "buy", "broken": "break", "built": "build", "chosen": "choose",
    "completion": "complete", "failure": "fail", "found": "find", "given": "give", "held": "hold", "kept": "keep",
    "lost": "lose", "made": "make", "paid": "pay", "ran": "run", "sent": "send", "sold": "sell", "spent": "spend",
    "taken": "take", "written": "write",
}  # fmt: skip
"""Verbs of which no ending tells the tense, and the nouns of two. Other nouns are other words: `delegation-failed` and
`delegate-failed` stand side by side in real contracts."""

_SHORTEST_STEM = 2


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name and its words, also as stems. The fields, as stems, are empty where they cannot be told."""

    name: str
    folded: str
    words: Words
    stems: Words
    outcomes: Words
    kind: str = ""
    producer: Words = ()
    event: Words = ()
    version: str = ""

    @property
    def whole(self) -> bool:
        """Whether every field could be told."""
        return bool(self.kind and self.producer and self.event and self.version)


class Speller:
    """Reads names under one grammar. Each name is analysed once."""

    def __init__(self, grammar: Grammar) -> None:
        self._fields = re.compile(_loose(grammar.template), re.IGNORECASE)

    def spell(self, name: str) -> Spelling:
        """The spelling of any text."""
        words = split(name)
        read = (name, fold(name), words, tuple(map(stem, words)), tuple(map(outcome, words)))
        match = self._fields.fullmatch(name)
        if match is None:
            return Spelling(*read)
        return Spelling(
            *read, match["kind"].lower(), _stems(match["producer"]), _stems(match["event"]), match["version"]
        )


def split(text: str) -> Words:
    """The words of ``text`` in lower case: what stands between separators, or between a small and a capital letter."""
    return tuple(piece.lower() for piece in _BREAK.split(text) if piece)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What is left of ``word`` without plural and tense: ``review`` for ``reviews``, ``reviewed`` and ``reviewing``."""
    if len(word) <= _SHORTEST_STEM or not word.isalpha():
        return word
    bare = _without_plural(word)
    bare = _PRESENT.get(bare) or _without_tense(bare)
    doubled = bare[-2:] == bare[-1:] * 2  # planned, plan
    return bare[:-1] if (doubled or bare.endswith("e")) and len(bare) > _SHORTEST_STEM else bare


@lru_cache(maxsize=65536)
def outcome(word: str) -> str:
    """The stem of ``word``; one for all words that say that something is done: ``complete``, ``result``, ``done``."""
    bare = stem(word)
    return _OUTCOMES.get(bare, bare)


@lru_cache(maxsize=65536)
def _stems(text: str) -> Words:
    return tuple(map(stem, split(text)))


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_tense(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= _SHORTEST_STEM and any(vowel in bare for vowel in "aeiouy"):
            return bare
    return word


def _loose(template: str) -> str:
    """The template as a pattern that takes names with faults: any segments, the event greedy."""
    parts = _FIELD.split(template)
    pattern = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        stop = re.escape(literal[0]) if literal else ""
        rule = r"\d+" if name == "version" else ".+" if name == "event" or not stop else f"[^{stop}]+"
        pattern += f"(?P<{name}>{rule})" + re.escape(literal)
    return pattern


_OUTCOMES = dict.fromkeys(map(stem, ("result", "done", "finish")), stem("complete"))
