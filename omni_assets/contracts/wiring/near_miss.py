"""Names that are nearly the same, ranked, with the reason.

Known names are indexed by what would be equal if one class of mistake had not been made: the name without separators,
its stems, its stems in any order, its fields without the version, the producer or the kind. Letters are compared word
by word: the words that are one or two letters away come from the deletion neighbourhoods of the vocabulary (the idea of
SymSpell), and the name that would hold such a word is looked up. So a question takes a few look-ups, and names that
share no key are never compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain, combinations, filterfalse, starmap
from typing import TypeAlias, TypeVar

from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.wiring.spelling import Speller, Spelling, Words, split


class Reason(StrEnum):
    """How two names differ, the strongest first."""

    SEPARATOR = "separator"
    INFLECTION = "plural or tense"
    LETTER = "one letter"
    ORDER = "word order"
    OUTCOME = "two words for one outcome"
    VERSION = "version"
    SEGMENTS = "segments swapped"
    PRODUCER = "producer"
    LETTERS = "two letters"
    KIND = "kind"

    @property
    def rank(self) -> int:
        """Its position among the reasons: 0 for the strongest."""
        return _RANKS[self]


_RANKS = {reason: rank for rank, reason in enumerate(Reason)}

_Key: TypeAlias = "tuple[_Shared, Hashable]"
_Row = TypeVar("_Row", str, Words)

WIDEST = 8
"""Most names that may share a key which leaves a field out. An event that more producers than that have is a pattern
(every node has a ``heartbeat``), and no evidence of a mistake."""

CROWDED = 64
"""Most names, or words, of one neighbourhood that are compared. Where more share a key they were made by counting, and
all pairs of them would take time and memory without bound."""

RARE = 3
"""In how many names a word may stand and still be a slip of another: one node's topics share their words."""

_DIFFERENCES = {
    Reason.ORDER: "they have the same words in another order",
    Reason.SEGMENTS: "they have the same words in other segments",
}
_SHORTEST_FOR_ANOTHER = 4
_SHORTEST_FOR_TWO = 6
_LONGEST_FOR_TWO = 16
_COMMON_START = 3


@dataclass(frozen=True, slots=True)
class Near:
    """A known name that is nearly the one that was asked for."""

    name: str
    reason: Reason

    def difference(self, other: str) -> str:
        """How the name and ``other`` differ, as a clause about both, the other's words first."""
        if self.reason is Reason.SEPARATOR:
            return _separators(other, self.name)
        said = _DIFFERENCES.get(self.reason)
        if said is not None:
            return said
        one, two = map(" ".join, _unshared(split(other), split(self.name)))
        return f"they differ in `{one}` and `{two}` ({self.reason.value})"


class NearNames:
    """An index over known names. Building it takes time linear in them, a question only a few look-ups."""

    def __init__(self, names: Iterable[str], grammar: Grammar | None = None) -> None:
        self._speller = Speller(grammar or Grammar())
        self._spellings = {name: self._speller.spell(name) for name in names}
        self._sharing: dict[_Key, list[str]] = defaultdict(list)
        self._by_words: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._uses: Counter[str] = Counter()
        for name, spelling in self._spellings.items():
            self._by_words[spelling.words].append(name)
            self._uses.update(set(spelling.words))
            for key in _keys(spelling):
                self._sharing[key].append(name)
        self._vocabulary = _Vocabulary(self._uses)

    def of(self, name: str, limit: int = 3) -> tuple[Near, ...]:
        """Known names that are nearly ``name``, best first, at most ``limit``; never ``name`` itself.

        ``name`` need not be known, nor follow the grammar.
        """
        spelling = self._spelling(name)
        return tuple(sorted(self._near(spelling), key=lambda near: self._order(spelling, near)))[:limit]

    def alike(self) -> Iterator[tuple[str, ...]]:
        """Known names that differ in nothing but separators and case, together."""
        yield from (
            tuple(names) for (key, _), names in self._sharing.items() if key == _Shared.FOLDED and len(names) > 1
        )

    def rarity(self, name: str) -> int:
        """In how many known names the rarest word of ``name`` stands."""
        return min((self._uses[word] for word in self._spelling(name).words), default=0)

    def kinds(self, *names: str) -> frozenset[str]:
        """The kinds of the names, as far as they can be told."""
        return frozenset(self._spelling(name).kind for name in names) - {""}

    def _spelling(self, name: str) -> Spelling:
        return self._spellings.get(name) or self._speller.spell(name)

    def _near(self, spelling: Spelling) -> Iterator[Near]:
        """Each other name once, by the strongest of the reasons that there are."""
        reasons: dict[str, Reason] = {}
        for name, reason in chain(self._sharing_a_key(spelling), self._misspelt(spelling)):
            if name not in reasons or reason.rank < reasons[name].rank:
                reasons[name] = reason
        reasons.pop(spelling.name, None)
        return starmap(Near, reasons.items())

    def _sharing_a_key(self, spelling: Spelling) -> Iterator[tuple[str, Reason]]:
        for key in _keys(spelling):
            names = self._sharing.get(key, ())
            if len(names) <= _WIDEST.get(key[0], WIDEST):
                for name in names[:CROWDED]:
                    yield name, _reason(key[0], spelling, self._spellings[name])

    def _misspelt(self, spelling: Spelling) -> Iterator[tuple[str, Reason]]:
        words = spelling.words
        for position, word in enumerate(words):
            for meant, letters in self._vocabulary.near(word):
                if min(self._uses[word], self._uses[meant]) > RARE:
                    continue
                alike = self._by_words.get((*words[:position], meant, *words[position + 1 :]), ())
                yield from ((name, letters) for name in alike[:CROWDED])

    def _order(self, spelling: Spelling, near: Near) -> tuple[object, ...]:
        other = self._spellings[near.name]
        differs = (other.kind != spelling.kind, other.producer != spelling.producer, other.version != spelling.version)
        return (near.reason.rank, *differs, near.name)


class _Shared(StrEnum):
    """What names share that differ by one class of mistake."""

    FOLDED = "all letters, in order"
    STEMS = "the stems of all words"
    ANY_ORDER = "the stems in any order"
    NO_VERSION = "all but the version"
    NO_PRODUCER = "all but the producer"
    NO_KIND = "all but the kind"


_EVERY_NAME = float("inf")
_WIDEST = {_Shared.FOLDED: _EVERY_NAME, _Shared.STEMS: _EVERY_NAME, _Shared.ANY_ORDER: _EVERY_NAME}
_SINGLE_REASONS = {
    _Shared.FOLDED: Reason.SEPARATOR,
    _Shared.NO_VERSION: Reason.VERSION,
    _Shared.NO_PRODUCER: Reason.PRODUCER,
    _Shared.NO_KIND: Reason.KIND,
}


def _keys(each: Spelling) -> Iterator[_Key]:
    """What a name may share with another, the strongest first."""
    yield _Shared.FOLDED, each.folded
    yield _Shared.STEMS, each.outcomes
    yield _Shared.ANY_ORDER, tuple(sorted(each.stems))
    if each.whole:
        yield _Shared.NO_VERSION, (each.kind, each.producer, each.event)
        yield _Shared.NO_PRODUCER, (each.kind, each.event, each.version)
        yield _Shared.NO_KIND, tuple([word for word in each.words if word != each.kind])


def _reason(shared: _Shared, one: Spelling, other: Spelling) -> Reason:
    if shared is _Shared.STEMS:
        return Reason.INFLECTION if one.stems == other.stems else Reason.OUTCOME
    if shared is _Shared.ANY_ORDER:
        return Reason.ORDER if sorted(one.event) == sorted(other.event) else Reason.SEGMENTS
    return _SINGLE_REASONS[shared]


class _Vocabulary:
    """Words by their deletion neighbourhoods, made when first asked."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = words
        self._known: dict[str, tuple[tuple[str, Reason], ...]] = {}

    @cached_property
    def _neighbourhoods(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for word in filterfalse(str.isdigit, self._words):
            for variant in _deletions(word):
                found[variant].append(word)
        return {variant: words for variant, words in found.items() if len(words) <= CROWDED}

    @cached_property
    def _candidates(self) -> Mapping[str, set[str]]:
        """For each word of the vocabulary those that share a neighbourhood with it."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for words in self._neighbourhoods.values():
            if len(words) > 1:
                for word in words:
                    found[word].update(words)
        return found

    def near(self, word: str) -> tuple[tuple[str, Reason], ...]:
        """Words of which ``word`` may be a slip, or that may be a slip of it."""
        known = self._known.get(word)
        if known is None:
            candidates = self._candidates.get(word, ()) if word in self._words else self._sharing(word)
            slips = ((each, _slip(word, each)) for each in sorted(candidates) if each != word)
            known = self._known[word] = tuple([(each, reason) for each, reason in slips if reason is not None])
        return known

    def _sharing(self, word: str) -> set[str]:
        return {each for variant in _deletions(word) for each in self._neighbourhoods.get(variant, ())}


def _deletions(word: str) -> set[str]:
    """``word``, and what is left of it without one letter; without two behind its start where it may hold two slips.

    Digits stay, since words with other digits are never slips of each other.
    """
    letters = [place for place, sign in enumerate(word) if not sign.isdigit()]
    found = {word}
    found.update(word[:first] + word[first + 1 :] for first in letters)
    if len(word) + 2 >= _SHORTEST_FOR_TWO and len(word) <= _LONGEST_FOR_TWO:
        behind = [place for place in letters if place >= _COMMON_START]
        for first, second in combinations(behind, 2):
            found.add(word[:first] + word[first + 1 : second] + word[second + 1 :])
    return found


def _slip(one: str, other: str) -> Reason | None:
    """Whether one word may be a slip of the other. Numbers never are: ``step-1`` and ``step-2`` are two things."""
    if _digits(one) != _digits(other):
        return None
    shorter = min(len(one), len(other))
    letters = _distance(one, other)
    if letters == 1 and (len(one) != len(other) or sorted(one) == sorted(other) or shorter >= _SHORTEST_FOR_ANOTHER):
        return Reason.LETTER
    if letters == 2 and shorter >= _SHORTEST_FOR_TWO and one[:_COMMON_START] == other[:_COMMON_START]:
        return Reason.LETTERS
    return None


def _digits(word: str) -> str:
    return "" if word.isalpha() else "".join(filter(str.isdigit, word))


def _distance(one: str, other: str) -> int:
    """Letters to leave out, put in, replace or swap with the next (optimal string alignment distance).

    What both begin and end with alike costs nothing, and is left out.
    """
    one, other = _unshared(one, other)
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _separators(one: str, other: str) -> str:
    """``they differ in `_` and `-``` where one sign stands for another throughout."""
    if one.lower() == other.lower():
        return "they differ in capitals"
    pairs = {(a, b) for a, b in zip(one.lower(), other.lower(), strict=False) if a != b}
    if len(one) == len(other) and len(pairs) == 1:
        a, b = pairs.pop()
        return f"they differ in `{a}` and `{b}`"
    return "they differ in their separators"


def _unshared(one: _Row, other: _Row) -> tuple[_Row, _Row]:
    """What is left of two texts, or two rows of words, without what they begin and end with alike."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]
