"""The job ``apply_plan``: a person approves steps in the launchpad, and a run carries them out."""

import os
from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from omni_assets.contracts.model import Manifest
from omni_assets.drift.plan import EVERYTHING, Plan, idle
from omni_assets.errors import InputError
from omni_assets.operations.apply import apply
from omni_assets.operations.context import Context
from omni_assets.operations.plan import acknowledge, make_plan, read_plan
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics.changes import changes_metadata, trouble_sentence, troubled
from omni_assets.pipeline.topics.history import pages, turned
from omni_assets.pipeline.topics.keys import APPLIED_CHANGES, BROKER_POOL

APPLY_PLAN = "apply_plan"
PLAN_NOW = "plan now"


class PlanToApply(dg.Config):
    """Which plan, and which of its steps."""

    plan: str = Field(
        default=PLAN_NOW,
        description="Path of a plan that `omni plan -o FILE` wrote, as seen from the project's folder on the machine "
        f"that runs this; or `{PLAN_NOW}`: made from what differs when the run starts.",
    )
    approve: list[str] = Field(
        default_factory=list,
        description="The steps that you approve: a step's id or a topic, as `applied_changes` lists them under "
        f"`left_to_people`; or `{EVERYTHING}` for every step but deletions, with the path of a plan that you have "
        "read. Empty: only what is safe.",
    )
    acknowledge: bool = Field(
        default=False,
        description="Say that the contracts and the cluster as they are now are those that are meant, where a brake "
        "says otherwise: it compares with them from then on. Read first what it says.",
    )
    only: list[str] = Field(
        default_factory=list,
        description="Patterns of topics, such as `onex.evt.router.*`: no other topic is touched. Empty: all topics.",
    )


@dg.op(
    pool=BROKER_POOL,
    description="Reads or makes the plan, refuses one that is stale, edited or of another cluster, carries out what is "
    "safe or approved, and reads back what became of each step.",
)
def carry_out_plan(context: dg.OpExecutionContext, config: PlanToApply, project: ProjectResource) -> None:
    with one_sentence():
        where = project.context()
        manifest = where.manifest()
        if config.acknowledge:
            acknowledge(where, make_plan(where, manifest))
        plan = _plan(where, manifest, config)
        _require_known(plan, config.approve)
        applied = apply(where, manifest, plan, config.approve, config.only)
    metadata = changes_metadata(where, applied)
    if applied.after is not None:
        with one_sentence():
            news = turned(where, applied.after, applied.carried, context.instance)
            for page in pages(where, applied.after, applied.carried, news, context.instance):
                context.log_event(page)
        metadata |= news.metadata
    context.log_event(dg.AssetMaterialization(APPLIED_CHANGES, metadata=metadata))
    if troubled(applied):
        raise dg.Failure(trouble_sentence(applied), allow_retries=False)


@dg.job(
    name=APPLY_PLAN,
    config=dg.RunConfig(ops={carry_out_plan.name: PlanToApply()}),
    description="Carries out a plan with your approvals. Open the launchpad, say which plan and which steps you "
    "approve, and launch. A plan that does not fit what is there now is refused, and nothing is changed. What became "
    "of each step is a materialization of `applied_changes`.",
)
def apply_plan() -> None:
    carry_out_plan()


def _plan(where: Context, manifest: Manifest, config: PlanToApply) -> Plan:
    if config.plan.strip() in ("", PLAN_NOW):
        if EVERYTHING in config.approve:
            raise InputError(
                f"`{EVERYTHING}` approves the steps of a plan that was read, and this one is made now.",
                "Approve steps by id or by topic, or write a plan with `omni plan -o FILE` and give its path.",
            )
        return make_plan(where, manifest).plan
    return read_plan(os.path.join(where.settings.root, config.plan))


def _require_known(plan: Plan, approvals: Sequence[str]) -> None:
    """Most likely a slip of the pen, or of a plan that is done."""
    unknown = idle(plan, approvals)
    if unknown:
        raise InputError(
            f"the plan has no step and no topic `{unknown[0]}`.", "`omni plan` lists the steps with their ids."
        )
