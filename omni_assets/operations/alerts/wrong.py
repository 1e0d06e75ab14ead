"""What is wrong, in words: from what was seen to alerts. Pure.

Names from contracts and brokers are untrusted: whatever stands in an alert is visible, and of bounded length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from omni_assets.contracts.text import count, visible
from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.lasting import lasting
from omni_assets.drift.verdict import VERDICTS, Verdict
from omni_assets.operations.alerts.alert import NO_PATIENCE, Alert, Kind, Severity
from omni_assets.projection.rows import TaskRow
from omni_assets.router.values import dollars

MOST_NAMED = 10
"""Most topics, tasks or questions that one alert names."""

LONGEST = 2_000
"""Most characters of the text of an alert, and of anything that is quoted in one."""

NOBODY = "nobody"
"""The owner of drift that no node answers for."""

_LONGEST_NAME = 260


class Judgement(NamedTuple):
    """How bad a verdict is, and for how long it may stand before anybody is told."""

    severity: Severity
    patience: timedelta


JUDGEMENTS: Mapping[Verdict, Judgement] = {
    # The hourly run corrects it.
    Verdict.AUTO_FIXABLE: Judgement(Severity.WARNING, timedelta(hours=2)),
    Verdict.NEEDS_APPROVAL: Judgement(Severity.WARNING, NO_PATIENCE),
    Verdict.UNFIXABLE: Judgement(Severity.ERROR, NO_PATIENCE),
    # A broker that is busy is seen again a moment later.
    Verdict.UNKNOWN: Judgement(Severity.WARNING, timedelta(minutes=15)),
}
"""What is told of drift; what has none of these verdicts is not wrong."""


class FailedCheck(NamedTuple):
    """A check whose last result is that it failed: on which asset, and what it said."""

    asset: str
    name: str
    severity: Severity
    said: str


class FailedRun(NamedTuple):
    """A job whose last run failed: which run, and why, as a sentence."""

    job: str
    run_id: str
    why: str


class Money(NamedTuple):
    """A limit of the budget, and what of it is gone today: ``task_class`` is empty for all tasks together."""

    task_class: str
    spent: Decimal
    limit: Decimal


def drift_alerts(found: Iterable[tuple[Drift, datetime]]) -> tuple[Alert, ...]:
    """An alert for each verdict and owner: ``found`` is open drift, with when it was seen first."""
    groups: dict[tuple[Verdict, str], list[tuple[Drift, datetime]]] = {}
    for drift, since in found:
        if drift.verdict in JUDGEMENTS and drift.kind is not DriftKind.RETIRING:
            groups.setdefault((drift.verdict, drift.owner or NOBODY), []).append((drift, since))
    return tuple(_drift(*key, group) for key, group in sorted(groups.items()))


def check_alerts(failed: Iterable[FailedCheck]) -> tuple[Alert, ...]:
    """An alert for each check that fails."""
    return tuple(
        Alert(
            Kind.CHECK,
            f"check/{each.asset}/{each.name}",
            each.severity,
            f"the check {each.name} on {each.asset} fails",
            _bounded(each.said),
        )
        for each in failed
    )


def run_alerts(failed: Iterable[FailedRun]) -> tuple[Alert, ...]:
    """An alert for each job whose last run failed."""
    return tuple(
        Alert(
            Kind.RUN,
            f"run/{each.job}",
            Severity.ERROR,
            f"a run of {each.job} failed",
            _bounded(f"Run {each.run_id}: {each.why}"),
        )
        for each in failed
    )


def budget_alerts(spent: Iterable[Money], share: float) -> tuple[Alert, ...]:
    """An alert for each limit of which that share, or more, is gone. A limit of nothing is no limit to come near to."""
    return tuple(
        Alert(
            Kind.BUDGET,
            f"budget/{each.task_class}",
            Severity.WARNING,
            f"the budget{f' of {visible(each.task_class)}' if each.task_class else ''} is nearly spent",
            f"{dollars(each.spent)} of {dollars(each.limit)} are gone or reserved today (UTC). What does not fit is "
            "not asked of a model that costs anything: raise `router.budget` in the settings, or wait for midnight.",
        )
        for each in spent
        if each.limit and each.spent >= each.limit * Decimal(str(share))
    )


def broker_alerts(unreachable: str, away_for: timedelta) -> tuple[Alert, ...]:
    """An alert where the broker does not answer, once that lasts: ``unreachable`` says why, or is empty."""
    if not unreachable:
        return ()
    title = f"the broker has not answered for {lasting(away_for)}"
    return (Alert(Kind.BROKER, "broker", Severity.ERROR, title, _bounded(unreachable), patience=away_for),)


def dead_letter_alerts(failed: Iterable[TaskRow], least: int) -> tuple[Alert, ...]:
    """An alert for each node of which at least so many tasks failed: ``failed`` are those of the last hour."""
    by_node: dict[str, list[TaskRow]] = {}
    for each in failed:
        by_node.setdefault(each.node, []).append(each)
    return tuple(
        Alert(
            Kind.DEAD_LETTERS,
            f"dead-letters/{visible(node)}",
            Severity.ERROR,
            f"{count(len(tasks), 'task')} of {visible(node)} failed within an hour",
            _listed(
                (f"{reason} ({times:,})" for reason, times in Counter(each.reason for each in tasks).most_common()),
                "`omni task dlq list` shows the letters, and `omni task dlq requeue` gives them again.",
            ),
            visible(node),
        )
        for node, tasks in sorted(by_node.items())
        if len(tasks) >= least
    )


def approval_alerts(waiting: Iterable[TaskRow], within: timedelta) -> tuple[Alert, ...]:
    """An alert where questions wait for a person for longer than that; told again when one more does."""
    asked = tuple(waiting)
    if not asked:
        return ()
    title = f"{count(len(asked), 'question')} of agents waiting for longer than {lasting(within)}"
    names = (f"{each.node}: {each.approval or each.id}" for each in asked)
    text = _listed(names, "`omni task approvals` shows what is asked; the job `answer_approval` answers it, too.")
    newest = max(each.ended_at for each in asked)
    return (Alert(Kind.APPROVALS, "approvals", Severity.WARNING, title, text, newest=newest),)


def _drift(verdict: Verdict, owner: str, group: list[tuple[Drift, datetime]]) -> Alert:
    severity, patience = JUDGEMENTS[verdict]
    word = verdict.value.replace("_", " ")
    names = (f"{each.topic}: {f'{each.kind.value} {each.field}'.replace('_', ' ').strip()}" for each, _ in group)
    return Alert(
        Kind.DRIFT,
        f"drift/{verdict.value}/{visible(owner)}",
        severity,
        f"{count(len(group), 'drift')} of {visible(owner)}: {word}",
        _listed(names, f"{VERDICTS[verdict][:1].upper()}{VERDICTS[verdict][1:]}. `omni drift` shows all of it."),
        "" if owner == NOBODY else visible(owner),
        newest=max(since for _, since in group),
        patience=patience,
    )


def _listed(names: Iterable[str], rest: str) -> str:
    """The first names, a line each, how many more there are, and what to do."""
    return _bounded("\n".join([*_first(names), rest]), LONGEST)


def _first(names: Iterable[str]) -> Iterator[str]:
    every = list(names)
    for each in every[:MOST_NAMED]:
        yield f"- {_short(visible(each), _LONGEST_NAME)}"
    if len(every) > MOST_NAMED:
        yield f"- and {len(every) - MOST_NAMED:,} more"


def _bounded(text: str, most: int = LONGEST) -> str:
    return _short("\n".join(map(visible, text.split("\n"))), most)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
