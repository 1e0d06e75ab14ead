"""What tasks cost and saved."""

from __future__ import annotations

from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.views.money import NOT_KNOWN, percent, plain, usd
from omni_assets.contracts.text import count
from omni_assets.operations.routing.savings import By, Economics, Savings

_NAMES = {By.CLASS: "CLASS", By.MODEL: "ANSWERED BY", By.DAY: "DAY (UTC)"}
_LABEL = 15
_COLUMNS = ("ACCEPTED", "LOCAL", "SPENT", "AVOIDED", "ESCALATED", "WRONG")


def savings_lines(found: Savings, width: int | None) -> list[Line]:
    """A row for each group, and what they come to, a fact a line. ``+`` stands where the cost of a call is not known,
    and ``WRONG`` are false accepts among the audited answers."""
    total = found.total
    if not total.sums.tasks:
        since = "" if found.since is None else f" since {found.since:%Y-%m-%d %H:%M} UTC"
        return paragraph(f"no receipt is remembered{since}", width, "dim")
    lines: list[Line] = []
    if found.by is not None:
        rows = [Row((Cell(each.name or "-"), *map(figure, _cells(each)))) for each in found.groups]
        lines = [*table((_NAMES[found.by], *_COLUMNS), rows, width), []]
    for name, fact in _facts(found):
        (_, *further) = wrapped = paragraph(fact, width, indent=_LABEL)
        lines += [[(name.ljust(_LABEL), "bold"), (wrapped[0][0][0][_LABEL:], "")], *further]
    return lines


def savings_document(found: Savings) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "since": found.since and found.since.isoformat(),
        "by": found.by and found.by.value,
        "total": _document(found.total),
        "groups": [{"name": each.name, **_document(each)} for each in found.groups],
    }


def _facts(found: Savings) -> list[tuple[str, str]]:
    total, sums = found.total, found.total.sums
    since = "" if found.since is None else f" since {found.since:%Y-%m-%d %H:%M} UTC"
    accepted = f"{count(sums.tasks, 'task')}{since}, {sums.accepted:,} accepted, {sums.tasks - sums.accepted:,} not"
    return [
        ("tasks", accepted),
        ("local", _local(total)),
        ("spent", _spent(total)),
        ("avoided", _avoided(total)),
        ("escalated", _escalated(total)),
        ("false accepts", _false_accepts(total)),
    ]


def _local(total: Economics) -> str:
    sums = total.sums
    hidden = f"; those of {count(sums.calls_without_tokens, 'call')} are not known" if sums.calls_without_tokens else ""
    return f"{percent(total.local_share)} of {count(sums.tokens, 'token')}{hidden}"


def _spent(total: Economics) -> str:
    sums = total.sums
    failed = (
        f", {usd(sums.unsuccessful_usd)} of it on tasks without an accepted answer" if sums.unsuccessful_usd else ""
    )
    if sums.calls_without_cost:
        unknown = f"; what {count(sums.calls_without_cost, 'call')} cost is not known"
        return f"at least {usd(sums.spent_usd)}{failed}{unknown}"
    return f"{usd(sums.spent_usd)}{failed}"


def _avoided(total: Economics) -> str:
    sums = total.sums
    hidden = f"; what {count(total.incomparable, 'accepted task')} saved is not known" if total.incomparable else ""
    if not sums.compared:
        return f"{NOT_KNOWN}: no accepted task can be compared with a baseline" if sums.accepted else "$0"
    against = f"{sums.baselines} would have cost {usd(sums.baseline_usd)} for {count(sums.compared, 'accepted task')}"
    return f"{usd(sums.avoided_usd)}: {against}{hidden}"


def _escalated(total: Economics) -> str:
    if not total.sums.attempted:
        return f"{NOT_KNOWN}: no task called a model"
    return _of(total.escalation_rate, total.sums.escalated, total.sums.attempted, "routed task")


def _false_accepts(total: Economics) -> str:
    if not total.sums.audited:
        return f"{NOT_KNOWN}: no accepted answer was audited"
    return _of(total.false_accept_rate, total.sums.false_accepts, total.sums.audited, "audited answer")


def _of(share: float | None, part: int, whole: int, noun: str) -> str:
    return f"{percent(share)} ({part:,} of {count(whole, noun)})"


def _cells(each: Economics) -> tuple[str, ...]:
    sums = each.sums
    known = sums.audited
    return (
        f"{sums.accepted:,} of {sums.tasks:,}",
        percent(each.local_share),
        f"{usd(sums.spent_usd)}{'+' if sums.calls_without_cost else ''}",
        usd(sums.avoided_usd) if sums.compared else NOT_KNOWN if sums.accepted else "$0",
        percent(each.escalation_rate),
        f"{sums.false_accepts:,} of {known:,}" if known else NOT_KNOWN,
    )


def _document(each: Economics) -> dict[str, Any]:
    sums = each.sums
    return {
        "tasks": sums.tasks,
        "accepted": sums.accepted,
        "attempted": sums.attempted,
        "tokens": sums.tokens,
        "local_tokens": sums.local_tokens,
        "local_share": each.local_share,
        "calls_without_tokens": sums.calls_without_tokens,
        "spent_usd": plain(sums.spent_usd),
        "unsuccessful_usd": plain(sums.unsuccessful_usd),
        "calls_without_cost": sums.calls_without_cost,
        "baselines": sums.baselines.split(", ") if sums.baselines else [],
        "baseline_usd": plain(sums.baseline_usd) if sums.compared else None,
        "avoided_usd": plain(sums.avoided_usd) if sums.compared else None,
        "compared": sums.compared,
        "incomparable": each.incomparable,
        "escalated": sums.escalated,
        "escalation_rate": each.escalation_rate,
        "audited": sums.audited,
        "false_accepts": sums.false_accepts,
        "false_accept_rate": each.false_accept_rate,
    }
