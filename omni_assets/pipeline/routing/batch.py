"""The job ``route_tasks``: a run does many tasks, in one op with its own concurrency.

A run for each task would take longer to start than most tasks take. A run that repeats another one, or a step that is
tried again, does not ask anything of a task that has its receipt already, and tells of no receipt twice.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from omni_assets.errors import StateError
from omni_assets.operations.context import Context
from omni_assets.operations.routing.ledger import findings
from omni_assets.operations.routing.running import CONCURRENCY, run_tasks, run_to_end
from omni_assets.operations.routing.tasks import Placed, read_tasks
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.routing.given import GivenTask
from omni_assets.pipeline.routing.receipts import telling, told
from omni_assets.projection.rows import ReceiptSummary
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import Outcome
from omni_assets.router.runtime import Done
from omni_assets.router.task import Task

ROUTE_TASKS = "route_tasks"

MOST_CONCURRENCY = 256
"""Most tasks that a run does at once."""

_TOLD_ON_THE_WAY = 10
_MOST_SINCE = 1_000_000


class TasksToRoute(dg.Config):
    """Which tasks, and how many at once."""

    files: list[str] = Field(
        default_factory=list,
        description="Files of tasks, as seen from the project's folder on the machine that runs this: a JSON object, "
        "a list of them, or an object a line. `omni route run` takes the same.",
    )
    tasks: list[GivenTask] = Field(
        default_factory=list,
        description="Further tasks, written here. Dagster keeps what stands in a launchpad and shows it: a text that "
        "must not be kept belongs in a file.",
    )
    concurrency: int = Field(
        default=CONCURRENCY,
        ge=1,
        le=MOST_CONCURRENCY,
        description="Most tasks at once. Endpoints have limits of their own, which hold besides.",
    )


@dg.op(
    description="Does the tasks: the cheapest model that can, its output checked before it counts, and a receipt for "
    "each, which is remembered while others run, and published to the ledger at the end. A task that fails is no "
    "failed run: its receipt says why.",
)
def do_tasks(context: dg.OpExecutionContext, config: TasksToRoute, project: ProjectResource) -> None:
    with one_sentence():
        where = project.context()
        tasks = _tasks(where, config)
        before = _before(context)
        earlier = _earlier(where, tasks, before)
        ids = {each.id for each in earlier}
        # What was cancelled is done again.
        done = {each.task_id for each in earlier if each.outcome != Outcome.CANCELLED}
        left = [task for task in tasks if task.id not in done]
        if done:
            context.log.info(f"{len(done):,} of {len(tasks):,} tasks have their receipt from before.")
        if left:
            progress = _Progress(context, len(left))
            ran = run_to_end(run_tasks(where, left, concurrency=config.concurrency, told=progress.tell))
            ids |= {each.receipt.id for each in ran.done}
            for sentence in findings(ran.publishing):
                context.log.warning(sentence)
        receipts = [each for each in _receipts_since(where, before.began) if each.id in ids]
    for event in telling(where, receipts, told(context.instance, before.runs)):
        context.log_event(event)


@dg.job(
    name=ROUTE_TASKS,
    config=dg.RunConfig(ops={do_tasks.name: TasksToRoute()}),
    description="Does a batch of tasks, each on the cheapest model that can. Open the launchpad, name files of tasks "
    "or write some, and launch. What became of each is a materialization of `agents/receipts`. Running it again does "
    "what has no receipt yet; to do all of it anew, launch a new run.",
)
def route_tasks() -> None:
    do_tasks()


@dataclass(frozen=True, slots=True)
class _Before:
    """This run and those that it repeats, and when the first of them began. ``repeats``: there may be receipts."""

    runs: tuple[str, ...]
    began: datetime
    repeats: bool


def _before(context: dg.OpExecutionContext) -> _Before:
    """Raises ``StateError`` where it cannot be known what was done: a run is gone, or not at its end."""
    root = context.run.root_run_id or context.run_id
    first = context.instance.get_run_record_by_id(root)
    if first is None:
        raise StateError(
            f"Dagster has no run {root} any more, which this one repeats, so that it is not known what that one did.",
            "Launch a new run.",
        )
    began = first.create_timestamp if first.create_timestamp.tzinfo else first.create_timestamp.replace(tzinfo=UTC)
    # Not by the tag of the root, which a run that was launched from Python does not have.
    later = context.instance.get_runs(dg.RunsFilter(job_name=context.job_name, created_after=began))
    same = [first.dagster_run, *(run for run in later if run.root_run_id == root)]
    busy = next((run.run_id for run in same if not run.is_finished and run.run_id != context.run_id), None)
    if busy is not None:
        raise StateError(
            f"The run {busy} does the same tasks, and has not ended.",
            "Wait for it, or terminate it: by force where its process is gone.",
        )
    return _Before(
        runs=tuple(run.run_id for run in same),
        began=began,
        repeats=context.retry_number > 0 or root != context.run_id,
    )


def _earlier(where: Context, tasks: Sequence[Task], before: _Before) -> list[ReceiptSummary]:
    """The receipts that these tasks have from the runs that this one repeats."""
    if not before.repeats:
        return []
    asked = {task.id for task in tasks}
    return [each for each in _receipts_since(where, before.began) if each.task_id in asked]


def _receipts_since(where: Context, began: datetime) -> tuple[ReceiptSummary, ...]:
    return Projection(where.home).receipts(since=began, limit=_MOST_SINCE)


def _tasks(where: Context, config: TasksToRoute) -> tuple[Task, ...]:
    """The tasks of the files and of the launchpad. Raises ``TaskUnusable``."""
    given = (
        Placed(f"tasks[{index}] of the launchpad", each.model_dump(exclude_none=True))
        for index, each in enumerate(config.tasks)
    )
    return read_tasks([os.path.join(where.settings.root, path) for path in config.files], given)


class _Progress:
    """Says now and then how far a batch has come."""

    def __init__(self, context: dg.OpExecutionContext, tasks: int) -> None:
        self._context = context
        self._tasks = tasks
        self._done = 0

    def tell(self, _: Done) -> None:
        """One more is done."""
        self._done += 1
        before, now = ((number * _TOLD_ON_THE_WAY) // self._tasks for number in (self._done - 1, self._done))
        if now > before:
            self._context.log.info(f"{self._done:,} of {self._tasks:,} tasks are done.")
