"""Tasks in the order of their chains, as trees are read, and what each has to say of itself. Pure.

The tree is that of ``omni task show``; only here a task may be left out, and what follows from it says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.contracts.faults import short
from omni_assets.contracts.text import count
from omni_assets.operations.agents.chains import IN_WORDS, How, Step, placed
from omni_assets.projection.rows import CallsRow, LinkedTask

MOST_LINES = 12
"""Attempts, results or effects of a task that are listed at most."""

_LONGEST = 240
_CUT_OFF = "what came before it is not in this report"


@dataclass(frozen=True, slots=True)
class Linked:
    """A task with its chain, how many steps below a beginning it stands there, and how it came about where that was not
    by an event of the task above it."""

    task: LinkedTask
    chain: str
    depth: int
    how: str | None


def linked(tasks: Iterable[LinkedTask]) -> tuple[Linked, ...]:
    """All tasks, chain by chain in the order in which they first name one, each behind the one above it.

    Those of a chain that stand side by side have the order in which they began.
    """
    chains: defaultdict[str, list[LinkedTask]] = defaultdict(list)
    for each in tasks:
        chains[_chain(each)].append(each)
    return tuple(link for name, members in chains.items() for link in _links(name, members))


def attempts_lines(task: LinkedTask) -> str | None:
    """An attempt on each line where they say more than the task's own end does."""
    if len(task.reasons) == 1 and task.reasons[0] == task.reason:
        return None
    tried = zip(task.seconds, task.reasons, strict=True)
    return _lines(f"{duration(seconds)}: {reason or 'did its work'}" for seconds, reason in tried)


def published_lines(task: LinkedTask) -> str | None:
    """The topics of the events that it published, with how many where those are more than one."""
    counted = Counter(task.published)
    return _lines(topic if number == 1 else f"{topic} ({number:,} events)" for topic, number in counted.items())


def effects_lines(task: LinkedTask) -> str | None:
    """What it did outside the bus, and how that came about."""
    return _lines(f"{name}: {how}" for name, how in zip(task.effects, task.effect_outcomes, strict=True))


def approval_words(task: LinkedTask) -> str | None:
    """What was asked of a person, or answered by one."""
    if task.approval is None:
        return None
    if task.approval_answer is not None:
        return f"{task.approval_answer} by {task.approval_by}"
    return "a person is asked" if task.outcome == TaskOutcome.WAITING else "a person was asked"


def calls_lines(calls: CallsRow | None) -> str | None:
    """The models that were called for a routed task, in their order, and what came of each call."""
    if calls is None:
        return None
    parts = zip(calls.models, calls.outcomes, calls.reasons, strict=True)
    return _lines(f"{model}: {outcome}{f' ({why})' if why else ''}" for model, outcome, why in parts)


def duration(seconds: float) -> str:
    """``4.00 s``, and below a tenth of a second ``82 ms``."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{max(seconds, 0) * 1000:.0f} ms"


def _chain(task: LinkedTask) -> str:
    """What the tasks of one beginning share: records that are no events have no correlation."""
    return task.correlation_id or task.replay_of or task.requeue_of or task.id


def _links(chain: str, members: list[LinkedTask]) -> Iterator[Linked]:
    members.sort(key=lambda each: (each.started_at, each.ledger_partition, each.ledger_position, each.id))
    known = {each.id: each for each in members}
    for place in placed([*map(_step, members)]):
        task = known[place.id]
        cut_off = place.how is How.BEGINNING and task.correlation_id not in ("", task.event_id)
        yield Linked(task, chain, place.depth, _CUT_OFF if cut_off else IN_WORDS.get(place.how))


def _step(task: LinkedTask) -> Step:
    answered = task.approval_answer is not None
    return Step(
        task.id,
        task.event_id,
        task.results,
        task.duplicate_of,
        task.requeue_of,
        task.replay_of,
        asks=None if answered else task.approval,
        answers=task.approval if answered else None,
    )


def _lines(parts: Iterable[str]) -> str | None:
    """Each on a line of its own; ``None`` where there is none."""
    lines = [short(part, _LONGEST).replace("\n", " ") for part in parts]
    if len(lines) < 2:
        return lines[0] if lines else None
    more = [f"and {count(len(lines) - MOST_LINES, 'more line')}"] if len(lines) > MOST_LINES else []
    return "\n".join(lines[:MOST_LINES] + more)
