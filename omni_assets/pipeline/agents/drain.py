"""The job ``agent_tasks``: a run works on all that waits for some nodes, and tells what became of it.

A run for each task would take longer to start than most tasks take: one run joins the groups of its nodes, works until
nothing is left, and ends. What it did counts whatever becomes of the run itself, since results, receipts and positions
are committed together.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from pydantic import Field

from omni_assets.broker.replays import Plan
from omni_assets.contracts.text import count
from omni_assets.errors import OmniError
from omni_assets.operations.agents.node_groups import node_groups
from omni_assets.operations.agents.ranges import BEGINNING, read_bound
from omni_assets.operations.agents.replaying import Replayed, ReplayRequest, go_on, replay, resumable
from omni_assets.operations.agents.working import CONCURRENCY, Worked, work
from omni_assets.operations.context import Context
from omni_assets.operations.routing.running import run_to_end
from omni_assets.pipeline.agents.checks import evaluation, judged
from omni_assets.pipeline.agents.runs import AGENT_TASKS, group_tags, worked_tags
from omni_assets.pipeline.agents.telling import tell
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.run_processes import living_tags

MOST_CONCURRENCY = 1_000
"""Most handlers that a run calls at once."""

MOST_MINUTES = 45
"""Most minutes that a run works: Dagster ends those that take an hour."""

_REPLAY, _SECONDS_IN_A_MINUTE = "omni/replay", 60


class RecordsToReplay(dg.Config):
    """Which records are worked on again."""

    topic: str = Field(default="", description="The topic whose records are worked on again. Empty: none are.")
    start: str = Field(
        default=BEGINNING,
        description="From where: a moment such as 2026-03-01T12:00 (UTC where it names no zone), an age such as 2h, "
        f"`{BEGINNING}`, or positions such as 0:1200,2:1180 (partition:offset).",
    )
    end: str = Field(
        default="", description="Up to where, and without it: written like `start`. Empty: what is there now."
    )
    key: str = Field(default="", description="Only the records of this key. Empty: those of every key.")
    shadow: str = Field(
        default="",
        description="A topic that all results go to, and nowhere else; nobody may subscribe it. Empty: where they "
        "always go.",
    )
    with_effects: bool = Field(
        default=False,
        description="Nodes that have effects outside the bus, such as a merge, take part. What is found to have "
        "happened is not repeated.",
    )
    resume: str = Field(
        default="",
        description="Go on with this replay, which did not come to its end, by its id: nothing else is asked then.",
    )

    @property
    def asked(self) -> bool:
        """Whether there is anything to work on again."""
        return bool(self.topic.strip() or self.resume.strip())


class TasksToWorkOn(dg.Config):
    """For which nodes, and what."""

    nodes: list[str] = Field(
        default_factory=list, description="Work for these nodes. Empty: for all that have a handler."
    )
    slot: int = Field(
        default=0, ge=0, le=999, description="Which of several workers this is; a later one takes its seat over."
    )
    concurrency: int = Field(
        default=CONCURRENCY, ge=1, le=MOST_CONCURRENCY, description="Most handlers that run at once."
    )
    minutes: int = Field(
        default=30,
        ge=1,
        le=MOST_MINUTES,
        description="End after so many minutes, although more waits: the next run goes on. What is under way then is "
        "begun anew by that one.",
    )
    replay: RecordsToReplay = Field(
        default_factory=RecordsToReplay,
        description="Instead of what waits, records that were worked on before, where it names a topic: each gets a "
        "receipt of its own, which points to the earlier one. Live work is not touched by it.",
    )


def drain_config(nodes: Sequence[str], slot: int) -> dict[str, Any]:
    """What a run is given that works on what waits for these nodes."""
    return {"ops": {work_on_tasks.name: {"config": {"nodes": list(nodes), "slot": slot}}}}


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Joins the groups of the nodes and works on their records until nothing is left: those of one key in "
    "their order, others side by side. Results, receipts and positions are committed together. A task that fails is no "
    "failed run: its receipt says why.",
)
def work_on_tasks(context: dg.OpExecutionContext, config: TasksToWorkOn, project: ProjectResource) -> None:
    with one_sentence():
        where = project.context()
        try:
            worked = run_to_end(_worked(context, where, config))
        except OmniError:
            _tell_anyway(context, where)
            raise
    for each in worked:
        outcomes = [f"{count(number, 'task')} {outcome}" for outcome, number in sorted(each.tasks.items())]
        context.log.info(f"{each.node}: {', '.join(outcomes) or 'nothing was left to do'}.")


@dg.op(
    ins={"worked": dg.In(dg.Nothing)},
    description="Projects the ledger, and materializes `agents/tasks`: each receipt once, whichever run worked on it. "
    "The checks are judged by what is known then.",
)
def tell_of_tasks(context: dg.OpExecutionContext, project: ProjectResource) -> None:
    with one_sentence():
        where = project.context()
        _tell(context, where)
        for each in judged(where):
            event: Any = evaluation(each)  # its annotation does not say so, and it takes one all the same
            context.log_event(event)


@dg.job(
    name=AGENT_TASKS,
    config=dg.RunConfig(ops={work_on_tasks.name: TasksToWorkOn()}),
    description="Works on what waits for the nodes that have handlers, until nothing is left. The sensor `agent_inbox` "
    "launches it; open the launchpad to do so yourself, or to have records worked on again. What became of each task "
    "is a materialization of `agents/tasks`.",
)
def agent_tasks() -> None:
    tell_of_tasks(work_on_tasks())


async def _worked(context: dg.OpExecutionContext, where: Context, config: TasksToWorkOn) -> tuple[Worked, ...]:
    """What was done in the time that the run has."""
    limit = asyncio.timeout(_SECONDS_IN_A_MINUTE * config.minutes)
    try:
        async with limit:
            return await (_replayed if config.replay.asked else _drained)(context, where, config)
    except TimeoutError:
        if not limit.expired():
            raise
        context.log.info(f"It ends after {count(config.minutes, 'minute')}. Execute a replay again to go on with it.")
        return ()


async def _drained(context: dg.OpExecutionContext, where: Context, config: TasksToWorkOn) -> tuple[Worked, ...]:
    groups = [
        group.name
        for group in node_groups(where.manifest(), where.settings.agents)
        if not config.nodes or not set(group.nodes).isdisjoint(config.nodes)
    ]
    # Here too: a Dagster project that has this job by a component has an executor of its own.
    _tag(context, {**group_tags(groups, config.slot), **living_tags(context.run_id, os.getpid())})
    worked = await work(where, nodes=config.nodes, slot=config.slot, concurrency=config.concurrency, drain=True)
    _tag(context, worked_tags(groups))
    return worked


async def _replayed(context: dg.OpExecutionContext, where: Context, config: TasksToWorkOn) -> tuple[Worked, ...]:
    """The replay that is asked for, or the rest of it, where this run repeats one that has begun it."""
    asked = config.replay
    begun = asked.resume.strip() or _begun(context)

    def tag(plan: Plan) -> None:
        _tag(context, {_REPLAY: plan.id})
        context.log.info(f"This is the replay {plan.id}: with that as `resume`, it is gone on with.")

    if begun:
        plan = await asyncio.to_thread(resumable, where, begun)
        done = await go_on(where, plan, concurrency=config.concurrency)
    else:
        done = await replay(where, _request(config.nodes, asked), concurrency=config.concurrency, begun=tag)
    _say(context, done)
    return done.worked


def _begun(context: dg.OpExecutionContext) -> str:
    """The replay that was begun by this step, or by the run that this one repeats; it has that one's tags."""
    repeats = context.retry_number > 0 or context.run.parent_run_id is not None
    own = context.instance.get_run_by_id(context.run_id) if repeats else None
    return own.tags.get(_REPLAY, "") if own is not None else ""


def _request(nodes: Sequence[str], asked: RecordsToReplay) -> ReplayRequest:
    now = datetime.now(UTC)
    return ReplayRequest(
        asked.topic.strip(),
        read_bound(asked.start, now),
        read_bound(asked.end, now) if asked.end else None,
        tuple(nodes),
        asked.key or None,
        asked.shadow.strip(),
        asked.with_effects,
    )


def _say(context: dg.OpExecutionContext, done: Replayed) -> None:
    if done.left:
        context.log.warning(f"{count(done.left, 'offset')} of the replay {done.plan.id} are left: resume it.")
    if done.kept:
        context.log.warning(f"The broker still keeps the plan of the replay {done.plan.id}: {done.kept}")


def _tag(context: dg.OpExecutionContext, tags: dict[str, Any]) -> None:
    context.instance.add_run_tags(context.run_id, tags)


def _tell_anyway(context: dg.OpExecutionContext, where: Context) -> None:
    """What was committed before work came to a bad end."""
    try:
        _tell(context, where)
    except OmniError as error:
        context.log.warning(f"What became of tasks is not told yet: {error}")


def _tell(context: dg.OpExecutionContext, where: Context) -> None:
    told = tell(where, where.manifest(), context.instance, context.log_event)
    if told is None:
        context.log.warning("There is no ledger to project: `omni check` says why.")
    elif told.projected.tasks:
        context.log.info(f"{count(told.projected.tasks, 'receipt')} projected, told in {count(told.events, 'event')}.")
