"""What is told of a run: a span in the trace whose id is the run's, lines of a log, and how the project stands then."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import dagster as dg

from omni_assets.operations.context import Context
from omni_assets.operations.standing import standing
from omni_assets.pipeline.gauged import by_the_location
from omni_assets.pipeline.run_processes import living_tags
from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import facts, logs, signals
from omni_assets.telemetry.opening import told_elsewhere
from omni_assets.telemetry.trace_context import NewTrace

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan
    from dagster._core.execution.retries import RetryMode
    from dagster._core.execution.step_dependency_config import StepDependencyConfig

_log = logging.getLogger(__name__)


@contextmanager
def observed_run(job: str, run_id: str, where: Callable[[], Context]) -> Iterator[None]:
    """A run of the job goes on within, on the project that ``where`` resolves. How that stands is told at its end,
    unless the code location does it. Raises ``SettingsError`` where ``OMNI_LOG_FORMAT`` names no format.
    """
    logs.begin(logs.stated(os.environ))
    attributes = {names.CICD_PIPELINE_NAME: job, names.CICD_PIPELINE_RUN_ID: run_id}
    with (
        told_elsewhere(_log.warning),
        facts.about(run=run_id),
        signals.span(f"run {job}", attributes=attributes, origin=NewTrace(UUID(run_id).hex)),
    ):
        if not by_the_location():
            signals.watch(lambda: standing(where))
        yield


class _Observed(dg.Executor):
    """Executes as another executor does, and tells of the run, in which process it lives among the rest."""

    def __init__(self, executor: dg.Executor, where: Callable[[], Context]) -> None:
        self._executor = executor
        self._where = where

    @property
    def retries(self) -> RetryMode:
        return self._executor.retries

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        return self._executor.step_dependency_config

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        run = plan_context.dagster_run
        plan_context.instance.add_run_tags(run.run_id, living_tags(run.run_id, os.getpid()))
        with observed_run(run.job_name, run.run_id, self._where):
            yield from self._executor.execute(plan_context, execution_plan)


def observed_in_process(where: Callable[[], Context]) -> dg.ExecutorDefinition:
    """The executor of runs: all steps in one process, as Dagster's own does it, which is given its config. Raises
    ``RuntimeError`` where Dagster does not say how that is made.
    """
    inner = dg.in_process_executor
    create = inner.executor_creation_fn
    if create is None:
        raise RuntimeError("Dagster does not say how its executor is made")
    return dg.ExecutorDefinition(
        name=inner.name,
        config_schema=inner.config_schema.as_field(),
        executor_creation_fn=lambda context: _Observed(create(context), where),
    )
