"""``python -m omni_assets.pipeline.reconcile``: one run of the job ``reconcile`` in this process.

The run is recorded in the Dagster instance at ``DAGSTER_HOME``, as a run from the UI would be. Standard output gets one
JSON document and nothing else; Dagster's log lines go to standard error. Exits with 0 where the run succeeded, else 2.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

import dagster as dg

from omni_assets.operations.outcomes import Outcome
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.observed import observed_run
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.run_processes import BEREFT, bereft_runs, living_tags
from omni_assets.pipeline.topics.jobs import BECAUSE, RECONCILE, UNFINISHED
from omni_assets.pipeline.topics.keys import APPLIED_CHANGES, DECLARED_TOPICS, PROVISIONED_TOPICS, TOPIC_DRIFT

_Metadata: TypeAlias = Mapping[str, dg.MetadataValue[Any]]

_VERDICT = "verdict_"
_FAILURE_REASON, _INTERRUPTED = "dagster/failure_reason", "UNEXPECTED_TERMINATION"
_QUIET = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}


def run(project: ProjectResource, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Run the job and give the document: what was written, what the checks found, and the error, if any.

    A run that is interrupted is recorded as canceled, and so is one whose process was killed before it could say so.
    Raises ``KeyboardInterrupt`` where this one was.
    """
    started = time.monotonic()
    _settle_runs_of_dead_processes(instance)
    job = build(project).resolve_job_def(RECONCILE)
    run_id = str(uuid.uuid4())
    try:
        with observed_run(RECONCILE, run_id, project.context):
            result = job.execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config=_QUIET,
                run_id=run_id,
                tags={BECAUSE: "omni", **living_tags(run_id, os.getpid())},
            )
    finally:
        interrupted = _settle(instance, instance.get_run_by_id(run_id))
    if interrupted:
        raise KeyboardInterrupt
    written = {
        event.asset_key: event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }
    judged = result.get_asset_check_evaluations()
    drift = written.get(TOPIC_DRIFT)
    contracts = written.get(DECLARED_TOPICS)
    provisioned = written.get(PROVISIONED_TOPICS)
    return {
        "run_id": result.run_id,
        "success": result.success,
        "seconds": round(time.monotonic() - started, 3),
        "events": len(instance.all_logs(result.run_id)),
        "materialized": [key.to_user_string() for key in written],
        "checks": {
            "passed": [each.check_name for each in judged if each.passed],
            "failed": [each.check_name for each in judged if not each.passed],
        },
        "declared_topics": _number(contracts, "dagster/row_count"),
        "contract_errors": _number(contracts, "contract_errors"),
        "contract_warnings": _number(contracts, "contract_warnings"),
        "observed_topics": _number(drift, "observed_topics"),
        "provisioned": _numbers(provisioned, tuple(Outcome)),
        "applied": _numbers(written.get(APPLIED_CHANGES), ("applied", "failed", "unconfirmed", "left", "waiting")),
        "drift": _verdicts(drift),
        "error": _sentence(result),
    }


def main() -> int:
    """The whole command; gives the exit code."""
    # What any library prints must not end up in the document.
    document_to = os.dup(1)
    os.dup2(2, 1)
    # As an exception, so that Dagster records that the run was interrupted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not os.environ.get("DAGSTER_HOME"):
        sys.stderr.write("omni: DAGSTER_HOME is not set, so the run would be recorded nowhere.\n")
        return 2
    try:
        with dg.DagsterInstance.get() as instance:
            document = run(ProjectResource(), instance)
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        return 130
    with os.fdopen(document_to, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document) + "\n")
    return 0 if document["success"] else 2


def _settle_runs_of_dead_processes(instance: dg.DagsterInstance) -> None:
    for each in bereft_runs(instance, UNFINISHED, RECONCILE):
        _settle(instance, each)


def _settle(instance: dg.DagsterInstance, run: dg.DagsterRun | None) -> bool:
    """Whether the process of a run was ended before the run was; the run is recorded as canceled then.

    One that has not ended with its process never would, and the sensors would wait for it. Dagster itself records an
    interruption that was not asked for in its UI as a failure.
    """
    if run is None or (run.is_finished and run.tags.get(_FAILURE_REASON) != _INTERRUPTED):
        return False
    instance.report_run_canceled(run, BEREFT)
    return True


def _sentence(result: dg.ExecuteInProcessResult) -> str | None:
    """Why the run failed, in the words of the error that a step raised."""
    for event in result.all_events:
        if event.is_step_failure:
            failed = event.step_failure_data
            if failed.user_failure_data is not None:
                return failed.user_failure_data.description
            return failed.error.message.strip() if failed.error else event.message
    return None if result.success else "the run ended without saying why."


def _verdicts(metadata: _Metadata | None) -> dict[str, int] | None:
    if metadata is None:
        return None
    names = [name for name in metadata if name.startswith(_VERDICT)]
    return {name.removeprefix(_VERDICT): _number(metadata, name) or 0 for name in names}


def _numbers(metadata: _Metadata | None, names: tuple[str, ...]) -> dict[str, int] | None:
    return None if metadata is None else {name: _number(metadata, name) or 0 for name in names}


def _number(metadata: _Metadata | None, name: str) -> int | None:
    value = metadata.get(name) if metadata is not None else None
    return value.value if isinstance(value, dg.IntMetadataValue) else None


if __name__ == "__main__":
    sys.exit(main())
