"""What the router would do with tasks, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.views.money import NOT_KNOWN, exact_usd, plain, usd
from omni_assets.cli.views.receipt import class_text, route_lines
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.routing.explaining import Explained
from omni_assets.operations.routing.running import Ran
from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.router.route import Candidate, Step

_SHORT_ID = 8
_STYLES = {Outcome.FAILED: "red", Outcome.CANCELLED: "yellow"}


def explained_lines(found: Sequence[Explained], width: int | None) -> list[Line]:
    """Each task with its class, the chain that it would go to and why, and everything else that was considered."""
    lines: list[Line] = []
    for each in found:
        lines += [[], *_explained(each, width)] if lines else _explained(each, width)
    return lines


def dry_run_lines(found: Sequence[Explained], width: int | None) -> list[Line]:
    """A row for each task, why under those that cannot be done, and what all are expected to cost."""
    rows = [Row(tuple(_dry_cells(each)), "" if each.possible else _impossible(each)) for each in found]
    impossible = [each for each in found if not each.possible]
    costs = [_expected(each) for each in found if each.possible]
    cost = NOT_KNOWN if None in costs else usd(sum((each for each in costs if each is not None), Decimal(0)))
    summary = f"{count(len(found), 'task')}, {len(impossible):,} that no model may do; expected cost {cost}"
    return [*table(("TASK", "CLASS", "CHAIN", "EXPECTED COST"), rows, width), *paragraph(summary, width, "dim")]


def explained_document(found: Sequence[Explained]) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {"tasks": [_explained_document(each) for each in found]}


def ran_lines(ran: Ran, seconds: float, width: int | None) -> list[Line]:
    """A row for each receipt, why under those that failed and what should not have been, and what all of them cost."""
    receipts = [each.receipt for each in ran.done]
    rows = [Row(tuple(_cells(each)), "; ".join(filter(None, (each.failure, *each.findings)))) for each in receipts]
    header = ("RECEIPT", "TASK", "CLASS", "ANSWER", "CALLS", "COST", "SAVED")
    style = "yellow" if ran.failed else "green"
    return [*table(header, rows, width), *paragraph(f"{_summary(receipts)} {spent(seconds)}", width, style)]


def ran_document(ran: Ran, seconds: float) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "tasks": [
            {
                "receipt": each.receipt.id,
                "task_id": each.receipt.task_id,
                "task_class": each.receipt.task_class,
                "outcome": each.receipt.outcome.value,
                "model": each.receipt.model,
                "calls": len(each.receipt.attempts),
                "cost_usd": plain(each.receipt.cost_usd),
                "saved_usd": plain(each.receipt.saved_usd),
                "failure": each.receipt.failure,
                "findings": list(each.receipt.findings),
                "answer": each.text,
            }
            for each in ran.done
        ],
        "ledger": {
            "topic": ran.publishing.topic,
            "published": ran.publishing.published,
            "waiting": ran.publishing.waiting,
            "why": ran.publishing.why or None,
        },
        "seconds": seconds,
    }


def _explained(each: Explained, width: int | None) -> list[Line]:
    if each.planned is None:
        return paragraph(f"task {each.task.id}: {each.problem}", width, "red")
    told, route = each.planned.told, each.planned.route
    prompt = (
        f"prompt version {told.ready.task_class.prompt.version}, about {count(each.prompt_tokens or 0, 'token')}, "
        f"an answer of at most {each.planned.output_limit:,}"
    )
    left = "" if each.budget_left_usd is None else f"; {exact_usd(each.budget_left_usd)} left to spend today"
    chain = ", then ".join(map(_step, route.steps))
    choice = f"{chain}: {route.reason}" if route.steps else route.reason
    return [
        *paragraph(f"task {each.task.id}", width, "bold"),
        *paragraph(f"{class_text(told.ready.task_class.name, told.classified)}; {prompt}{left}", width),
        *paragraph(choice, width, "green" if route.steps else "red"),
        *(route_lines(route.candidates, route.skipped, route.reason, width) if route.steps else []),
    ]


def _step(step: Step) -> str:
    return step.model if step.accept_at is None else f"{step.model} (accepted from a support of {step.accept_at:.2f})"


def _impossible(each: Explained) -> str:
    return str(each.problem) if each.planned is None else each.planned.route.reason


def _dry_cells(each: Explained) -> list[Cell]:
    if each.planned is None:
        return [Cell(each.task.id), Cell(each.task.task_class or "-"), Cell("none", "red"), figure("-")]
    steps = each.planned.route.steps
    chain = Cell(", then ".join(step.model for step in steps)) if steps else Cell("none", "red")
    cost = figure(exact_usd(_expected(each)) if steps else "-")
    return [Cell(each.task.id), Cell(each.planned.told.ready.task_class.name), chain, cost]


def _chosen(each: Explained) -> Candidate | None:
    candidates = each.planned.route.candidates if each.planned else ()
    return next((candidate for candidate in candidates if candidate.chosen), None)


def _expected(each: Explained) -> Decimal | None:
    chosen = _chosen(each)
    return None if chosen is None else chosen.expected_cost_usd


def _explained_document(each: Explained) -> dict[str, Any]:
    planned = each.planned
    told = planned and planned.told
    return {
        "task_id": each.task.id,
        "task_class": told.ready.task_class.name if told else each.task.task_class,
        "classified": told and told.classified.model_dump(mode="json"),
        "prompt": planned
        and {
            "version": planned.told.ready.task_class.prompt.version,
            "sha256": planned.prompt.sha256,
            "tokens": each.prompt_tokens,
            "most_output_tokens": planned.output_limit,
        },
        "route": planned and planned.route.model_dump(mode="json"),
        "budget_left_usd": plain(each.budget_left_usd),
        "problem": each.problem and str(each.problem),
    }


def _cells(each: Receipt) -> list[Cell]:
    return [
        Cell(each.id[:_SHORT_ID]),
        Cell(each.task_id),
        Cell(each.task_class or "-"),
        Cell(each.model or each.outcome.value, _STYLES.get(each.outcome, "")),
        figure(f"{len(each.attempts):,}"),
        figure(usd(each.cost_usd)),
        figure("-" if each.saved_usd is None else usd(each.saved_usd)),
    ]


def _summary(receipts: Sequence[Receipt]) -> str:
    accepted = [each for each in receipts if each.outcome is Outcome.ACCEPTED]
    costs = [each.cost_usd for each in receipts]
    known = sum((cost for cost in costs if cost is not None), Decimal(0))
    cost = f"at least {usd(known)}" if None in costs else usd(known)
    saved = sum((each.saved_usd for each in accepted if each.saved_usd is not None), Decimal(0))
    compared = any(each.saved_usd is not None for each in accepted)
    done = f"{count(len(receipts), 'task')}, {len(accepted):,} accepted, {len(receipts) - len(accepted):,} not"
    return f"{done}; spent {cost}, saved {usd(saved) if compared else NOT_KNOWN if accepted else '$0'}"
