"""What Dagster itself knows to be wrong: checks that fail, and jobs whose last run failed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import dagster as dg

from omni_assets.operations.alerts.alert import Kind, Look, Severity
from omni_assets.operations.alerts.wrong import FailedCheck, FailedRun, check_alerts, run_alerts
from omni_assets.pipeline.agents.checks import NO_DEAD_LETTERS, NOBODY_WAITED_FOR
from omni_assets.pipeline.topics.keys import TOPIC_DRIFT

TOLD_OTHERWISE = frozenset({NO_DEAD_LETTERS, NOBODY_WAITED_FOR})
"""Checks of which an alert of another kind tells more; those on ``topic_drift`` are told by verdict and owner."""

_UNEXPLAINED = "its page in Dagster says why."
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def look_at_checks(instance: dg.DagsterInstance, keys: Collection[dg.AssetCheckKey]) -> Look:
    """The checks whose last result is that they fail. One that is being judged anew counts as it did before."""
    watched = [key for key in sorted(keys) if key.asset_key != TOPIC_DRIFT and key.name not in TOLD_OTHERWISE]
    return Look(frozenset({Kind.CHECK}), check_alerts(_failed_checks(instance, watched)))


def look_at_runs(instance: dg.DagsterInstance, jobs: Collection[str]) -> Look:
    """The jobs whose last run failed. One that was canceled says nothing."""
    return Look(frozenset({Kind.RUN}), run_alerts(_failed_runs(instance, sorted(jobs))))


def _failed_checks(instance: dg.DagsterInstance, keys: list[dg.AssetCheckKey]) -> Iterator[FailedCheck]:
    summaries = instance.event_log_storage.get_asset_check_summary_records(keys)
    for key in keys:
        summary = summaries.get(key)
        last = summary.last_completed_check_execution_record if summary is not None else None
        event = last.event.dagster_event if last is not None and last.event is not None else None
        result = event.event_specific_data if event is not None else None
        if isinstance(result, dg.AssetCheckEvaluation) and not result.passed:
            severity = Severity.ERROR if result.severity is dg.AssetCheckSeverity.ERROR else Severity.WARNING
            yield FailedCheck(key.asset_key.to_user_string(), key.name, severity, result.description or "")


def _failed_runs(instance: dg.DagsterInstance, jobs: list[str]) -> Iterator[FailedRun]:
    for job in jobs:
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=_ENDED), limit=1):
            if run.status is dg.DagsterRunStatus.FAILURE:
                yield FailedRun(job, run.run_id, _why(instance, run.run_id))


def _why(instance: dg.DagsterInstance, run_id: str) -> str:
    """The sentence that a step failed with. Whatever else an exception says may hold anything, and is not told."""
    for event in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        failed = event.dagster_event.step_failure_data if event.dagster_event is not None else None
        said = failed.user_failure_data if failed is not None else None
        if said is not None and said.description:
            return said.description
    return _UNEXPLAINED
