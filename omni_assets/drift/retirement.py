"""Where the retirement of a topic stands, as a row beside all other drift. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.drift.diff import Drift, in_order
from omni_assets.drift.ending import Stage
from omni_assets.drift.judgement import Judgement
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Reason, Verdict

_OVER = frozenset({Stage.ENDED, Stage.CANCELLED})
_UNDER_WAY = Judgement(Verdict.NEEDS_APPROVAL, Reason.RETIREMENT_UNDER_WAY)


class Retirement(NamedTuple):
    """A topic that ends. ``renamed_to`` is the topic that takes its place, empty where none does; ``step`` is what is
    to be done next, as words, and ``since`` when it became so."""

    topic: str
    renamed_to: str
    step: str
    since: datetime


def retiring(manifest: Manifest, snapshot: BrokerSnapshot, retirements: Iterable[Retirement]) -> tuple[Drift, ...]:
    """A row for each topic that is being retired and still is on the broker."""
    return in_order(_rows(manifest, snapshot, retirements))


def _rows(manifest: Manifest, snapshot: BrokerSnapshot, retirements: Iterable[Retirement]) -> Iterator[Drift]:
    for each in retirements:
        if each.topic not in snapshot.topics or each.step in _OVER:
            continue
        declared = manifest.topics.get(each.topic)
        owner = None if declared is None else declared.owner
        yield Drift(
            each.topic,
            DriftKind.RETIRING,
            "",
            f"renamed to {each.renamed_to}" if each.renamed_to else "ended",
            each.step,
            *_UNDER_WAY,
            owner=None if owner is None else owner.node,
            location=None if owner is None else owner.location,
        )
