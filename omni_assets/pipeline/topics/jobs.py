"""The job ``reconcile``: do what is safe, then say what differs. Hourly, and whenever a sensor asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from omni_assets.pipeline.topics.keys import TABLES

RECONCILE = "reconcile"

BECAUSE = "omni/because"
"""The tag that says what asked for a run."""

reconcile = dg.define_asset_job(
    RECONCILE,
    selection=dg.AssetSelection.assets(*TABLES),
    description="Reads the contracts, creates the declared topics that the broker does not have, corrects what is safe "
    "to correct, observes the broker and projects what differs. The rest is surfaced as drift with a verdict, and what "
    "needs an approval waits for the job `apply_plan`.",
)

hourly = dg.ScheduleDefinition(
    name="reconcile_hourly",
    job=reconcile,
    cron_schedule="0 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Reconciles every hour, so that drift is found although nobody changed a contract.",
)

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

LONGEST_RUN = timedelta(hours=1)
"""After this long a run that has not ended no longer counts: whatever ran it may have been killed."""


def active_run(instance: dg.DagsterInstance) -> str | None:
    """The id of a ``reconcile`` run that is waiting or under way, if there is one."""
    recent = dg.RunsFilter(job_name=RECONCILE, statuses=UNFINISHED, created_after=datetime.now(UTC) - LONGEST_RUN)
    found: Sequence[dg.DagsterRun] = instance.get_runs(recent, limit=1)
    return found[0].run_id if found else None


def last_run(instance: dg.DagsterInstance, tags: Mapping[str, str]) -> dg.DagsterRun | None:
    """The newest ``reconcile`` run with these tags, if there is one."""
    found: Sequence[dg.DagsterRun] = instance.get_runs(dg.RunsFilter(job_name=RECONCILE, tags=tags), limit=1)
    return found[0] if found else None
