"""Questions in SQL from people, answered in a process of their own that can only read (``answering.py``)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from omni_assets.errors import QueryError
from omni_assets.projection import queries
from omni_assets.projection.state import (
    MIGRATIONS,
    PROJECTION_FILE,
    expect_bytes,
    expect_version,
    held_by_another,
    locked,
    nothing_projected,
    translated,
)

_ANSWERING = Path(__file__).with_name("answering.py")
_RETRY_SECONDS = 0.1
# A busy machine takes its time to start a process; what is limited is the question.
_START_SECONDS = 10.0
_NAMES = 'See the tables with `omni sql "SHOW TABLES"`, and the columns of one with `omni sql "DESCRIBE drift"`.'
_NARROWER = "Narrow it with WHERE or LIMIT."
_REMEDIES = {
    "Catalog Error": _NAMES,
    "Binder Error": _NAMES,
    "Parser Error": "Mend the SQL at that place.",
    "Out of Memory Error": _NARROWER,
}


class Answer(NamedTuple):
    """Rows in the order of ``columns``; ``types`` are DuckDB's. ``truncated``: there are more rows than were wanted.

    Values are what JSON can hold: whole numbers are exact, times ISO 8601, decimals and other types text.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


def ask(folder: Path, sql: str, *, limit_rows: int = 10_000, timeout_seconds: float = 20.0) -> Answer:
    """The answer to one SQL statement over the projection in ``folder``, of at most ``limit_rows`` rows.

    Writers wait while it runs; the wait for them and the question itself have ``timeout_seconds`` each. Raises
    ``QueryError`` for SQL that is not accepted or takes too long, ``StateError`` where nothing was projected yet, and
    ``ProjectionBusy``, ``ProjectionDamaged`` and ``ProjectionVersion``.
    """
    file = folder / PROJECTION_FILE
    if not file.is_file():
        raise nothing_projected(folder)
    deadline = time.monotonic() + timeout_seconds
    with locked(folder, timeout_seconds):
        while True:
            found = _answered(file, sql, limit_rows, timeout_seconds)
            unusable = str(found.get("unusable", ""))
            if not held_by_another(unusable) or time.monotonic() >= deadline:
                break
            time.sleep(_RETRY_SECONDS)
    if unusable:
        raise translated(unusable, file, timeout_seconds)
    _expect_ours(file, found)
    if "refused" in found:
        raise _refused(found["refused"])
    return Answer(
        columns=tuple(found["columns"]),
        types=tuple(found["types"]),
        rows=tuple(map(tuple, found["rows"])),
        truncated=found["truncated"],
    )


def _expect_ours(file: Path, found: dict[str, Any]) -> None:
    """Take no answer from a file that every other command refuses."""
    expect_bytes(file, found.get("used_bytes") or 0)
    expect_version(file, found.get("schema_version") or 0, MIGRATIONS)


def _answered(file: Path, sql: str, limit_rows: int, timeout_seconds: float) -> dict[str, Any]:
    figures = [str(limit_rows), str(timeout_seconds)]
    command = [sys.executable, "-P", str(_ANSWERING), str(file), *figures, queries.USED_BYTES, queries.SCHEMA_VERSION]
    patience = timeout_seconds + _START_SECONDS
    try:
        ended = subprocess.run(
            command, input=sql.encode("utf-8", "replace"), capture_output=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_long(patience) from None
    if ended.returncode == -signal.SIGALRM:
        raise _too_long(timeout_seconds)
    if ended.returncode:
        last = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise QueryError(
            f"the question ended its process with code {ended.returncode}{f': {last}' if last else ''}.",
            _NARROWER,
        )
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def _too_long(seconds: float) -> QueryError:
    return QueryError(f"the question took longer than {seconds:g} s and was ended.", _NARROWER)


def _refused(message: str) -> QueryError:
    first, _, rest = message.partition("\n")
    hint = next((line.strip() for line in rest.splitlines() if line.startswith("Did you mean")), "")
    remedy = _REMEDIES.get(first.partition(":")[0], "")
    return QueryError(f"the question was not accepted: {first.rstrip('!. ')}.", f"{hint} {remedy}".strip())
