"""A plan as people read it before they approve it, and what became of its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from omni_assets.cli.tables import GAP, INDENT, Line, hanging, paragraph, unbroken
from omni_assets.cli.views.drift import drift_document, drift_name
from omni_assets.cli.words import spent
from omni_assets.contracts.text import columns, count, visible
from omni_assets.contracts.values import readable
from omni_assets.drift.plan import Action, Plan, Step, document, step_document
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.apply import Applied, Carried, StepOutcome
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.plan import Planned

_STYLES = {Verdict.AUTO_FIXABLE: "cyan", Verdict.NEEDS_APPROVAL: "yellow"}
_WORDS = {Verdict.AUTO_FIXABLE: "safe", Verdict.NEEDS_APPROVAL: "needs approval"}
_OUTCOMES = {StepOutcome.APPLIED: "green", StepOutcome.FAILED: "red", StepOutcome.UNCONFIRMED: "magenta"}
_ACTIONS = {
    Action.CREATE: "create",
    Action.ADD_PARTITIONS: "add partitions",
    Action.SET_CONFIG: "set",
    Action.CLEAR_CONFIG: "clear",
    Action.CHANGE_REPLICATION: "change replicas",
    Action.DELETE: "delete",
}


def plan_lines(planned: Planned, seconds: float, width: int | None) -> list[Line]:
    """Every step with its reason and consequence, what no step corrects, what holds the plan back, and the count."""
    lines = [line for step in planned.plan.steps for line in [*_step(step, width), []]]
    for row in planned.plan.surfaced:
        lines += hanging(f"left: {row.topic} {drift_name(row)}: {row.detail or row.explanation}", width, "dim")
    for brake in planned.brakes:
        lines += hanging(f"held back: {brake.message} {brake.remedy}", width, "bold red")
    return [*lines, *paragraph(f"{_sentence(planned.plan)} {unbroken(spent(seconds, planned.calls))}", width)]


def plan_document(planned: Planned) -> dict[str, Any]:
    """The plan as ``-o`` writes it, with the brakes that hold it back."""
    held = [{"kind": each.kind.value, "message": each.message, "remedy": each.remedy} for each in planned.brakes]
    return {**document(planned.plan), "brakes": held, "calls": planned.calls}


def written_sentence(path: str) -> str:
    """Where a plan was written to."""
    return f"omni: wrote the plan to {visible(path)}; `omni apply {visible(path)}` carries it out."


def acknowledged_sentence(planned: Planned) -> str:
    """What brakes compare with from now on."""
    topics = count(len(planned.seen.manifest.topics), "declared topic")
    return f"omni: from now on brakes compare with {topics} on {visible(cluster_of(planned.seen.snapshot))}."


def applied_lines(done: Applied, width: int | None) -> list[Line]:
    """What became of each step, the steps that were left, and what differs now."""
    lines = [line for each in done.carried for line in _carried(each, width)]
    for step in done.left:
        lines += hanging(f"left {step.id} {_change(step)}: {_why_left(step)}", width, "dim")
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in done.counts.items() if number)
    left = f"; {count(len(done.left), 'step')} left" if done.left else ""
    now = "" if done.after is None else f"; {count(len(done.after.rows), 'drift')} now"
    took = unbroken(spent(done.seconds, done.calls))
    return [*lines, *paragraph(f"{counts or 'nothing to do'}{left}{now} {took}", width)]


def applied_document(done: Applied) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "steps": [
            {**step_document(each.step), "outcome": each.outcome.value, "detail": each.detail or None}
            for each in done.carried
        ],
        "left": [step_document(step) for step in done.left],
        "counts": {**done.counts, "left": len(done.left)},
        "drift": None if done.after is None else [drift_document(row) for row in done.after.rows],
        "calls": done.calls,
        "seconds": done.seconds,
    }


def _step(step: Step, width: int | None) -> list[Line]:
    place = f" ({step.path}:{step.line})" if step.path else ""
    return [
        *_title(step, width),
        *paragraph(f"{step.reason}{place}", width, "", INDENT),
        *paragraph(step.consequence, width, "dim", INDENT),
    ]


def _title(step: Step, width: int | None) -> list[Line]:
    """The step's id, what it changes, and whether it is safe: beside that where it fits, else below."""
    margin = len(step.id) + GAP
    changes = paragraph(_change(step), width, "bold", margin)
    ((first, style),) = changes[0]
    lines = [[(step.id + first[len(step.id) :], style)], *changes[1:]]
    verdict = (_WORDS.get(step.verdict, step.verdict), _STYLES.get(step.verdict, ""))
    if width is None or sum(columns(text) for text, _ in lines[-1]) + GAP + len(verdict[0]) <= width:
        return [*lines[:-1], [*lines[-1], (" " * GAP, ""), verdict]]
    return [*lines, [(" " * margin, ""), verdict]]


def _change(step: Step) -> str:
    """``set retention.ms of NAME: 1d -> 7d``"""
    what = f"{_ACTIONS[step.action]} {step.field} of" if step.action in _FIELDS else _ACTIONS[step.action]
    values = f": {readable(step.field, step.before)} -> {readable(step.field, step.after)}"
    return f"{what} {step.topic}{values if step.action not in _WHOLE else ''}"


_FIELDS = frozenset({Action.SET_CONFIG, Action.CLEAR_CONFIG})
_WHOLE = frozenset({Action.CREATE, Action.DELETE})


def _carried(each: Carried, width: int | None) -> list[Line]:
    detail = f": {each.detail}" if each.detail else ""
    return paragraph(f"{each.outcome} {_change(each.step)}{detail}", width, _OUTCOMES[each.outcome])


def _why_left(step: Step) -> str:
    return "it is not among --only" if step.safe else f"it needs --approve {step.id}"


def _sentence(plan: Plan) -> str:
    if not plan.steps:
        return f"nothing to do{_left(plan.surfaced)}"
    counted = Counter(step.verdict for step in plan.steps)
    parts = ", ".join(f"{counted[verdict]:,} {_WORDS[verdict]}" for verdict in _WORDS if counted[verdict])
    return f"{count(len(plan.steps), 'step')} ({parts}){_left(plan.surfaced)}"


def _left(surfaced: Iterable[object]) -> str:
    number = len(tuple(surfaced))
    return f"; {count(number, 'drift')} that no step corrects" if number else ""
