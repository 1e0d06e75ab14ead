"""What a replay would do, and what it did."""

from __future__ import annotations

from typing import Any

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.broker.replays import Plan
from omni_assets.cli.tables import Line, paragraph, plain_row, table
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.agents.replaying import Replayed


def prepared_lines(plan: Plan, width: int | None) -> list[Line]:
    """What would be worked on again, by whom, and where what comes of it would go."""
    if not plan.spans:
        return paragraph(f"nothing of {plan.topic} lies there", width)
    key = "" if plan.key is None else f" of the key `{plan.key}`"
    into = f", into {plan.shadow}" if plan.shadow else ""
    title = f"{plan.topic}: at most {count(plan.most_records, 'record')}{key} for {', '.join(plan.nodes)}{into}"
    rows = [plain_row(str(each), str(span.start), str(span.stop)) for each, span in sorted(plan.spans.items())]
    return [*paragraph(title, width, "bold"), *table(("PARTITION", "FROM", "TO"), rows, width)]


def begun(plan: Plan) -> str:
    """What a person has to know before it ends."""
    return (
        f"omni: replay {plan.id} of at most {count(plan.most_records, 'record')}; where it is ended early, "
        f"`omni task replay --resume {plan.id}` goes on with it."
    )


def replayed_lines(done: Replayed, width: int | None) -> list[Line]:
    """What came of the tasks of each node."""
    lines: list[Line] = []
    for each in done.worked:
        outcomes = [f"{count(number, 'task')} {outcome}" for outcome, number in sorted(each.tasks.items())]
        lines += paragraph(f"{each.node}: {', '.join(outcomes) or 'nothing was left to do'}", width)
    if not done.left:
        return [*lines, *paragraph(f"replay {done.plan.id} has come to its end {spent(done.seconds)}", width)]
    return [*lines, *paragraph(f"replay {done.plan.id} has {count(done.left, 'offset')} left", width, "yellow")]


def document(plan: Plan, done: Replayed | None) -> dict[str, Any]:
    """The same for programs; without what was done, what would be."""
    worked = {} if done is None else {each.node: each.tasks for each in done.worked}
    nothing = done is None
    return {
        "version": 1,
        "replay": None if nothing else plan.id,
        "topic": plan.topic,
        "key": plan.key,
        "shadow": plan.shadow or None,
        "most_records": plan.most_records,
        "partitions": [
            {"partition": each, "start": span.start, "end": span.stop} for each, span in sorted(plan.spans.items())
        ],
        "nodes": {
            node: None if nothing else {outcome.value: worked.get(node, {}).get(outcome, 0) for outcome in TaskOutcome}
            for node in plan.nodes
        },
        "left": None if done is None else done.left,
        "seconds": None if done is None else done.seconds,
    }
