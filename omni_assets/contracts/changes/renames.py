"""Which vanished name is which new one: by what they are called, and by where they stand. Pure.

Two names are one topic renamed when they are nearly the same, or when one stands where the other stood: in the same
form of the same node, after the same neighbour. Swapping the two sides gives the same pairs the other way round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from omni_assets.contracts.model import Contract, Declaration, Role
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.wiring.near_miss import Near, NearNames, Reason

_CANDIDATES = 8


class _Evidence(IntEnum):
    """Why two names are taken for one topic, the strongest first."""

    NEAR_AND_IN_PLACE = 0
    NEAR = 1
    PUBLISHED_IN_PLACE = 2
    SUBSCRIBED_IN_PLACE = 3


@dataclass(frozen=True, slots=True)
class Rename:
    """One topic under two names. ``why`` says, as a clause, what makes it one."""

    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """A form of a node: the names in it stand in an order."""

    node: str
    role: Role
    form: str


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a name stands after the nearest one that both sides have in the same slot."""

    neighbour: str
    distance: int


def renames(
    vanished: Collection[str],
    appeared: Collection[str],
    before: Iterable[Contract],
    after: Iterable[Contract],
    grammar: Grammar,
) -> tuple[Rename, ...]:
    """Pairs of a vanished name and one that appeared: the best first, and no name in two of them."""
    near = _near(vanished, appeared, grammar)
    in_place = _in_place(vanished, appeared, before, after)

    def strength(pair: _Pair) -> tuple[int, int, list[str]]:
        rank = near[pair].reason.rank if pair in near else 0
        return _evidence(pair, near, in_place), rank, sorted(pair)

    taken: set[str] = set()
    found: list[Rename] = []
    for old, new in sorted(near.keys() | in_place.keys(), key=strength):
        if old not in taken and new not in taken:
            taken |= {old, new}
            found.append(Rename(old, new, _why(old, new, near, in_place)))
    return tuple(found)


_Pair = tuple[str, str]


def _near(vanished: Collection[str], appeared: Collection[str], grammar: Grammar) -> Mapping[_Pair, Near]:
    """Asked both ways, since what is nearest to one name need not be so to the other. Another kind is another topic."""
    if not vanished or not appeared:
        return {}
    found: dict[_Pair, Near] = {}
    among_new, among_old = NearNames(sorted(appeared), grammar), NearNames(sorted(vanished), grammar)
    asked = [((old, near.name), near) for old in vanished for near in among_new.of(old, _CANDIDATES)]
    asked += [((near.name, new), Near(new, near.reason)) for new in appeared for near in among_old.of(new, _CANDIDATES)]
    for pair, near in asked:
        known = found.get(pair)
        if near.reason is Reason.KIND:
            continue
        if known is None or near.reason.rank < known.reason.rank:
            found[pair] = near
    return found


def _in_place(
    vanished: Collection[str], appeared: Collection[str], before: Iterable[Contract], after: Iterable[Contract]
) -> Mapping[_Pair, _Slot]:
    if not vanished or not appeared:
        return {}
    old_slots, new_slots = _slots(before), _slots(after)
    found: dict[_Pair, _Slot] = {}
    for slot in sorted(old_slots.keys() & new_slots.keys(), key=lambda each: (each.role, each.node, each.form)):
        kept = frozenset(old_slots[slot]) & frozenset(new_slots[slot])
        there = dict(_places(new_slots[slot], kept))
        for place, old in _places(old_slots[slot], kept):
            new = there.get(place)
            if new is not None and old in vanished and new in appeared:
                found.setdefault((old, new), slot)
    return found


def _slots(contracts: Iterable[Contract]) -> Mapping[_Slot, list[str]]:
    """The names in each slot, in their order; one that is repeated counts where it stands first."""
    slots: defaultdict[_Slot, list[str]] = defaultdict(list)
    for contract in contracts:
        for each in sorted((*contract.declarations, *contract.misnamed), key=_position):
            slots[_Slot(each.node, each.role, each.form)].append(each.topic)
    return {slot: list(dict.fromkeys(names)) for slot, names in slots.items()}


def _position(declaration: Declaration) -> tuple[int, int]:
    return declaration.location.line, declaration.location.column


def _places(names: Iterable[str], kept: Collection[str]) -> Iterator[tuple[_Place, str]]:
    neighbour, distance = "", 0
    for name in names:
        if name in kept:
            neighbour, distance = name, 0
        else:
            distance += 1
            yield _Place(neighbour, distance), name


def _evidence(pair: _Pair, near: Mapping[_Pair, Near], in_place: Mapping[_Pair, _Slot]) -> _Evidence:
    if pair in near:
        return _Evidence.NEAR_AND_IN_PLACE if pair in in_place else _Evidence.NEAR
    published = in_place[pair].role is Role.PUBLISHES
    return _Evidence.PUBLISHED_IN_PLACE if published else _Evidence.SUBSCRIBED_IN_PLACE


def _why(old: str, new: str, near: Mapping[_Pair, Near], in_place: Mapping[_Pair, _Slot]) -> str:
    found = near.get((old, new))
    if found is not None:
        return found.difference(old)
    return f"it stands where the other stood in `{in_place[old, new].node}`"
