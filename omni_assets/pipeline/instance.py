"""``python -m omni_assets.pipeline.instance``: the Dagster instance at ``DAGSTER_HOME``, told as one JSON document.

It is opened, and nothing of it is changed. Standard output gets the document and nothing else. Exits with 0, and with 2
where the instance cannot be opened: the document then has ``error`` alone.
"""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._daemon.controller import get_daemon_statuses

from omni_assets.credentials import redacted
from omni_assets.pipeline.topics.jobs import UNFINISHED

_MOST_NAMED = 20
_NOT_HAD = re.compile(r"PostProcessingError: (.+)")


def described(instance: dg.DagsterInstance) -> dict[str, Any]:
    """The document of an instance that is open.

    ``storages`` are revisions of schemas as they are and as this Dagster has them; ``heartbeat`` is when a daemon was
    alive last, in UTC; ``stopped`` are schedules and sensors that somebody switched off; ``retention`` says what of
    ticks is not kept forever.
    """
    return {
        "dagster": dg.__version__,
        "storages": _storages(instance),
        "daemons": _daemons(instance),
        "stopped": sorted(
            state.instigator_name
            for state in instance.all_instigator_state()
            if state.status is InstigatorStatus.STOPPED
        )[:_MOST_NAMED],
        "retention": sorted(instance.get_settings("retention") or ()),
        "runs": instance.get_runs_count(),
        "unfinished": instance.get_runs_count(dg.RunsFilter(statuses=UNFINISHED)),
    }


def why(error: Exception) -> str:
    """Why it does not open, on one line and without secrets of the environment. Of a ``dagster.yaml`` that cannot be
    used, only what is wrong with it: Dagster's own message begins with everything that it could hold. Of a storage that
    was tried in vain, what its driver said.
    """
    cause = error.__cause__ or error
    said = f"{type(cause).__name__}: {cause}"
    if isinstance(error, dg.DagsterInvalidConfigError):
        said = "; ".join(_flaw(each.message) for each in error.errors)
    return redacted(" ".join(said.split()))


def _flaw(message: str) -> str:
    """A value that could not be had, such as a variable that is not set, is told with its traceback: left out here."""
    found = _NOT_HAD.search(message)
    return found[1] if found else message


def main() -> int:
    """The whole command; gives the exit code."""
    # What any library prints must not end up in the document.
    document_to = os.dup(1)
    os.dup2(2, 1)
    try:
        with dg.DagsterInstance.get() as instance:
            document = described(instance)
    except Exception as error:  # noqa: BLE001 - Dagster's storages raise what their drivers do
        document = {"error": why(error)[:500]}
    with os.fdopen(document_to, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document) + "\n")
    return 2 if "error" in document else 0


def _storages(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    named = (
        ("runs", instance.run_storage),
        ("events", instance.event_log_storage),
        ("schedules", instance.schedule_storage),
    )
    found = ((name, storage.alembic_version()) for name, storage in named if storage is not None)
    return [{"name": name, "revision": at[0], "newest": at[1]} for name, at in found if at is not None]


def _daemons(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    statuses = get_daemon_statuses(instance, instance.get_required_daemon_types())
    return [
        {
            "name": name,
            "healthy": bool(status.healthy),
            "heartbeat": _moment(status.last_heartbeat.timestamp) if status.last_heartbeat else None,
            "errors": [error.message.strip()[:500] for error in status.last_heartbeat.errors or ()][:1]
            if status.last_heartbeat
            else [],
        }
        for name, status in sorted(statuses.items())
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(main())
