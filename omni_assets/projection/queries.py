"""The questions that the other floors ask, by name. Times are microseconds since 1970, so that no time zone takes part.

Columns come in the order of the row type that each is read into.
"""

# ruff: noqa: S608 - the names of columns come from row types, values are parameters
from __future__ import annotations

from omni_assets.projection.rows import (
    DriftRow,
    HistoryRow,
    ObservationRow,
    ProvisionRow,
)

TIMES = frozenset({"attempted_at", "observed_at", "first_seen", "last_seen", "resolved"})


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
OPEN_HISTORY = f"SELECT {_columns(HistoryRow._fields)} FROM drift_history WHERE drift_history.resolved IS NULL"
PROVISIONED = (
    f"SELECT {_columns(ProvisionRow._fields)} FROM provision_log "
    "WHERE ($cluster IS NULL OR cluster = $cluster) AND ($topic IS NULL OR topic = $topic) "
    "ORDER BY provision_log.attempted_at DESC, topic, id LIMIT $limit"
)
JOURNAL_POSITION = "SELECT offset_bytes, lines FROM journal_position WHERE file = $file"
PROJECTED_DIGEST = "SELECT digest FROM projected_rows WHERE table_name = $table_name AND scope = $scope"
JOURNALLED_ROWS = "SELECT (SELECT count(*) FROM drift_history), (SELECT count(*) FROM provision_log)"
USED_BYTES = (
    "SELECT 3 * 4096 + used_blocks * block_size FROM pragma_database_size() WHERE database_name = current_database()"
)
COLUMNS = (
    "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal"
)
SCHEMA_TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_version'"
SCHEMA_VERSION = "SELECT coalesce(max(version), 0) FROM schema_version"
