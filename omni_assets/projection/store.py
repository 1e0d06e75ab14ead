"""The projection: what was declared, observed and found to differ, written in one transaction and read back.

Every method takes the lock, opens the file, and lets go of both before it returns. Nothing is held between calls, so
the command line, Dagster's runs and its sensors can share one state folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import duckdb

from omni_assets.projection import events, ledgers, queries, tables
from omni_assets.projection.connection import create, transaction
from omni_assets.projection.copies import Copy, CopyFormat, copies
from omni_assets.projection.episodes import Episodes
from omni_assets.projection.exchange import CHUNK_ROWS, merge, read, replace, write_history
from omni_assets.projection.journal import Journal, Position
from omni_assets.projection.logs import Log, Shorter, position, write_position
from omni_assets.projection.receipts import ReceiptForm, attempt_rows
from omni_assets.projection.retention import (
    Bounds,
    Excess,
    copied,
    forget,
    free_bytes,
    old_receipts,
    old_rows,
    shorter_drift,
    worth_folding,
)
from omni_assets.projection.rows import (
    AlertRow,
    AuditRow,
    Books,
    CallsRow,
    CapabilitiesRow,
    Declared,
    Drift,
    DriftRow,
    EarlierFlows,
    EarlierOffset,
    EarlierTopic,
    FlowsRow,
    GroupRow,
    HistoryRow,
    LedgerPositionRow,
    LedgerStretch,
    LinkedTask,
    ObservationRow,
    Observed,
    ObservedTopicRow,
    OffsetRow,
    ProvisionRow,
    PublicationRow,
    Rebuilt,
    ReceiptRow,
    ReceiptSummary,
    Recorded,
    Remembered,
    RepeatRow,
    RescueRow,
    RetirementRow,
    SavingsRow,
    SpentRow,
    Stored,
    SummaryRow,
    TaskRow,
    TaskSummary,
    Told,
    TroubledRow,
    TrustedRow,
    UncostedRow,
)
from omni_assets.projection.state import JOURNAL_FOLDER, PROJECTION_FILE, locked, nothing_projected

_T = TypeVar("_T", bound=tuple[Any, ...])
_R = TypeVar("_R")
_RECEIPTS_AT_A_TIME = 500  # one may hold the texts of its prompt and outputs
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Projection:
    """The projection in a state folder: ``<folder>/projection.duckdb``, made from ``<folder>/journal`` and the world.

    Every method raises ``ProjectionBusy`` after ``timeout`` seconds of waiting, ``ProjectionDamaged``,
    ``ProjectionVersion``, ``JournalDamaged``, or ``StateError`` where the folder cannot be used; none of them loses
    anything.
    """

    def __init__(self, folder: Path, timeout: float = 30.0) -> None:
        self.folder = folder
        self.file = folder / PROJECTION_FILE
        self._timeout = timeout
        journals = folder / JOURNAL_FOLDER
        self._drift = Journal(journals / "drift.jsonl", events.observed_event)
        self._provisioning = Log(journals / "provisioning.jsonl", events.PROVISIONED, tables.PROVISION_LOG)
        self._audit = Log(journals / "audit.jsonl", events.AUDITED, tables.AUDIT)
        self._capabilities = Log(journals / "capabilities.jsonl", events.PROBED, tables.CAPABILITIES)
        self._rescues = Log(journals / "rescues.jsonl", events.RESCUED, tables.RESCUES)
        self._retirements = Log(journals / "retirements.jsonl", events.RETIRED, tables.RETIREMENTS)
        self._trusted = Log(journals / "trusted.jsonl", events.TRUSTED, tables.TRUSTED)
        self._alerts = Log(journals / "alerts.jsonl", events.ALERTED, tables.ALERTS)
        self._receipts = Log(
            journals / "receipts.jsonl",
            ReceiptForm(),
            tables.RECEIPTS,
            {tables.ATTEMPTS: attempt_rows},
            chunk_rows=_RECEIPTS_AT_A_TIME,
        )
        self._publications = Log(journals / "publications.jsonl", events.PUBLISHED, tables.PUBLICATIONS)
        self._logs: tuple[Log[Any], ...] = (
            self._provisioning,
            self._audit,
            self._capabilities,
            self._rescues,
            self._retirements,
            self._trusted,
            self._alerts,
            self._receipts,
            self._publications,
        )

    def declare(self, declared: Declared, at: datetime) -> int:
        """Take over what the contracts declare, without a broker. Gives the number of rows written."""
        with self._writing() as connection:
            return _declare(connection, declared, at)

    def record_snapshot(self, observed: Observed) -> int:
        """Take over what a cluster has. Gives the number of rows written.

        It says nothing of drift, so ``observations``, which tells when drift was looked for, stays as it is.
        """
        with self._writing() as connection:
            return _observe(connection, observed)

    def record_observation(self, declared: Declared, observed: Observed, drift: Iterable[Drift]) -> Recorded:
        """Take over one observation of a cluster, with the manifest that it was compared to and the drift found.

        The drift that comes back includes what could not be confirmed since its topic could not be seen. A drift that
        is given twice is a ``ValueError``, and nothing is written.
        """
        observation = observed.observation
        cluster, at = observation.cluster, observation.observed_at
        with self._writing() as connection:
            written = _declare(connection, declared, at) + _observe(connection, observed)
            compared = ObservationRow(*observation, declared_topics=len(declared.topics))
            written += merge(connection, tables.OBSERVATIONS, tables.upsert, [compared])
            episodes = Episodes(read(connection, HistoryRow, queries.OPEN_HISTORY))
            end, touched = self._replay_drift(connection, episodes)
            found = tuple(drift)
            event = episodes.decide(cluster, at, found)
            end = self._drift.append([events.observed_record(event)], end)
            episodes.apply(event)
            written += _write_episodes(connection, episodes)
            write_position(connection, self._drift, end)
            for other in touched - {cluster}:
                # Its drift is newer than its observation, which was lost on the way.
                connection.execute(queries.FORGET_OBSERVATION, {"cluster": other})
                written += _write_drift(connection, episodes, other)
            written += _write_drift(connection, episodes, cluster, found)
            rows = read(connection, DriftRow, queries.DRIFT, cluster=cluster)
        keys = (tuple(each.key for each in event.opened), tuple(each.key for each in event.changed), event.resolved)
        return Recorded(rows, *keys, written)

    def record_provisioning(self, rows: Iterable[ProvisionRow]) -> None:
        """Add what provisioning did to each topic, or is about to; a row of a known id takes the place of that one.

        They are in the journal before the DuckDB file is opened, so what is wrong with that loses nothing.
        """
        self._record(self._provisioning, rows)

    def record_audit(self, rows: Iterable[AuditRow]) -> None:
        """Add what was decided or done, or is about to be; a row of a known id takes the place of that one."""
        self._record(self._audit, rows)

    def record_capabilities(self, row: CapabilitiesRow) -> None:
        """Remember what a broker honours, in the place of what was known of this cluster and version."""
        self._record(self._capabilities, [row])

    def record_rescue(self, rows: Iterable[RescueRow]) -> None:
        """Remember how far the partitions of an orphan are rescued."""
        self._record(self._rescues, rows)

    def record_retirement(self, rows: Iterable[RetirementRow]) -> None:
        """Remember where the ends of topics stand."""
        self._record(self._retirements, rows)

    def record_trusted(self, row: TrustedRow) -> None:
        """Remember what brakes compare with from now on, in that environment."""
        self._record(self._trusted, [row])

    def record_alerts(self, rows: Iterable[AlertRow]) -> None:
        """Remember what is wrong, and what was said of it; a row takes the place of that of the same key."""
        self._record(self._alerts, rows)

    def record_receipts(self, rows: Iterable[ReceiptRow]) -> None:
        """Add what became of tasks, and their attempts, in one transaction; a receipt that is known stays as it is."""
        self._record(self._receipts, rows)

    def record_publications(self, rows: Iterable[PublicationRow]) -> None:
        """Remember which receipts a ledger has, so that they are not published again."""
        self._record(self._publications, rows)

    def take_over_ledger(self, stretches: Sequence[LedgerStretch]) -> bool:
        """Take over what stretches of a ledger hold, and how far it is projected then: it keeps that itself, so no
        journal does.

        ``False``, and nothing written, where another process has projected one of their partitions since.
        """
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)
            return ledgers.take_over(connection, stretches)

    def ledger_positions(self, cluster: str, topic: str) -> Mapping[int, LedgerPositionRow]:
        """How far each partition of a ledger has been projected; one that never was is left out."""
        rows = self._recall(LedgerPositionRow, queries.LEDGER_POSITIONS, cluster=cluster, topic=topic)
        return MappingProxyType({row.partition: row for row in rows})

    def tasks(
        self,
        node: str | None = None,
        outcome: str | None = None,
        topic: str | None = None,
        key: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> tuple[TaskSummary, ...]:
        """Tasks on the bus, newest first: of one node, outcome, topic or key, those that ended since."""
        return self._recall(
            TaskSummary,
            queries.TASKS,
            node=node,
            outcome=outcome,
            topic=topic,
            key=key,
            since=since and _microseconds(since),
            limit=limit,
        )

    def tasks_behind(
        self, cluster: str, ledger: str, partition: int, position: int, limit: int = 1000
    ) -> tuple[TaskRow, ...]:
        """The tasks whose receipts stand behind a position of a ledger's partition, in its order."""
        return self._recall(
            TaskRow,
            queries.TASKS_BEHIND,
            cluster=cluster,
            ledger=ledger,
            partition=partition,
            position=position,
            limit=limit,
        )

    def tasks_named(self, prefix: str, limit: int = 1000) -> tuple[TaskRow, ...]:
        """The tasks whose id, or that of their event or of a result, begins so: those first whose id it is, and of
        these and the others the oldest."""
        return self._recall(TaskRow, queries.TASKS_NAMED, prefix=prefix, limit=limit)

    def task_chain(self, correlation_id: str, limit: int = 1000) -> tuple[TaskRow, ...]:
        """The tasks that came of one beginning, oldest first."""
        return self._recall(TaskRow, queries.TASK_CHAIN, correlation_id=correlation_id, limit=limit)

    def task_kin(self, task: str, limit: int = 1000) -> tuple[TaskRow, ...]:
        """A task, and those that repeat it, oldest first."""
        return self._recall(TaskRow, queries.TASK_KIN, id=task, limit=limit)

    def tasks_failed(self, since: datetime, limit: int = 1000) -> tuple[TaskRow, ...]:
        """The tasks that failed since then and were not given again, newest first."""
        return self._recall(TaskRow, queries.TASKS_FAILED, since=_microseconds(since), limit=limit)

    def tasks_unanswered(self, before: datetime, limit: int = 1000) -> tuple[TaskRow, ...]:
        """The tasks that have waited for a person since then or earlier, oldest first."""
        return self._recall(TaskRow, queries.TASKS_UNANSWERED, before=_microseconds(before), limit=limit)

    def task_repeats(self, limit: int = 1000) -> tuple[RepeatRow, ...]:
        """Receipts of tasks that stand in a ledger once more: none, where every task ended once."""
        return self._recall(RepeatRow, queries.TASK_REPEATS, limit=limit)

    def record_flows(
        self,
        cluster: str,
        at: datetime,
        groups: Iterable[GroupRow],
        offsets: Iterable[OffsetRow],
        unseen: Collection[str] = (),
    ) -> int:
        """Take over the consumer groups and offsets of a cluster. Gives the number of rows written.

        Offsets that could not be seen stay as they were seen last: those of the ``unseen`` topics, and those of a group
        whose row says ``unknown``.
        """
        seen = tuple(groups)
        hidden = [row.group_name for row in seen if row.unknown]
        with self._writing() as connection:
            rows = {row[:3]: row for row in offsets}
            if hidden or unseen:
                kept = read(
                    connection, OffsetRow, queries.KEPT_OFFSETS, cluster=cluster, topics=[*unseen], groups=hidden
                )
                rows = {**{row[:3]: row for row in kept}, **rows}
            topics = {row.topic for row in rows.values()}
            written = replace(connection, tables.OBSERVED_GROUPS, seen, cluster, at)
            written += replace(connection, tables.OBSERVED_OFFSETS, rows.values(), cluster, at)
            look = FlowsRow(cluster, at, len(seen), len(topics - set(unseen)))
            return written + merge(connection, tables.OBSERVED_FLOWS, tables.upsert, [look])

    def stored(self, cluster: str | None = None) -> Stored:
        """What was projected last, of one cluster or of all. Raises ``StateError`` where nothing was observed yet."""
        with self._reading() as connection:
            observations = read(connection, ObservationRow, queries.OBSERVATIONS, cluster=cluster)
            drift = read(connection, DriftRow, queries.DRIFT, cluster=cluster)
        if not observations:
            raise nothing_projected(self.folder, f"no observation of {cluster}" if cluster else "no observation")
        return Stored(observations, drift)

    def history(
        self, topic: str | None = None, cluster: str | None = None, limit: int = 1000
    ) -> tuple[HistoryRow, ...]:
        """Drift from first seen to resolved, newest first, of one topic and cluster or of all."""
        with self._reading() as connection:
            return read(connection, HistoryRow, queries.HISTORY, topic=topic, cluster=cluster, limit=limit)

    def histories(self, cluster: str, topics: Collection[str], most: int) -> Mapping[str, tuple[HistoryRow, ...]]:
        """The newest ``most`` drifts of each of some topics, newest first; topics without any have no entry."""
        with self._reading() as connection:
            found = read(
                connection, HistoryRow, queries.HISTORY_OF_TOPICS, cluster=cluster, topics=[*topics], limit=most
            )
        return MappingProxyType({topic: tuple(rows) for topic, rows in groupby(found, key=lambda row: row.topic)})

    def turned(self, cluster: str, since: datetime) -> tuple[str, ...]:
        """The topics of which a drift opened or was resolved after ``since``, by name."""
        with self._reading() as connection:
            return read(connection, str, queries.TURNED, cluster=cluster, since=_microseconds(since))

    def summary(self, cluster: str, since: datetime) -> tuple[SummaryRow, ...]:
        """Drift of a cluster by kind and verdict: what is open, and what opened and was resolved after ``since``."""
        with self._reading() as connection:
            return read(connection, SummaryRow, queries.SUMMARY, cluster=cluster, since=_microseconds(since))

    def provisioned(
        self, topic: str | None = None, cluster: str | None = None, limit: int = 1000
    ) -> tuple[ProvisionRow, ...]:
        """What provisioning did, newest first, to one topic and cluster or to all."""
        with self._reading() as connection:
            return read(connection, ProvisionRow, queries.PROVISIONED, topic=topic, cluster=cluster, limit=limit)

    def audited(
        self, plan: str | None = None, topic: str | None = None, cluster: str | None = None, limit: int = 1000
    ) -> tuple[AuditRow, ...]:
        """What was decided and done, newest first: under one plan, to one topic, to one cluster, or all."""
        return self._recall(AuditRow, queries.AUDITED, plan=plan, topic=topic, cluster=cluster, limit=limit)

    def capabilities(self, cluster: str) -> CapabilitiesRow | None:
        """What the broker of a cluster was seen to honour last; ``None`` where it was never probed."""
        return next(iter(self._recall(CapabilitiesRow, queries.CAPABILITIES, cluster=cluster)), None)

    def rescued(self, cluster: str, source: str | None = None) -> tuple[RescueRow, ...]:
        """How far the partitions of one orphan, or of all in a cluster, are rescued."""
        return self._recall(RescueRow, queries.RESCUED, cluster=cluster, source=source)

    def retirements(self, cluster: str | None = None) -> tuple[RetirementRow, ...]:
        """Where the ends of topics stand, in one cluster or in all."""
        return self._recall(RetirementRow, queries.RETIREMENTS, cluster=cluster)

    def receipts(
        self,
        task_class: str | None = None,
        model: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> tuple[ReceiptSummary, ...]:
        """Receipts, newest first: of one class, one outcome, those that asked one model, those that ended since."""
        return self._recall(
            ReceiptSummary,
            queries.RECEIPTS,
            task_class=task_class,
            model=model,
            outcome=outcome,
            since=since and _microseconds(since),
            limit=limit,
        )

    def receipts_of(self, prefix: str, limit: int = 10) -> tuple[ReceiptRow, ...]:
        """The receipts whose id begins so, newest first."""
        return self._recall(ReceiptRow, queries.RECEIPTS_BY_ID, prefix=prefix, limit=limit)

    def receipt_documents(self, limit: int) -> tuple[str, ...]:
        """The newest receipts as JSON, newest first."""
        return self._recall(str, queries.LATEST_DOCUMENTS, limit=limit)

    def unpublished(self, environment: str, skip: int = 0, limit: int = 1000) -> tuple[ReceiptRow, ...]:
        """Receipts of an environment that no ledger has, oldest first, without the first ``skip`` of them."""
        return self._recall(ReceiptRow, queries.UNPUBLISHED, environment=environment, skip=skip, limit=limit)

    def unpublished_count(self, environment: str) -> int:
        """The number of receipts of an environment that no ledger has."""
        return next(iter(self._recall(int, queries.UNPUBLISHED_COUNT, environment=environment)), 0)

    def publications(self, receipt: str) -> tuple[PublicationRow, ...]:
        """Where a receipt stands in ledgers."""
        return self._recall(PublicationRow, queries.PUBLICATIONS, receipt=receipt)

    def savings(self, by: str | None = None, since: datetime | None = None) -> tuple[SavingsRow, ...]:
        """What tasks cost and saved: one row for all of them, or one for each ``class``, ``model`` or ``day``."""
        group = "NULL" if by is None else queries.SAVINGS_GROUPS[by]
        return self._recall(SavingsRow, queries.savings(group), since=since and _microseconds(since))

    def books(self, since: datetime, most_troubled: int = 1000) -> Books:
        """What tasks that ended since a moment cost and saved, by day and class, and what of it should not be so:
        ``most_troubled`` tasks at most.
        """
        at: dict[str, object] = {"since": _microseconds(since)}
        day = since.astimezone(UTC).date().isoformat()
        if not self._begun():
            return Books()
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)
            return Books(
                next(iter(read(connection, SavingsRow, queries.savings("NULL"), **at)), None),
                read(connection, SavingsRow, queries.savings(queries.SAVINGS_GROUPS["class"]), **at),
                read(connection, SavingsRow, queries.savings(queries.SAVINGS_GROUPS["day"]), **at),
                read(connection, lambda day, *sums: (day, SavingsRow(*sums)), queries.SAVINGS_BY_DAY, **at),
                read(connection, SpentRow, queries.SPENT, day=day),
                read(connection, UncostedRow, queries.CALLS_WITHOUT_COST, **at),
                read(connection, TroubledRow, queries.TROUBLED, **at, limit=most_troubled),
            )

    def told(self, since: datetime | None = None, limit: int = 1000) -> Told:
        """What a report tells of: of drift everything that is open or was, of tasks those that ended since a moment.

        ``limit`` counts the rows of each kind that there may be many of. Empty where nothing is remembered.
        """
        if not self._begun():
            return Told()
        after = since and _microseconds(since)
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)

            def sums(group: str) -> tuple[SavingsRow, ...]:
                return read(connection, SavingsRow, queries.savings(group), since=after)

            def newest(kind: Callable[..., _R], query: str, *asked: str) -> tuple[_R, ...]:
                return read(connection, kind, query, since=after, limit=limit, **dict.fromkeys(asked))

            return Told(
                read(connection, ObservationRow, queries.OBSERVATIONS, cluster=None),
                read(connection, DriftRow, queries.DRIFT, cluster=None),
                read(connection, HistoryRow, queries.HISTORY, topic=None, cluster=None, limit=limit),
                next(iter(sums("NULL")), None),
                sums(queries.SAVINGS_GROUPS["class"]),
                sums(queries.SAVINGS_GROUPS["model"]),
                sums(queries.SAVINGS_GROUPS["day"]),
                newest(ReceiptSummary, queries.RECEIPTS, "task_class", "model", "outcome"),
                newest(CallsRow, queries.CALLS),
                newest(LinkedTask, queries.LINKED_TASKS),
            )

    def alerts(self, environment: str) -> tuple[AlertRow, ...]:
        """What is, or was, wrong in an environment and was told, or is to be, by key."""
        return self._recall(AlertRow, queries.ALERTS, environment=environment)

    def trusted(self) -> tuple[TrustedRow, ...]:
        """What brakes compare with, in every environment."""
        return self._recall(TrustedRow, queries.TRUSTED)

    def remembered(self, cluster: str) -> Remembered:
        """Everything that a look at a cluster is held against, by opening the file once; nothing before the first.

        A line of a journal whose writer was killed before it was projected counts.
        """
        if not self._begun():
            return Remembered(MappingProxyType({}), NO_FLOWS, None, (), (), (), ())
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)
            return Remembered(
                _earlier_topics(connection, cluster),
                _earlier_flows(connection, cluster),
                next(iter(read(connection, CapabilitiesRow, queries.CAPABILITIES, cluster=cluster)), None),
                read(connection, RescueRow, queries.RESCUED, cluster=cluster, source=None),
                read(connection, RetirementRow, queries.RETIREMENTS, cluster=cluster),
                read(connection, TrustedRow, queries.TRUSTED),
                read(connection, DriftRow, queries.DRIFT, cluster=cluster),
            )

    def excess(self, bounds: Bounds) -> Excess:
        """What is old, and what room holds nothing: what ``tidy`` would take away. None where nothing is remembered."""
        if not self._begun():
            return NO_EXCESS
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)
            shorter = self._shorter(connection, bounds)
            return Excess(old_rows(connection, bounds), _spared(shorter), free_bytes(connection))

    def tidy(self, bounds: Bounds) -> Excess:
        """Take away what is old, and give it back as ``excess`` would have told it.

        Journals are folded first, then the rows go in one transaction, and at last the file is written anew where much
        of it holds nothing. Whatever ends this in between, nothing is lost, and the next time goes on with it.
        """
        if not self._begun():
            return NO_EXCESS
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)
        with self._writing() as connection:
            # Only lines that were projected before are folded: a position in front of a fold could not be found again.
            shorter = self._shorter(connection, bounds)
            for each in shorter:
                each.fold()
            forgotten = forget(connection, bounds)
        return Excess(forgotten, _spared(shorter), self._compact())

    def forget(self, bounds: Bounds) -> None:
        """Delete the rows that are old, as after a rebuild, which brings them back."""
        with self._writing() as connection:
            old_receipts(connection, bounds)
            forget(connection, bounds)

    def journal_lines(self) -> Mapping[str, int]:
        """The number of lines of each journal that there is, each of them read. Takes no lock: a line that is being
        appended does not count yet. Raises ``JournalDamaged`` and ``StateError``."""
        journals = (self._drift, *(log.journal for log in self._logs))
        return MappingProxyType(
            {each.path.stem: sum(1 for _ in each.read()) for each in journals if each.path.exists()}
        )

    def counts(self) -> Mapping[str, int]:
        """The number of rows of each table that is not about the projection itself.

        Raises ``StateError`` where nothing was projected yet.
        """
        with self._reading() as connection:
            found = connection.execute(queries.COUNTS).fetchall()
        return MappingProxyType({name: int(rows) for name, rows in found})

    def copied(self, folder: Path, form: CopyFormat) -> tuple[Copy, ...]:
        """Copy all tables and views into files in ``folder``, as they are at one moment. Gives the copies, by name.

        Raises ``StateError`` where nothing was projected yet.
        """
        with self._reading() as connection:
            for log in self._logs:
                log.project(connection)
            return tuple(copies(connection, folder, form))

    def rebuild(self) -> Rebuilt:
        """Make the file anew from the journals. The old file goes at the very end, so a kill leaves one of the two.

        What was declared and observed is in no journal: ``record_observation`` and ``record_flows`` bring it back.
        """
        counts = Rebuilt()

        def fill(connection: duckdb.DuckDBPyConnection) -> None:
            nonlocal counts
            self._replay(connection)
            counts = read(connection, Rebuilt, queries.JOURNALLED_ROWS)[0]

        with locked(self.folder, self._timeout):
            create(self.file, fill)
        return counts

    def _shorter(self, connection: duckdb.DuckDBPyConnection, bounds: Bounds) -> tuple[Shorter, ...]:
        """The journals that are worth while to be folded, and to what."""
        gone = old_receipts(connection, bounds)
        dropped: Mapping[str, Callable[[Any], bool]] = {
            self._receipts.table.name: lambda row: row.id in gone,
            self._publications.table.name: lambda row: row.receipt in gone,
        }
        found = [shorter_drift(self._drift, bounds.drift, position(connection, self._drift))]
        for log in self._logs:
            projected = position(connection, log.journal)
            found.append(log.shorter(projected, dropped.get(log.table.name, lambda _: False)))
        return tuple(filter(worth_folding, found))

    def _compact(self) -> int:
        """Write the file anew where much of it holds nothing. Gives the bytes that held nothing, 0 where it stays."""
        with locked(self.folder, self._timeout):
            with transaction(self.file, time.monotonic() + self._timeout) as connection:
                free = free_bytes(connection)
            if free:
                create(self.file, lambda new: copied(new, self.file))
        return free

    def _record(self, log: Log[_T], rows: Iterable[_T]) -> None:
        """The rows are in the journal before the DuckDB file is opened: what is wrong with that loses nothing."""
        with locked(self.folder, self._timeout):
            log.append(rows)
        with self._writing() as connection:
            log.project(connection)

    def _recall(self, kind: Callable[..., _R], query: str, **parameters: object) -> tuple[_R, ...]:
        """What the journals and tables know, none where there are none. A line whose writer was killed before it was
        projected counts."""
        if not self._begun():
            return ()
        with self._writing() as connection:
            for log in self._logs:
                log.project(connection)
            return read(connection, kind, query, **parameters)

    def _begun(self) -> bool:
        journals = (self._drift.path, *(log.journal.path for log in self._logs))
        return any(path.exists() for path in (self.file, *journals))

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        deadline = time.monotonic() + self._timeout
        with locked(self.folder, self._timeout):
            if not self.file.exists():
                create(self.file, self._replay)
            with transaction(self.file, deadline) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._begun():
            raise nothing_projected(self.folder)
        with self._writing() as connection:
            yield connection

    def _replay(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Project the journals into an empty file."""
        episodes = Episodes()
        end, touched = self._replay_drift(connection, episodes)
        _write_episodes(connection, episodes)
        write_position(connection, self._drift, end)
        for cluster in touched:
            _write_drift(connection, episodes, cluster)
        for log in self._logs:
            log.project(connection)

    def _replay_drift(
        self, connection: duckdb.DuckDBPyConnection, episodes: Episodes
    ) -> tuple[Position, frozenset[str]]:
        """Apply the journal lines that the tables do not have yet: the end of the last, and whose drift they touch."""
        end = position(connection, self._drift)
        touched = set()
        for entry in self._drift.read(end):
            episodes.apply(entry.value)
            touched.add(entry.value.cluster)
            end = entry.end
            if episodes.waiting >= CHUNK_ROWS:
                _write_episodes(connection, episodes)
        return end, frozenset(touched)


def _microseconds(at: datetime) -> int:
    """A time as the questions take it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def _spared(shorter: Iterable[Shorter]) -> Mapping[str, int]:
    return {each.journal.path.stem: each.spared for each in shorter}


NO_EXCESS = Excess({}, {}, 0)
NO_FLOWS = EarlierFlows(None, MappingProxyType({}), ())


def _earlier_topics(connection: duckdb.DuckDBPyConnection, cluster: str) -> Mapping[str, EarlierTopic]:
    rows = read(connection, lambda name, *seen: (name, EarlierTopic(*seen)), queries.EARLIER_TOPICS, cluster=cluster)
    return MappingProxyType(dict(rows))


def _earlier_flows(connection: duckdb.DuckDBPyConnection, cluster: str) -> EarlierFlows:
    looks = read(connection, FlowsRow, queries.FLOWS, cluster=cluster)
    groups = read(connection, GroupRow, queries.GROUPS, cluster=cluster)
    offsets = read(connection, EarlierOffset, queries.EARLIER_OFFSETS, cluster=cluster)
    at = looks[0].observed_at if looks else None
    return EarlierFlows(at, MappingProxyType({row.group_name: row for row in groups}), offsets)


def _declare(connection: duckdb.DuckDBPyConnection, declared: Declared, at: datetime) -> int:
    manifest = [(declared.digest, len(declared.topics))]
    written = replace(connection, tables.DECLARED_TOPICS, declared.topics, at=at)
    written += replace(connection, tables.DECLARATIONS, declared.declarations)
    return written + replace(connection, tables.MANIFEST, manifest, at=at)


def _observe(connection: duckdb.DuckDBPyConnection, observed: Observed) -> int:
    cluster, at = observed.observation.cluster, observed.observation.observed_at
    topics = _with_known_ids(connection, cluster, observed.topics)
    written = replace(connection, tables.OBSERVED_TOPICS, topics, cluster, at)
    return written + replace(connection, tables.OBSERVED_CONFIGS, observed.configs, cluster, at)


def _with_known_ids(
    connection: duckdb.DuckDBPyConnection, cluster: str, rows: Iterable[ObservedTopicRow]
) -> tuple[ObservedTopicRow, ...]:
    """The rows; a topic whose id could not be seen keeps the last that was, so that a later look can tell a new one."""
    seen = tuple(rows)
    if all(row.topic_id or not row.unknown for row in seen):
        return seen
    ids = dict(connection.execute(queries.TOPIC_IDS, {"cluster": cluster}).fetchall())
    return tuple(row._replace(topic_id=ids.get(row.name)) if row.unknown and not row.topic_id else row for row in seen)


def _write_episodes(connection: duckdb.DuckDBPyConnection, episodes: Episodes) -> int:
    rows = episodes.take_unwritten()
    if not rows:
        return 0
    return write_history(connection, ((*each.row, each.replaces_open) for each in rows))


def _write_drift(
    connection: duckdb.DuckDBPyConnection, episodes: Episodes, cluster: str, found: Iterable[Drift] = ()
) -> int:
    """Make the drift table of a cluster what is open, in the words of ``found``, or else in those that it has."""
    rows = read(connection, DriftRow, queries.DRIFT, cluster=cluster)
    words = {each.key: each for each in (*(row.drift for row in rows), *found)}

    def current() -> Iterator[tuple[Any, ...]]:
        for row in episodes.open_in(cluster):
            said = words.get(row.key, row.drift)
            now = row.drift._replace(owner=said.owner, path=said.path, line=said.line, detail=said.detail)
            yield (*now, row.first_seen, row.last_seen)

    return merge(connection, tables.DRIFT, tables.replace, current(), cluster)
