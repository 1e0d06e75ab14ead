"""What can be wrong with tasks on the bus: a check for each, listing what is."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.operations.context import Context
from omni_assets.pipeline.agents.keys import TASKS
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics.metadata import Column, Metadata, preview
from omni_assets.projection.rows import RepeatRow, TaskRow
from omni_assets.projection.store import Projection

LATELY = timedelta(days=1)
"""How long ago a task may have failed that is listed."""

ENDED_ONCE = "every_task_ended_once"
NO_DEAD_LETTERS = "no_dead_letters_lately"
NOBODY_WAITED_FOR = "nothing_waits_for_a_person_for_long"

_MOST = 10_000
_DESCRIPTIONS: Mapping[str, str] = {
    ENDED_ONCE: "The ledger has one receipt of each task. A second one would mean that a task was worked on twice, or "
    "ended in two ways: what came of it may then be there twice, too.",
    NO_DEAD_LETTERS: "No task failed in the last 24 hours, those aside that were given again. `omni task dlq` shows "
    "the letters, and gives them again.",
    NOBODY_WAITED_FOR: "No question to a person waits for longer than `agents.answer_within`. `omni task approve` and "
    "`omni task reject` answer it.",
}


def specs() -> list[dg.AssetCheckSpec]:
    """All checks over tasks."""
    return [dg.AssetCheckSpec(name, asset=TASKS, description=said) for name, said in _DESCRIPTIONS.items()]


@dg.multi_asset_check(
    name="task_checks",
    specs=specs(),
    can_subset=True,
    description="Judges by what is projected. The job `agent_tasks` does so at its end.",
)
def task_checks(context: dg.AssetCheckExecutionContext, project: ProjectResource) -> Iterator[dg.AssetCheckResult]:
    wanted = {key.name for key in context.selected_asset_check_keys}
    with one_sentence():
        results = [each for each in judged(project.context()) if each.check_name in wanted]
    yield from results


def judged(where: Context) -> Iterator[dg.AssetCheckResult]:
    """A result for each check, by what is projected. Raises ``StateError``."""
    projection, now = Projection(where.home), datetime.now(UTC)
    repeats = projection.task_repeats(_MOST)
    yield _listed(
        ENDED_ONCE,
        dg.AssetCheckSeverity.ERROR,
        preview("receipts_once_more", _REPEATS, map(_repeat, repeats)),
        len(repeats),
        f"{count(len(repeats), 'receipt')} in the ledger once more" if repeats else "every task has one receipt",
    )
    failed = projection.tasks_failed(now - LATELY, _MOST)
    yield _listed(
        NO_DEAD_LETTERS,
        dg.AssetCheckSeverity.WARN,
        preview("failed_tasks", _TASKS, map(_task, failed), "see `omni task list`"),
        len(failed),
        f"{count(len(failed), 'task')} failed lately" if failed else "no task failed lately",
    )
    within = where.settings.agents.answer_within
    waiting = projection.tasks_unanswered(now - within, _MOST)
    yield _listed(
        NOBODY_WAITED_FOR,
        dg.AssetCheckSeverity.WARN,
        preview("waiting_tasks", _TASKS, map(_task, waiting), "see `omni task approvals`"),
        len(waiting),
        f"{count(len(waiting), 'task')} waiting for a person for longer than {within}"
        if waiting
        else f"no task waits for a person for longer than {within}",
    )


def evaluation(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """A result as an event for the log."""
    return dg.AssetCheckEvaluation(
        asset_key=TASKS,
        check_name=result.check_name or "",
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
    )


def _listed(
    name: str, severity: dg.AssetCheckSeverity, table: Metadata, offending: int, said: str
) -> dg.AssetCheckResult:
    """A check that passes where nothing offends."""
    return dg.AssetCheckResult(
        passed=not offending,
        asset_key=TASKS,
        check_name=name,
        severity=severity,
        description=said,
        metadata={"tasks": dg.MetadataValue.int(offending), **(table if offending else {})},
    )


_REPEATS = (Column("receipt"), Column("outcome"), Column("ledger"), Column("ledger_position", "int"))
_TASKS = (
    Column("ended_at"),
    Column("node"),
    Column("record"),
    Column("outcome"),
    Column("reason"),
    Column("receipt"),
)


def _repeat(each: RepeatRow) -> dict[str, str | int]:
    return {
        "receipt": each.id,
        "outcome": each.outcome,
        "ledger": f"{each.ledger}/{each.ledger_partition}",
        "ledger_position": each.ledger_position,
    }


def _task(each: TaskRow) -> dict[str, str]:
    return {
        "ended_at": each.ended_at.isoformat(" ", "seconds"),
        "node": each.node,
        "record": f"{each.topic}/{each.partition}/{each.position}",
        "outcome": each.outcome,
        "reason": each.reason,
        "receipt": each.id,
    }
