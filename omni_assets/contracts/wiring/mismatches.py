"""Near misses that explain something: two names of which one waits for what the other has.

Names that are merely close stay silent. What has to hold beside a likeness depends on how the names differ: a separator
is evidence enough, another version is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.wiring.graph import Ends, Wiring
from omni_assets.contracts.wiring.near_miss import Near, NearNames, Reason

_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class Mismatch:
    """``wrong`` is the side that looks mistaken, ``meant`` the other, and ``near`` says how they differ.

    ``others`` are further names that ``wrong`` might stand for, best first.
    """

    wrong: Ends
    meant: Ends
    near: Near
    others: tuple[str, ...] = ()


def mismatches(wiring: Wiring, grammar: Grammar, about: Iterable[str] | None = None) -> tuple[Mismatch, ...]:
    """One mismatch for each mistaken name, in order; with ``about`` only what these names explain."""
    search = _Search(wiring, grammar)
    return search.found(search.suspects() if about is None else about)


class _Search:
    """One search over one wiring."""

    def __init__(self, wiring: Wiring, grammar: Grammar) -> None:
        self._ends: Mapping[str, Ends] = {**wiring.topics, **wiring.misnamed}
        self._misnamed = wiring.misnamed
        self._names = NearNames(self._ends, grammar)
        self._dead_letters = frozenset(kind for kind in grammar.kinds if grammar.is_dead_letter(kind))

    def found(self, asked: Iterable[str]) -> tuple[Mismatch, ...]:
        explained = {name: tuple(self._explained(name)) for name in asked}
        pairs = {frozenset((name, near[0].name)): near[0] for name, near in explained.items() if near}
        strongest: dict[str, Mismatch] = {}
        for pair, near in pairs.items():
            mismatch = self._mismatch(pair, near, explained)
            known = strongest.setdefault(mismatch.wrong.name, mismatch)
            if mismatch.near.reason.rank < known.near.reason.rank:
                strongest[mismatch.wrong.name] = mismatch
        return tuple(strongest[name] for name in sorted(strongest))

    def suspects(self) -> Iterator[str]:
        """Names that may be half of a pair: those with one end, those that are no names, those that look alike."""
        yield from (name for name, each in self._ends.items() if each.dangling or name in self._misnamed)
        yield from (name for group in self._names.alike() for name in group)

    def _explained(self, name: str) -> Iterator[Near]:
        for near in self._names.of(name, _CANDIDATES):
            if near.reason is Reason.KIND and self._dead_letters & self._names.kinds(name, near.name):
                continue
            if _EVIDENCE[near.reason](self._ends[name], self._ends[near.name]):
                yield near

    def _mismatch(self, pair: frozenset[str], near: Near, explained: Mapping[str, tuple[Near, ...]]) -> Mismatch:
        meant, wrong = sorted(pair, key=lambda name: self._suspicion(self._ends[name]))
        others = tuple(each.name for each in explained.get(wrong, ()) if each.name != meant)
        return Mismatch(self._ends[wrong], self._ends[meant], Near(meant, near.reason), others)

    def _suspicion(self, ends: Ends) -> tuple[object, ...]:
        """How much speaks for a name being the mistaken one of two."""
        return (
            ends.name in self._misnamed,
            ends.dangling,
            -self._names.rarity(ends.name),
            -len(ends.publishers) - len(ends.subscribers),
            ends.starving,
            ends.name,
        )


def _always(_one: Ends, _other: Ends) -> bool:
    return True


def _opposite(one: Ends, other: Ends) -> bool:
    """One waits, and the other is unread."""
    return (one.starving and other.unread) or (one.unread and other.starving)


def _answered(one: Ends, other: Ends) -> bool:
    """The other has what the one lacks."""
    return (one.starving and other.published) or (one.unread and other.subscribed)


def _waits(one: Ends, other: Ends) -> bool:
    """The one waits for what the other is published as; an unread topic beside one that is read is no evidence."""
    return _opposite(one, other) or (one.starving and other.published)


_EVIDENCE: Mapping[Reason, Callable[[Ends, Ends], bool]] = {
    Reason.SEPARATOR: _always,
    Reason.INFLECTION: _answered,
    Reason.LETTER: _answered,
    Reason.ORDER: _answered,
    Reason.OUTCOME: _waits,
    Reason.VERSION: _waits,
    Reason.SEGMENTS: _waits,
    Reason.PRODUCER: _waits,
    Reason.LETTERS: _waits,
    Reason.KIND: _opposite,
}
