"""A page for each topic whose drift changed, with its history: the asset ``topic_drift_history``.

Topics are rows of tables; only those that drift get a partition of this asset, and so many in a run that a run stays
short whatever happens to the broker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from omni_assets.contracts.text import count, visible
from omni_assets.contracts.values import readable
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import EXPLANATIONS, Reason
from omni_assets.operations.apply import Carried
from omni_assets.operations.context import Context
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.observe import DriftReport
from omni_assets.operations.recording import Turn
from omni_assets.pipeline.topics.changes import steps_done
from omni_assets.pipeline.topics.checks import drift_name
from omni_assets.pipeline.topics.keys import GROUP, PLATFORM, TOPIC_DRIFT, TOPIC_DRIFT_HISTORY
from omni_assets.pipeline.topics.metadata import Column, Metadata, preview
from omni_assets.pipeline.topics.spelling import spelt
from omni_assets.projection.rows import HistoryRow
from omni_assets.projection.store import Projection

MOST_PAGES = 50
"""Most pages that one run writes: each is an event in Dagster's log, of which it takes some hundred in a second."""

MOST_TOPICS = 5_000
"""Most topics that have a page at all; names that a program makes up anew each time must not fill the list."""

MOST_EPISODES = 25
"""Most drifts of a topic that its page lists, newest first."""

OBSERVED_AT = "observed_at"
"""The name of the metadata of ``topic_drift`` that says when its observation was."""

PAGES = dg.DynamicPartitionsDefinition(name="topics_that_drifted")

_ROUNDING = timedelta(milliseconds=1)  # of a time in Dagster's metadata


def history_asset() -> dg.AssetSpec:
    """The asset whose partitions are the pages. Runs write them; it is not materialized by itself."""
    return dg.AssetSpec(
        TOPIC_DRIFT_HISTORY,
        deps=[TOPIC_DRIFT],
        group_name=GROUP,
        owners=[PLATFORM],
        kinds={"duckdb"},
        partitions_def=PAGES,
        description="A page, under *Partitions*, for each topic whose drift opened, changed or was resolved: what "
        "changed, why it matters, since when, and every drift that the topic had before. The job `reconcile` writes "
        f"it, {MOST_PAGES} topics in a run at most; `omni explain TOPIC` and `omni sql` know all of them.",
    )


@dataclass(frozen=True, slots=True)
class Turned:
    """The topics that have news since ``since``: those that get a page, and the number of all that should."""

    cluster: str
    since: datetime
    pages: tuple[str, ...]
    topics: int

    @property
    def metadata(self) -> Metadata:
        """How many topics have news, and, where some get no page, that it is so."""
        entries: Metadata = {"topics_with_news": dg.MetadataValue.int(self.topics)}
        if self.topics > len(self.pages):
            entries["pages_shown"] = dg.MetadataValue.text(
                f"{len(self.pages):,} of {self.topics:,} topics with news got a page; see the table drift_history"
            )
        return entries


def turned(where: Context, report: DriftReport, carried: Sequence[Carried], instance: dg.DagsterInstance) -> Turned:
    """The topics with news since drift was materialized last, whoever observed them meanwhile; those that a step just
    changed come first. Raises ``StateError``."""
    cluster = cluster_of(report.snapshot)
    since = _last_time(instance) or report.snapshot.observed_at - timedelta(microseconds=1)
    changed = (each.topic for each in report.news)
    names = _once((*(each.step.topic for each in carried), *changed, *Projection(where.home).turned(cluster, since)))
    known = frozenset(instance.get_dynamic_partitions(PAGES.name or ""))
    room = MOST_TOPICS - len(known)
    pages: list[str] = []
    for name in names:
        new = spelt(name) not in known
        if len(pages) < MOST_PAGES and (room > 0 or not new):
            pages.append(name)
            room -= new
    return Turned(cluster, since, tuple(pages), len(names))


def pages(
    where: Context, report: DriftReport, carried: Sequence[Carried], of: Turned, instance: dg.DagsterInstance
) -> Iterator[dg.AssetMaterialization]:
    """A page for each topic that has one coming. Raises ``StateError``."""
    if not of.pages:
        return
    instance.add_dynamic_partitions(PAGES.name or "", [spelt(name) for name in of.pages])
    told = Projection(where.home).histories(of.cluster, of.pages, MOST_EPISODES)
    changed = {each[:3] for each in report.news if each.turn is Turn.CHANGED}
    details = {(each.drift.topic, each.drift.kind.value, each.drift.field): each.drift.detail for each in report.rows}
    for name in of.pages:
        news = [_News(row, turn) for row in told.get(name, ()) if (turn := _turn(row, of.since, changed))]
        done = [each for each in carried if each.step.topic == name]
        yield _page(name, told.get(name, ()), news, done, details)


@dataclass(frozen=True, slots=True)
class _News:
    """A drift that turned, and how."""

    row: HistoryRow
    turn: str

    @property
    def drift(self) -> str:
        return _named(self.row)


def _page(
    name: str,
    history: Sequence[HistoryRow],
    news: Sequence[_News],
    done: Sequence[Carried],
    details: Mapping[tuple[str, str, str], str],
) -> dg.AssetMaterialization:
    open_rows = [row for row in history if row.resolved is None]
    told = news or [_News(row, "open") for row in open_rows]
    said = [f"{each.turn}: {each.drift}" for each in told]
    if done:
        said.append(f"{count(len(done), 'step')} carried out")
    entries: Metadata = {
        "topic": dg.MetadataValue.text(visible(name)),
        "what_changed": dg.MetadataValue.text(visible("; ".join(said))),
        "verdict": dg.MetadataValue.text(", ".join(_once(each.row.verdict.replace("_", " ") for each in told))),
        "reason": dg.MetadataValue.text("; ".join(_once(_explained(each.row) for each in told))),
        "open": dg.MetadataValue.int(len(open_rows)),
        **preview("changes", _CHANGES, (_change(each, details) for each in news)),
        **(steps_done(done) if done else {}),
        **preview("history", _HISTORY, map(_episode, history)),
        "drift": dg.MetadataValue.asset(TOPIC_DRIFT),
    }
    if told:
        entries["since"] = dg.MetadataValue.timestamp(min(each.row.first_seen for each in told))
    return dg.AssetMaterialization(
        TOPIC_DRIFT_HISTORY,
        description=visible(f"{name}: {'; '.join(said)}"),
        partition=spelt(name),
        metadata=entries,
    )


def _turn(row: HistoryRow, since: datetime, changed: AbstractSet[tuple[str, str, str]]) -> str:
    """What became of a drift since then, in a word or two; empty where nothing did."""
    opened, resolved = row.first_seen > since, row.resolved is not None and row.resolved > since
    if opened and resolved:
        return "opened and resolved"
    if resolved:
        return Turn.RESOLVED.value
    if opened:
        return Turn.OPENED.value
    return Turn.CHANGED.value if row.resolved is None and row.key in changed else ""


def _last_time(instance: dg.DagsterInstance) -> datetime | None:
    """When the drift that was materialized last was observed."""
    event = instance.get_latest_materialization_event(TOPIC_DRIFT)
    materialization = event.asset_materialization if event else None
    found = materialization.metadata.get(OBSERVED_AT) if materialization else None
    if not isinstance(found, dg.TimestampMetadataValue):
        return None
    return datetime.fromtimestamp(found.value, UTC) + _ROUNDING


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


_CHANGES = (
    Column("change"),
    Column("drift"),
    Column("why"),
    Column("verdict"),
    Column("since"),
    Column("declared"),
    Column("observed"),
)
_HISTORY = (
    Column("drift"),
    Column("verdict"),
    Column("first_seen"),
    Column("resolved"),
    Column("declared"),
    Column("observed"),
)


def _change(each: _News, details: Mapping[tuple[str, str, str], str]) -> dict[str, str | None]:
    row = each.row
    detail = "" if row.resolved else details.get((row.topic, row.kind, row.field), "")
    return {
        "change": each.turn,
        **_values(row),
        "why": f"{_explained(row)}; {detail}" if detail else _explained(row),
        "since": row.first_seen.isoformat(" ", "seconds"),
    }


def _episode(row: HistoryRow) -> dict[str, str | None]:
    return {
        **_values(row),
        "first_seen": row.first_seen.isoformat(" ", "seconds"),
        "resolved": row.resolved.isoformat(" ", "seconds") if row.resolved else None,
    }


def _values(row: HistoryRow) -> dict[str, str | None]:
    return {
        "drift": _named(row),
        "declared": readable(row.field, row.declared),
        "observed": readable(row.field, row.observed),
        "verdict": row.verdict.replace("_", " "),
    }


def _named(row: HistoryRow) -> str:
    return drift_name(DriftKind(row.kind), row.field)


def _explained(row: HistoryRow) -> str:
    return EXPLANATIONS[Reason(row.reason)]
