"""A project with a past, as a report tells of it: contracts, drift that came and went, receipts, and tasks in chains.

Everything goes in by the ways that operations take; only the clock is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from omni_assets.agents.task_receipt import (
    Answer,
    EffectOutcome,
    TaskApproval,
    TaskAttempt,
    TaskEffect,
    TaskOutcome,
    TaskReceipt,
    TaskResult,
)
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.routing.recording import record
from omni_assets.projection.rows import (
    Declared,
    DeclaredTopicRow,
    Drift,
    LedgerPositionRow,
    LedgerStretch,
    Observation,
    Observed,
)
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.support import receipts, task_receipts

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
CLUSTER, BROKER = "cluster-1", "127.0.0.1:19092"
LEDGER = "onex.evt.receipt-recorder.receipt-recorded.v1"

HOSTILE = (
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '"><svg onload=window.hacked=1>',
    "javascript:window.hacked=1",
    "${window.hacked=1} {{7*7}} $title",
    "\u202egnp.exe\u2066",
    "null\x00byte and \x1b[31m and \u2028 line",
    "<!--<script>",
    "'><iframe srcdoc='<script>parent.hacked=1</script>'>",
)
"""Texts that anybody can put into a record, a group's name or an answer, and that must change nothing."""

_CONTRACTS = {
    "router": (
        ["evt.router.routing-complete.v1", "evt.router.routing-failed.v1"],
        ["cmd.router.route-request.v1"],
    ),
    "planner": (["cmd.router.route-request.v1", "evt.planner.plan-made.v1"], ["evt.merger.merged.v1"]),
    "coder": (["evt.coder.pull-request-opened.v1"], ["evt.router.routing_complete.v1", "evt.planner.plan-made.v1"]),
    "tester": (["evt.tester.tests-passed.v1"], ["evt.coder.pull-request-opened.v1"]),
    "reviewer": (
        ["evt.reviewer.review-complete.v1"],
        ["evt.coder.pull-request-opened.v1", "evt.tester.tests-passed.v1"],
    ),
    "merger": (["evt.merger.merged.v1"], ["evt.reviewer.review-complete.v1"]),
    "ci-watcher": (["evt.ci-watcher.pipeline-green.v1"], ["evt.merger.merged.v1"]),
}
_DAYS = 14
_STEPS = (
    ("coder", "onex.evt.planner.plan-made.v1", (1, 2)),
    ("tester", "onex.evt.coder.pull-request-opened.v1", ()),
    ("reviewer", "onex.evt.coder.pull-request-opened.v1", (3,)),
    ("merger", "onex.evt.reviewer.review-complete.v1", (4,)),
    ("ci-watcher", "onex.evt.merger.merged.v1", ()),
)
"""Who works on which topic, and which steps come of that; nobody has come to the last yet."""


def reported(folder: Path, strange: Sequence[str] = ()) -> Context:
    """A project in ``folder`` and what is remembered of two weeks; ``strange`` texts stand wherever anybody's may."""
    _write_contracts(folder)
    context = resolve(environ={"OMNI_HOME": str(folder / ".omni")}, folder=folder)
    _observe(context, strange)
    record(context, list(_receipts(strange)))
    _project_tasks(context, tuple(_tasks(strange)))
    return context


def _write_contracts(folder: Path) -> None:
    for node, (published, subscribed) in _CONTRACTS.items():
        file = folder / "contracts" / node / "contract.yaml"
        file.parent.mkdir(parents=True)
        lines = [f"name: {node}", "event_bus:", "  publish_topics:", *(f"    - onex.{name}" for name in published)]
        file.write_text("\n".join([*lines, "  subscribe_topics:", *(f"    - onex.{each}" for each in subscribed), ""]))


def _observe(context: Context, strange: Sequence[str]) -> None:
    projection = Projection(context.home)
    names = list(context.manifest().topics)
    topics = [
        DeclaredTopicRow(name, "evt", "n", "e", 1, 3, 1, None, "{}", "n", "contracts/n/contract.yaml", 4, 1, 1)
        for name in names
    ]
    for day in range(_DAYS + 1):
        at = NOW - timedelta(days=_DAYS - day, minutes=20)
        seen = Observation(CLUSTER, "local", BROKER, at, len(names) + 2, 4, 0.2)
        drift = [*_drift(day), *_strange_drift(strange)]
        projection.record_observation(Declared("digest", topics, ()), Observed(seen, (), ()), drift)


def _drift(day: int) -> Iterator[Drift]:
    """What an observation on that day of the two weeks finds."""
    place = ("contracts/router/contract.yaml", 5)
    complete, orphan = "onex.evt.router.routing-complete.v1", "onex.evt.router.routing_complete.v1"
    if day >= 3:
        values = ("604800000", "86400000", "auto_fixable", "keeps_more", "router")
        yield Drift(complete, "config", "retention.ms", *values, *place)
    if 2 <= day < 9:
        verdict = ("auto_fixable", "create_is_safe", "planner")
        yield Drift("onex.evt.planner.plan-made.v1", "missing", "", None, None, *verdict)
    if day >= 6:
        detail = f"near `{complete}`, which has had no record since the orphan appeared"
        told = (complete, "<=128 records", "needs_approval", "records_stranded")
        yield Drift(orphan, "stranded", "", *told, None, None, None, detail)
    if 5 <= day < 12 or day == 14:
        detail = "group `merger` has not read for 3 d; 41 records wait"
        yield Drift(
            "onex.evt.reviewer.review-complete.v1", "silent_reader", "merger", "merger", None, "needs_approval",
            "reader_stuck", "merger", "contracts/merger/contract.yaml", 6, detail,
        )  # fmt: skip
    if day >= 10:
        yield Drift(
            "onex.evt.tester.tests-passed.v1", "partitions", "", "3", "6", "unfixable", "partitions_cannot_shrink",
            "tester", "contracts/tester/contract.yaml", 4,
        )  # fmt: skip
    if day >= 13:
        yield Drift(
            "onex.evt.ci-watcher.pipeline-green.v1", "silent_writer", "", "1 h", "26 h", "unknown", "not_observed",
            "ci-watcher", "contracts/ci-watcher/contract.yaml", 4, "no record for 26 h",
        )  # fmt: skip


def _strange_drift(strange: Sequence[str]) -> Iterator[Drift]:
    for text in strange:
        yield Drift(text, "orphaned", "", text, text, "needs_approval", "undeclared_topic", text, text, 1, text)


def _receipts(strange: Sequence[str]) -> Iterator[receipts.Receipt]:
    number = 0
    for day in range(_DAYS):
        for turn in range(18 + 5 * (day % 4)):
            number += 1
            ended = NOW - timedelta(days=_DAYS - day, minutes=7 * turn)
            local = receipts.local(started_at=ended)
            price = receipts.cost("0.0182", receipts.PriceSource.REFERENCE, "0.2.0")
            cloud = receipts.cloud(started_at=ended, cost=price)
            attempts = (local,) if turn % 7 else (receipts.rejected(started_at=ended), cloud)
            audit = receipts.audit(agrees=turn != 8 or day % 5 > 0, amount="0.0061")
            if turn == 11 and day % 3 == 0:
                attempts = (receipts.unanswered(started_at=ended),)
            yield receipts.receipt(
                number,
                *attempts,
                task_id=strange[number % len(strange)] if strange else f"task-{number}",
                task_class=("classification", "code-review", "summary", "commit-message")[turn % 4],
                started_at=ended - timedelta(seconds=2),
                ended_at=ended,
                audit=audit if turn % 8 == 0 and len(attempts) == 1 else None,
                baseline=receipts.cost(f"0.0{31 + turn % 9}", receipts.PriceSource.REFERENCE, "0.2.0"),
            )


def _tasks(strange: Sequence[str]) -> Iterator[TaskReceipt]:
    for chain in range(40):
        began = NOW - timedelta(hours=5 * chain, minutes=40)
        for number, each in enumerate(_chain(chain, began)):
            text = strange[(chain + number) % len(strange)] if strange else ""
            changed = {"key": text or f"pull-{chain}", "reason": text or each.reason}
            yield each.model_copy(update={**changed, "offset": chain * len(_STEPS) + number})


def _chain(chain: int, began: datetime) -> Iterator[TaskReceipt]:
    """What came of one plan: most went well; some were tried again, given up and sent again, or asked a person."""

    def task(step: int, after: int, turn: int = 0, **changed: Any) -> TaskReceipt:
        node, topic, then = _STEPS[step]
        started = began + timedelta(seconds=after)
        seconds = 0.04 if node == "merger" else 1.5 + step
        facts = {
            "node": node,
            "topic": topic,
            "event_id": _event(chain, step),
            "correlation_id": _event(chain, 0),
            "started_at": started,
            "ended_at": started + timedelta(seconds=seconds),
            "attempts": (TaskAttempt(number=1, seconds=seconds),),
            "results": tuple(TaskResult(topic=_STEPS[each][1], event_id=_event(chain, each)) for each in then),
        }
        return task_receipts.receipt(_task_id(chain, step, turn), **{**facts, **changed})

    lost, asks = chain % 11 == 3, chain % 13 == 5
    failed = "2 of 31 tests failed"
    tried = (TaskAttempt(number=1, seconds=2, reason="no answer within 2 s"), TaskAttempt(number=2, seconds=1.25))
    yield task(0, 0, attempts=tried if chain % 6 == 1 else tried[1:], cost_usd=Decimal("0.0182"))
    if lost:
        again = tuple(TaskAttempt(number=each, seconds=0.3 * each, reason=failed) for each in (1, 2, 3))
        yield task(1, 9, outcome=TaskOutcome.DEAD_LETTERED, reason=failed, attempts=again, results=())
        yield task(1, 900, 1, requeue_of=_task_id(chain, 1))
    else:
        yield task(1, 9)
    yield task(2, 18)
    if chain % 9 == 2:
        yield task(2, 27, 1, outcome=TaskOutcome.DUPLICATE, duplicate_of=_task_id(chain, 2), results=())
    question = TaskApproval(id=_event(chain, 9), content_sha256="ab" * 32)
    if asks:
        yield task(3, 36, outcome=TaskOutcome.WAITING, approval=question, results=())
    if asks and chain > 13:
        answer = {
            "approval": question.model_copy(update={"answer": Answer.APPROVED, "by": "ada"}),
            "event_id": "answer",
        }
        yield task(3, 4_000, 1, **answer, effects=(TaskEffect(name="merge", key="m", outcome=EffectOutcome.DONE),))
    elif not asks and not lost:
        yield task(3, 36, effects=(TaskEffect(name="merge", key="m", outcome=EffectOutcome.DONE),))


def _event(chain: int, step: int) -> str:
    return receipts.receipt_id(20_000 + chain * 10 + step)


def _task_id(chain: int, step: int, turn: int = 0) -> str:
    return receipts.receipt_id(10_000 + (chain * len(_STEPS) + step) * 2 + turn)


def _project_tasks(context: Context, found: Sequence[TaskReceipt]) -> None:
    rows = []
    for position, each in enumerate(found):
        document = each.model_dump(mode="json")
        if each.node == _STEPS[0][0]:
            document["routing"] = receipts.receipt_id(position + 1)
        rows.append(task_row(document, "local", LedgerPlace(CLUSTER, LEDGER, 0, position)))
    start = LedgerPositionRow(CLUSTER, LEDGER, 0)
    end = start._replace(position=len(rows), mark="last")
    Projection(context.home).take_over_ledger([LedgerStretch(start, end, rows, ())])
