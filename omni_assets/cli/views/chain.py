"""What came of one beginning: a tree of its tasks, each with its attempts, results, cost and times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from omni_assets.agents.task_receipt import Answer, TaskAttempt, TaskOutcome, TaskReceipt
from omni_assets.cli.tables import Line, paragraph, wrap
from omni_assets.cli.views.money import exact_usd, plain
from omni_assets.cli.views.tasks import SHORT_ID, STYLES
from omni_assets.contracts.faults import short
from omni_assets.contracts.text import columns, count, visible
from omni_assets.operations.agents.chains import IN_WORDS, How, Link
from omni_assets.operations.agents.tasks import MOST_IN_A_CHAIN, Chain
from omni_assets.projection.rows import TaskRow

_LEAST_WIDTH = 24
_DEEPEST = 20
"""Steps that are drawn further in; what is below stands as far in as they."""


def chain_lines(chain: Chain, width: int | None) -> list[Line]:
    """What it began with and came to, and below each task what follows from it."""
    lines = [*paragraph(_beginning(chain), width, "bold"), *paragraph(_sums(chain.receipts), width)]
    if chain.more:
        lines += paragraph(f"there are more tasks than these {MOST_IN_A_CHAIN:,}", width, "yellow")
    answered = {link.parent for link in chain.links if link.how is How.ANSWER}
    for link, (head, rest) in zip(chain.links, _guides(chain.links), strict=True):
        marked = " bold" if link.receipt.id in chain.asked else ""
        lines += _hung(_title(link), width, head, rest, STYLES.get(link.receipt.outcome, "") + marked)
        lines += _placed(link.receipt, width, rest)
        for fact in _facts(link, chain.rows[link.receipt.id], answered=link.receipt.id in answered):
            lines += _hung(fact, width, rest, f"{rest}  ")
    return lines


def chain_document(chain: Chain) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "version": 1,
        "correlation_id": chain.receipts[0].correlation_id,
        "tasks": [_document(link, chain.rows[link.receipt.id], chain) for link in chain.links],
        "cost_usd": plain(_cost(chain.receipts)),
        "more": chain.more,
    }


def _beginning(chain: Chain) -> str:
    first = chain.receipts[0]
    if not first.event_id:
        return f"a record that is no event, {_place(first)}"
    return f"event {first.correlation_id} from {first.event_source}"


def _sums(receipts: Sequence[TaskReceipt]) -> str:
    outcomes = [(outcome, sum(each.outcome is outcome for each in receipts)) for outcome in TaskOutcome]
    told = ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes if number)
    begun, ended = min(each.started_at for each in receipts), max(each.ended_at for each in receipts)
    took = _duration((ended - begun).total_seconds())
    return f"{count(len(receipts), 'task')} ({told}), {took} from {_second(begun)}, cost {exact_usd(_cost(receipts))}"


def _cost(receipts: Sequence[TaskReceipt]) -> Decimal | None:
    costs = [each.cost_usd for each in receipts]
    return None if None in costs else sum(filter(None, costs), Decimal(0))


def _title(link: Link) -> str:
    receipt = link.receipt
    how = f", {IN_WORDS[link.how]}" if link.how in IN_WORDS else ""
    seconds = (receipt.ended_at - receipt.started_at).total_seconds()
    cost = "" if receipt.cost_usd == 0 else f", cost {exact_usd(receipt.cost_usd)}"
    return f"{receipt.node}: {receipt.outcome}{how} ({receipt.id[:SHORT_ID]}, {_duration(seconds)}{cost})"


def _placed(receipt: TaskReceipt, width: int | None, rest: str) -> list[Line]:
    """Its record, and when it ended: on a second line what has no room on the first."""
    record = _place(receipt)
    then = f"{f'key {short(receipt.key)}, ' if receipt.key else ''}ended {_second(receipt.ended_at)}"
    if width is None or columns(visible(f"{rest}{record}, {then}")) <= width:
        return _hung(f"{record}, {then}", width, rest, rest)
    return [line for part in (record, then) for line in _hung(part, width, rest, f"{rest}  ")]


def _facts(link: Link, row: TaskRow, *, answered: bool) -> Iterator[str]:
    receipt = link.receipt
    if receipt.reason:
        yield f"reason: {receipt.reason}"
    if receipt.duplicate_of and link.how is not How.DUPLICATE:
        yield f"a duplicate of {receipt.duplicate_of[:SHORT_ID]}"
    if receipt.replay:
        yield f"replay {receipt.replay}"
    if receipt.deadline:
        yield f"due {_second(receipt.deadline)}"
    if receipt.idempotency_key:
        yield f"counts once as {receipt.idempotency_key}"
    yield from _attempts(receipt.attempts, receipt.reason)
    if row.routing:
        yield f"models were asked: `omni receipts show {row.routing[:SHORT_ID]}`"
    yield from (f"effect {each.name}: {each.outcome} ({each.key})" for each in receipt.effects)
    yield from _approval(receipt, answered=answered)
    yield from (f"published {each.topic} ({each.event_id[:SHORT_ID]})" for each in receipt.results)


def _attempts(attempts: Sequence[TaskAttempt], reason: str) -> Iterator[str]:
    """What went wrong on the way; where one attempt was all, its end says everything."""
    if [each.reason for each in attempts] != [reason]:
        for each in attempts:
            yield f"attempt {each.number}, {_duration(each.seconds)}: {each.reason or 'did its work'}"


def _approval(receipt: TaskReceipt, *, answered: bool) -> Iterator[str]:
    told = receipt.approval
    if told is None:
        return
    if told.answer is None and answered:
        yield f"asked a person (sha256 {told.content_sha256[:SHORT_ID]})"
    elif told.answer is None:
        yield f"waits for a person: `omni task approve {told.id[:SHORT_ID]}` shows what is asked"
    else:
        which = "approved" if told.answer is Answer.APPROVED else "rejected"
        yield f"{which} by {told.by} (sha256 {told.content_sha256[:SHORT_ID]})"


def _place(receipt: TaskReceipt) -> str:
    return f"{receipt.topic}/{receipt.partition}/{receipt.offset}"


def _guides(links: Sequence[Link]) -> list[tuple[str, str]]:
    """What stands before the first line of each task, and before its others."""
    found: list[tuple[str, str]] = []
    below = 0
    levels: set[int] = set()  # at which another task follows, seen from the end
    for link in reversed(links):
        depth = min(link.depth, _DEEPEST)
        margin = "".join("│  " if level in levels else "   " for level in range(1, depth))
        own = "│  " if below > depth else "   "
        head, rest = ("├─ ", "│  ") if depth in levels else ("└─ ", "   ")
        found.append((margin + head, margin + rest + own) if depth else ("", own))
        levels = {level for level in levels if level < depth} | {depth}
        below = depth
    return found[::-1]


def _hung(text: str, width: int | None, head: str, rest: str, style: str = "") -> list[Line]:
    """A text behind guides, wrapped where there is a width."""
    safe = visible(text)
    if width is None:
        return [[(head, "dim"), (safe, style)]]
    room = max(width - len(rest), _LEAST_WIDTH)
    pieces = wrap(safe, room) or [""]
    return [[(rest if number else head, "dim"), (piece, style)] for number, piece in enumerate(pieces)]


def _document(link: Link, row: TaskRow, chain: Chain) -> dict[str, Any]:
    return {
        **link.receipt.model_dump(mode="json", exclude={"routing"}),
        "routing": row.routing,
        "environment": row.environment,
        "ledger": {
            "cluster": row.cluster,
            "topic": row.ledger,
            "partition": row.ledger_partition,
            "position": row.ledger_position,
        },
        "depth": link.depth,
        "parent": link.parent,
        "how": link.how,
        "asked": link.receipt.id in chain.asked,
    }


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{max(seconds, 0) * 1000:.0f} ms"


def _second(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
