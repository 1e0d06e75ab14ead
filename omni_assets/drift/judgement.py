"""Which differences are safe to correct: pure tables over the change that a correction would make.

The direction of a change is from what the broker has to what the contract declares. Sizes and durations are ordered,
with ``-1`` as unlimited.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from omni_assets.drift.verdict import Reason, Verdict


class Judgement(NamedTuple):
    """A verdict and why."""

    verdict: Verdict
    reason: Reason


class KeyPolicy(NamedTuple):
    """The judgement where a correction would raise the value, and where it would lower it."""

    raises: Judgement
    lowers: Judgement


_ASK = Judgement(Verdict.NEEDS_APPROVAL, Reason.EFFECT_UNREVIEWED)
_KEEPS = KeyPolicy(
    Judgement(Verdict.AUTO_FIXABLE, Reason.KEEPS_MORE), Judgement(Verdict.NEEDS_APPROVAL, Reason.KEEPS_LESS)
)
_ACCEPTS = KeyPolicy(
    Judgement(Verdict.AUTO_FIXABLE, Reason.ACCEPTS_MORE), Judgement(Verdict.NEEDS_APPROVAL, Reason.ACCEPTS_LESS)
)

_ORDERED: dict[str, KeyPolicy] = {
    "retention.ms": _KEEPS,
    "retention.bytes": _KEEPS,
    "delete.retention.ms": _KEEPS,
    "max.message.bytes": _ACCEPTS,
}
_FIXED: dict[str, Judgement] = {
    "cleanup.policy": Judgement(Verdict.NEEDS_APPROVAL, Reason.CLEANUP_POLICY_CHANGES),
}
_AMBIGUOUS_AT_ZERO = frozenset({"retention.ms", "retention.bytes"})


def judge_config(key: str, declared: str, observed: str) -> Judgement:
    """The judgement over a config value that differs. Both values are normalised text."""
    if key in _AMBIGUOUS_AT_ZERO and "0" in (declared, observed):
        return Judgement(Verdict.NEEDS_APPROVAL, Reason.ZERO_IS_AMBIGUOUS)
    if key in _FIXED:
        return _FIXED[key]
    wanted, present = magnitude(declared), magnitude(observed)
    if key not in _ORDERED or wanted is None or present is None:
        return _ASK
    return _ORDERED[key].raises if wanted > present else _ORDERED[key].lowers


def judge_partitions(declared: int, observed: int, keyed: bool | None) -> Judgement:
    """The judgement over a partition count that is ``observed`` where another is ``declared``. Records count as keyed
    unless a contract says otherwise.
    """
    if declared < observed:
        return Judgement(Verdict.UNFIXABLE, Reason.PARTITIONS_CANNOT_SHRINK)
    if keyed is False:
        return Judgement(Verdict.AUTO_FIXABLE, Reason.UNKEYED_PARTITIONS_GROW)
    return Judgement(Verdict.NEEDS_APPROVAL, Reason.KEYED_ORDER_CHANGES)


def judge_replication(declared: int, brokers: int, by_config: bool | None = None) -> Judgement:
    """The judgement over a replication factor that differs from the ``declared`` one, on a cluster of ``brokers``
    brokers.

    ``by_config`` is whether the broker takes the replication factor as a config of the topic, as Redpanda does, odd
    numbers alone; ``None`` where that is not known.
    """
    if declared > brokers:
        return Judgement(Verdict.UNFIXABLE, Reason.TOO_FEW_BROKERS)
    if by_config is False:
        return Judgement(Verdict.UNFIXABLE, Reason.REPLICATION_BY_REASSIGNMENT)
    if by_config and declared % 2 == 0:
        return Judgement(Verdict.UNFIXABLE, Reason.REPLICATION_MUST_BE_ODD)
    return Judgement(Verdict.NEEDS_APPROVAL, Reason.REPLICATION_MOVES_DATA)


def magnitude(value: str) -> float | None:
    """A size in bytes or a duration in milliseconds as a number, ``-1`` being unlimited; ``None`` where the text is
    neither.
    """
    if value == "-1":
        return math.inf
    return int(value) if value.isascii() and value.isdigit() else None
