"""The questions that the other floors ask, by name. Times are microseconds since 1970, so that no time zone takes part.

Columns come in the order of the row type that each is read into.
"""

# ruff: noqa: S608 - the names of columns come from row types, values are parameters
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from omni_assets.projection.rows import (
    AlertRow,
    AuditRow,
    CapabilitiesRow,
    DriftRow,
    EarlierOffset,
    EarlierTopic,
    FlowsRow,
    GroupRow,
    HistoryRow,
    LedgerPositionRow,
    LinkedTask,
    ObservationRow,
    OffsetRow,
    ProvisionRow,
    PublicationRow,
    Rebuilt,
    ReceiptRow,
    ReceiptSummary,
    RepeatRow,
    RescueRow,
    RetirementRow,
    TaskRow,
    TaskSummary,
    TroubledRow,
    TrustedRow,
)
from omni_assets.projection.tables import BOOKKEEPING, TABLES

TIMES = frozenset(
    {
        "acted_at",
        "attempted_at",
        "changed_at",
        "checked_at",
        "deadline",
        "ended_at",
        "first_seen",
        "last_seen",
        "observed_at",
        "oldest",
        "probed_at",
        "published_at",
        "rescued_at",
        "resolved",
        "since",
        "started_at",
    }
)


def _columns(fields: tuple[str, ...]) -> str:
    return ", ".join(f"epoch_us({field}) AS {field}" if field in TIMES else field for field in fields)


OBSERVATIONS = (
    f"SELECT {_columns(ObservationRow._fields)} FROM observations "
    "WHERE $cluster IS NULL OR cluster = $cluster ORDER BY cluster"
)
FORGET_OBSERVATION = "DELETE FROM observations WHERE cluster = $cluster"
DRIFT = (
    f"SELECT {_columns(DriftRow._fields)} FROM drift "
    "WHERE $cluster IS NULL OR cluster = $cluster ORDER BY cluster, topic, kind, field"
)
HISTORY = (
    f"SELECT {_columns(HistoryRow._fields)} FROM drift_history "
    "WHERE ($cluster IS NULL OR cluster = $cluster) AND ($topic IS NULL OR topic = $topic) "
    "ORDER BY drift_history.first_seen DESC, cluster, topic, kind, field LIMIT $limit"
)
HISTORY_OF_TOPICS = (
    f"SELECT {_columns(HistoryRow._fields)} FROM drift_history "
    "WHERE cluster = $cluster AND list_contains($topics::VARCHAR[], topic) "
    "QUALIFY row_number() OVER (PARTITION BY topic ORDER BY drift_history.first_seen DESC, kind, field) <= $limit "
    "ORDER BY topic, drift_history.first_seen DESC, kind, field"
)
TURNED = (
    "SELECT DISTINCT topic FROM drift_history "
    "WHERE cluster = $cluster AND (epoch_us(first_seen) > $since OR epoch_us(resolved) > $since) ORDER BY topic"
)
SUMMARY = (
    "SELECT kind, verdict, count(*) FILTER (resolved IS NULL) AS open_now, "
    "count(*) FILTER (epoch_us(first_seen) > $since) AS opened, "
    "count(*) FILTER (epoch_us(resolved) > $since) AS ended, "
    "epoch_us(min(first_seen) FILTER (resolved IS NULL)) AS oldest "
    "FROM drift_history WHERE cluster = $cluster AND (resolved IS NULL OR epoch_us(resolved) > $since) "
    "GROUP BY kind, verdict ORDER BY kind, verdict"
)
OPEN_HISTORY = f"SELECT {_columns(HistoryRow._fields)} FROM drift_history WHERE drift_history.resolved IS NULL"
PROVISIONED = (
    f"SELECT {_columns(ProvisionRow._fields)} FROM provision_log "
    "WHERE ($cluster IS NULL OR cluster = $cluster) AND ($topic IS NULL OR topic = $topic) "
    "ORDER BY provision_log.attempted_at DESC, topic, id LIMIT $limit"
)
JOURNAL_POSITION = "SELECT offset_bytes, lines FROM journal_position WHERE file = $file"
PROJECTED_DIGEST = "SELECT digest FROM projected_rows WHERE table_name = $table_name AND scope = $scope"
AUDITED = (
    f"SELECT {_columns(AuditRow._fields)} FROM audit "
    "WHERE ($plan IS NULL OR plan = $plan) AND ($topic IS NULL OR topic = $topic) "
    "AND ($cluster IS NULL OR cluster = $cluster) ORDER BY audit.acted_at DESC, topic, step, id LIMIT $limit"
)
CAPABILITIES = (
    f"SELECT {_columns(CapabilitiesRow._fields)} FROM capabilities "
    "WHERE cluster = $cluster ORDER BY capabilities.probed_at DESC, version DESC LIMIT 1"
)
RESCUED = (
    f"SELECT {_columns(RescueRow._fields)} FROM rescues "
    "WHERE cluster = $cluster AND ($source IS NULL OR source = $source) ORDER BY source, target, partition"
)
RETIREMENTS = (
    f"SELECT {_columns(RetirementRow._fields)} FROM retirements "
    "WHERE $cluster IS NULL OR cluster = $cluster ORDER BY cluster, topic"
)
ALERTS = f"SELECT {_columns(AlertRow._fields)} FROM alerts WHERE environment = $environment ORDER BY key"
TRUSTED = f"SELECT {_columns(TrustedRow._fields)} FROM trusted ORDER BY environment"
EARLIER_TOPICS = f"SELECT name, {_columns(EarlierTopic._fields)} FROM observed_topics WHERE cluster = $cluster"
TOPIC_IDS = "SELECT name, topic_id FROM observed_topics WHERE cluster = $cluster AND topic_id IS NOT NULL"
FLOWS = f"SELECT {_columns(FlowsRow._fields)} FROM observed_flows WHERE cluster = $cluster"
GROUPS = f"SELECT {_columns(GroupRow._fields)} FROM observed_groups WHERE cluster = $cluster ORDER BY group_name"
EARLIER_OFFSETS = (
    f"SELECT {_columns(EarlierOffset._fields)} FROM observed_offsets "
    "WHERE cluster = $cluster ORDER BY topic, group_name, partition"
)
KEPT_OFFSETS = (
    f"SELECT {_columns(OffsetRow._fields)} FROM observed_offsets "
    "WHERE cluster = $cluster AND (list_contains($topics::VARCHAR[], topic) "
    "OR list_contains($groups::VARCHAR[], group_name))"
)
_COSTS = "attempts, escalations, tokens, local_tokens, calls_without_tokens, spent_usd, calls_without_cost"
RECEIPTS = (
    f"SELECT {_columns(ReceiptSummary._fields[:-1])}, id IN (SELECT receipt FROM publications) AS published "
    f"FROM receipts JOIN (SELECT receipt, {_COSTS} FROM task_costs) ON receipt = id "
    "WHERE ($task_class IS NULL OR task_class = $task_class) "
    "AND ($model IS NULL OR id IN (SELECT receipt FROM attempts WHERE attempts.model = $model)) "
    "AND ($outcome IS NULL OR outcome = $outcome) "
    "AND ($since IS NULL OR epoch_us(receipts.ended_at) >= $since) "
    "ORDER BY receipts.ended_at DESC, id LIMIT $limit"
)
CALLS = (
    "SELECT receipt, list(model ORDER BY number), list(outcome ORDER BY number), "
    "list(coalesce(failure_kind, array_to_string("
    "[each ->> 'gate' FOR each IN checks::JSON::JSON[] IF each ->> 'verdict' = 'failed'], ', ')) ORDER BY number) "
    "FROM attempts WHERE receipt IN (SELECT id FROM receipts WHERE $since IS NULL OR epoch_us(ended_at) >= $since "
    "ORDER BY receipts.ended_at DESC, id LIMIT $limit) GROUP BY receipt ORDER BY receipt"
)
RECEIPTS_BY_ID = (
    f"SELECT {_columns(ReceiptRow._fields)} FROM receipts WHERE starts_with(id, $prefix) "
    "ORDER BY receipts.ended_at DESC, id LIMIT $limit"
)
KNOWN_RECEIPTS = "SELECT id FROM receipts WHERE id IN (SELECT unnest($ids::VARCHAR[]))"
LATEST_DOCUMENTS = "SELECT document FROM receipts ORDER BY ended_at DESC, id LIMIT $limit"
UNPUBLISHED = (
    f"SELECT {_columns(ReceiptRow._fields)} FROM receipts "
    "WHERE environment = $environment AND id NOT IN (SELECT receipt FROM publications) "
    "ORDER BY receipts.ended_at, id LIMIT $limit OFFSET $skip"
)
UNPUBLISHED_COUNT = (
    "SELECT count(*) FROM receipts WHERE environment = $environment AND id NOT IN (SELECT receipt FROM publications)"
)
PUBLICATIONS = (
    f"SELECT {_columns(PublicationRow._fields)} FROM publications WHERE receipt = $receipt "
    "ORDER BY publications.published_at, cluster, topic"
)
KNOWN_TASKS = (
    "SELECT id, ledger, ledger_partition, ledger_position FROM tasks WHERE id IN (SELECT unnest($ids::VARCHAR[]))"
)
LEDGER_POSITIONS = (
    f"SELECT {_columns(LedgerPositionRow._fields)} FROM ledger_positions WHERE cluster = $cluster AND topic = $topic"
)
TASKS = (
    f"SELECT {_columns(TaskSummary._fields)} "
    "FROM (SELECT *, json_array_length(document, '$.attempts')::INTEGER AS attempts FROM tasks) AS tasks "
    "WHERE ($node IS NULL OR node = $node) AND ($outcome IS NULL OR outcome = $outcome) "
    "AND ($topic IS NULL OR topic = $topic) AND ($key IS NULL OR key = $key) "
    "AND ($since IS NULL OR epoch_us(tasks.ended_at) >= $since) "
    "ORDER BY tasks.ended_at DESC, ledger_partition DESC, ledger_position DESC, id LIMIT $limit"
)
_LINKED: Mapping[str, str] = MappingProxyType(
    {
        "seconds": "json_extract(document, '$.attempts[*].seconds')::DOUBLE[]",
        "reasons": "json_extract_string(document, '$.attempts[*].reason')",
        "results": "json_extract_string(document, '$.results[*].event_id')",
        "published": "json_extract_string(document, '$.results[*].topic')",
        "effects": "json_extract_string(document, '$.effects[*].name')",
        "effect_outcomes": "json_extract_string(document, '$.effects[*].outcome')",
    }
)
"""What of a linked task stands in its document alone."""

LINKED_TASKS = (
    f"SELECT {_columns(tuple(each for each in LinkedTask._fields if each not in _LINKED))}, "
    f"{', '.join(f'{part} AS {name}' for name, part in _LINKED.items())} "
    "FROM tasks WHERE ($since IS NULL OR epoch_us(tasks.ended_at) >= $since) "
    "ORDER BY tasks.ended_at DESC, ledger_partition DESC, ledger_position DESC, id LIMIT $limit"
)
TASKS_BEHIND = (
    f"SELECT {_columns(TaskRow._fields)} FROM tasks WHERE cluster = $cluster AND ledger = $ledger "
    "AND ledger_partition = $partition AND ledger_position > $position ORDER BY ledger_position LIMIT $limit"
)
TASKS_NAMED = (
    f"SELECT {_columns(TaskRow._fields)} FROM tasks WHERE starts_with(id, $prefix) OR starts_with(event_id, $prefix) "
    "OR id IN (SELECT task FROM task_results WHERE starts_with(event_id, $prefix)) "
    "ORDER BY $prefix IN (id, event_id) DESC, tasks.started_at, id LIMIT $limit"
)
TASK_CHAIN = (
    f"SELECT {_columns(TaskRow._fields)} FROM tasks WHERE correlation_id = $correlation_id "
    "ORDER BY tasks.started_at, ledger_partition, ledger_position, id LIMIT $limit"
)
TASK_KIN = (
    f"SELECT {_columns(TaskRow._fields)} FROM tasks WHERE list_contains([id, replay_of, requeue_of], $id) "
    "ORDER BY tasks.started_at, id LIMIT $limit"
)
TASKS_FAILED = (
    f"SELECT {_columns(TaskRow._fields)} FROM tasks WHERE outcome IN ('failed', 'dead-lettered') "
    "AND epoch_us(tasks.ended_at) >= $since "
    "AND id NOT IN (SELECT requeue_of FROM tasks WHERE requeue_of IS NOT NULL) "
    "ORDER BY tasks.ended_at DESC, ledger_partition, ledger_position DESC LIMIT $limit"
)
TASKS_UNANSWERED = (
    f"SELECT {_columns(TaskRow._fields)} FROM tasks WHERE outcome = 'waiting' "
    "AND epoch_us(tasks.ended_at) <= $before AND approval NOT IN "
    "(SELECT approval FROM tasks WHERE approval IS NOT NULL AND approval_answer IS NOT NULL) "
    "ORDER BY tasks.ended_at, ledger_partition, ledger_position LIMIT $limit"
)
TASK_REPEATS = (
    f"SELECT {_columns(RepeatRow._fields)} FROM task_repeats "
    "ORDER BY cluster, ledger, ledger_partition, ledger_position LIMIT $limit"
)
SAVINGS_GROUPS: Mapping[str, str] = MappingProxyType({"class": "task_class", "model": "model", "day": "day"})
"""What savings are told by, and the column of task_costs that says so."""


_SAVINGS = (
    "count(*) AS tasks, "
    "count(*) FILTER (outcome = 'accepted') AS accepted, "
    "count(*) FILTER (attempts > 0) AS attempted, "
    "count(*) FILTER (escalations > 0) AS escalated, "
    "sum(tokens)::BIGINT AS tokens, "
    "sum(local_tokens)::BIGINT AS local_tokens, "
    "sum(calls_without_tokens)::BIGINT AS calls_without_tokens, "
    "sum(spent_usd) AS spent_usd, "
    "coalesce(sum(spent_usd) FILTER (outcome <> 'accepted'), 0) AS unsuccessful_usd, "
    "sum(calls_without_cost)::BIGINT AS calls_without_cost, "
    "count(saved_usd) AS compared, "
    "coalesce(sum(baseline_usd) FILTER (saved_usd IS NOT NULL), 0) AS baseline_usd, "
    "coalesce(sum(saved_usd), 0) AS avoided_usd, "
    "coalesce(string_agg(DISTINCT baseline_model, ', ' ORDER BY baseline_model) "
    "FILTER (saved_usd IS NOT NULL), '') AS baselines, "
    "count(audit_agrees) AS audited, "
    "count(*) FILTER (NOT audit_agrees) AS false_accepts "
    "FROM task_costs WHERE $since IS NULL OR epoch_us(ended_at) >= $since"
)


def savings(group: str) -> str:
    """What tasks cost and saved, by a column of ``task_costs``, or ``NULL`` for all together."""
    return f"SELECT {group} AS group_name, {_SAVINGS} GROUP BY group_name ORDER BY group_name"


SAVINGS_BY_DAY = f"SELECT day, task_class AS group_name, {_SAVINGS} GROUP BY day, task_class ORDER BY day, task_class"
SPENT = (
    "SELECT budget_day, receipts.task_class, sum(spent_usd), sum(calls_without_cost)::BIGINT "
    "FROM receipts JOIN task_costs ON receipt = id WHERE budget_day >= $day "
    "GROUP BY budget_day, receipts.task_class ORDER BY budget_day, receipts.task_class"
)
CALLS_WITHOUT_COST = (
    "SELECT calls.model, price_source, count(*), min(id) FROM receipts JOIN ("
    "SELECT receipt, model, price_source, cost_usd FROM attempts UNION ALL "
    "SELECT id, audit_model, document ->> '$.audit.cost.source', audit_usd FROM receipts WHERE audit_model IS NOT NULL"
    ") AS calls ON calls.receipt = id WHERE calls.cost_usd IS NULL AND epoch_us(ended_at) >= $since "
    "GROUP BY calls.model, price_source ORDER BY calls.model, price_source"
)
TROUBLED = (
    f"SELECT {_columns(TroubledRow._fields)} FROM receipts WHERE epoch_us(receipts.ended_at) >= $since "
    "AND (findings <> '[]' OR (outcome <> 'accepted' AND trim(coalesce(failure, '')) = '')) "
    "ORDER BY findings <> '[]', receipts.ended_at DESC, id LIMIT $limit"
)


JOURNALLED_ROWS = f"SELECT {', '.join(f'(SELECT count(*) FROM {table})' for table in Rebuilt._fields)}"
COUNTS = " UNION ALL ".join(
    f"SELECT '{name}', count(*) FROM {name}" for name in (table.name for table in TABLES) if name not in BOOKKEEPING
)
OLD_RECEIPTS = (
    "CREATE OR REPLACE TEMP TABLE old_receipts AS SELECT id FROM receipts "
    "WHERE epoch_us(ended_at) < $before AND id IN (SELECT receipt FROM publications)"
)
"""Makes the table of the receipts that need not be kept here: a ledger has them."""

_ANSWERED = "(SELECT approval FROM tasks WHERE approval IS NOT NULL AND approval_answer IS NOT NULL)"
# Who was asked and has not answered must not be forgotten.
_WAITING = f"(outcome = 'waiting' AND approval NOT IN {_ANSWERED})"
# By the newest task of a partition of the ledger whoever tells of tasks knows how far that is done.
_NEWEST = (
    "(cluster, ledger, ledger_partition, ledger_position) IN "
    "(SELECT (cluster, ledger, ledger_partition, max(ledger_position)) FROM tasks "
    "GROUP BY cluster, ledger, ledger_partition)"
)
_OF_OLD_RECEIPTS = "receipt IN (SELECT id FROM old_receipts)"
OLD_ROWS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "drift_history": ("resolved IS NOT NULL AND epoch_us(resolved) < $drift", ("drift",)),
        "tasks": (f"epoch_us(ended_at) < $tasks AND NOT {_WAITING} AND NOT {_NEWEST}", ("tasks",)),
        "attempts": (_OF_OLD_RECEIPTS, ()),
        "publications": (_OF_OLD_RECEIPTS, ()),
        "receipts": ("id IN (SELECT id FROM old_receipts)", ()),
    }
)
"""Tables, what makes a row of them old, and the moments that are asked with: microseconds since 1970."""

ROOM = (
    "SELECT total_blocks * block_size, free_blocks * block_size "
    "FROM pragma_database_size() WHERE database_name = current_database()"
)
"""Bytes of the file, and of its blocks that are free."""

ROWS = (
    "SELECT (SELECT coalesce(sum(estimated_size), 0)::BIGINT FROM duckdb_tables() "
    "WHERE database_name = current_database() AND NOT internal AND NOT temporary), "
    f"{' + '.join(f'(SELECT count(*) FROM {table.name})' for table in TABLES)}"
)
"""Rows that take room, deleted ones among them (what DuckDB estimates counts those), and the rows that there are."""

USED_BYTES = (
    "SELECT 3 * 4096 + used_blocks * block_size FROM pragma_database_size() WHERE database_name = current_database()"
)
COLUMNS = (
    "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal"
)
SCHEMA_TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_version'"
SCHEMA_VERSION = "SELECT coalesce(max(version), 0) FROM schema_version"
