"""The report of a large project: how long it takes to write, how large it is, and when a browser shows it first.

5,000 topics in 500 contracts, a tenth of them drifted, 100,000 receipts of the router, and 100,000 tasks in chains of
five. Baseline: the same rows read, and nothing made of them.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks.measure import compare, parser, show
from omni_assets.agents.task_receipt import NOTHING_SPENT, TaskAttempt, TaskOutcome, TaskReceipt, TaskResult
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.report.gathering import gather
from omni_assets.operations.report.writing import write_report
from omni_assets.operations.routing.recording import record
from omni_assets.projection.rows import (
    Declared,
    DeclaredTopicRow,
    Drift,
    LedgerPositionRow,
    LedgerStretch,
    Observation,
    Observed,
    TaskRow,
)
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.browser.conftest import FLAGS, chromium
from tests.support import receipts, task_receipts
from tests.support.reported import BROKER, CLUSTER, LEDGER, NOW

NODES_PER_TOPIC = 10
CHUNK = 5_000
STEPS = (
    ("planner", "onex.cmd.planner.plan.v1"),
    ("router", "onex.cmd.router.route-request.v1"),
    ("coder", "onex.evt.router.routing-complete.v1"),
    ("tester", "onex.evt.coder.pull-request-opened.v1"),
    ("reviewer", "onex.evt.tester.tests-passed.v1"),
)
ROUTED = 1
"""The step that asks a model."""


def contracts(folder: Path, topics: int) -> None:
    """Contracts of ten topics each; every node reads what the one before it writes."""
    nodes = topics // NODES_PER_TOPIC
    for number in range(nodes):
        lines = [f"name: node-{number}", "event_bus:", "  publish_topics:"]
        lines += [f"    - onex.evt.node-{number}.event-{each}.v1" for each in range(NODES_PER_TOPIC)]
        before = (number - 1 - number % 7) % nodes
        lines += ["  subscribe_topics:", f"    - onex.evt.node-{before}.event-{number % NODES_PER_TOPIC}.v1"]
        file = folder / "contracts" / f"node-{number}" / "contract.yaml"
        file.parent.mkdir(parents=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def observed(context: Context) -> None:
    """Thirty looks at a broker on which a tenth of the topics differ, each day others."""
    names = list(context.manifest().topics)
    topics = [DeclaredTopicRow(name, "evt", "n", "e", 1, 3, 1, None, "{}", "n", "c", 4, 1, 1) for name in names]
    for day in range(30):
        seen = Observation(CLUSTER, "local", BROKER, NOW - timedelta(days=29 - day), len(names), 4, 0.2)
        values = ("604800000", "3600000", "auto_fixable", "keeps_more")
        drift = [Drift(name, "config", "retention.ms", *values, name.split(".")[2]) for name in names[day % 5 :: 10]]
        Projection(context.home).record_observation(Declared("d", topics, ()), Observed(seen, (), ()), drift)


def done(count: int) -> Iterator[receipts.Receipt]:
    """Receipts of two weeks, as different from each other as real ones."""
    chance = random.Random(7)  # noqa: S311 - the same receipts each time
    for number in range(count):
        ended = NOW - timedelta(seconds=number * 12 + chance.random() * 10)
        tokens = receipts.usage(chance.randrange(80, 4_000), chance.randrange(10, 900))
        local = receipts.local(started_at=ended, usage=tokens)
        paid = receipts.cost(f"{chance.randrange(1, 90_000) / 1e6:.6f}", receipts.PriceSource.REFERENCE, "0.2.0")
        attempts = (local,) if chance.random() < 0.8 else (receipts.rejected(), receipts.cloud(cost=paid, usage=tokens))
        named = {"task_id": f"{chance.getrandbits(64):016x}", "task_class": f"class-{chance.randrange(12)}"}
        yield receipts.receipt(number, *attempts, started_at=ended, ended_at=ended, **named)


def worked(count: int) -> Iterator[TaskReceipt]:
    """Tasks in chains of five, the second of which was routed: some tried more than once, some given up."""
    chance = random.Random(11)  # noqa: S311 - the same tasks each time
    for number in range(count):
        chain, step = divmod(number, len(STEPS))
        node, topic = STEPS[step]
        began = NOW - timedelta(seconds=chain * 60 - step * 9 + chance.random())
        lost = chance.random() < 0.02
        tries = 3 if lost or chance.random() < 0.03 else 1
        reason = f"{chance.randrange(1, 40)} of 400 tests failed" if lost else ""
        tried = [
            TaskAttempt(number=each + 1, seconds=1.5, reason="no answer within 1.5 s") for each in range(tries - 1)
        ]
        took = chance.random() * 4
        yield task_receipts.receipt(
            receipts.receipt_id(1_000_000 + number),
            event_id=event(chain, step),
            correlation_id=event(chain, 0),
            node=node,
            topic=topic,
            partition=chain % 6,
            offset=chain // 6,
            key=f"pull-{chain}",
            started_at=began,
            ended_at=began + timedelta(seconds=took),
            outcome=TaskOutcome.DEAD_LETTERED if lost else TaskOutcome.DONE,
            attempts=(*tried, TaskAttempt(number=tries, seconds=took, reason=reason)),
            reason=reason,
            results=()
            if lost
            else (TaskResult(topic=STEPS[(step + 1) % len(STEPS)][1], event_id=event(chain, step + 1)),),
            cost_usd=Decimal(chance.randrange(1, 90_000)) / 10**6 if step == ROUTED else NOTHING_SPENT,
        )


def event(chain: int, step: int) -> str:
    return receipts.receipt_id(9_000_000 + chain * len(STEPS) + step)


def project(context: Context, count: int) -> None:
    """Tasks in the projection, as if they had been read from a ledger."""
    store, start = Projection(context.home), LedgerPositionRow(CLUSTER, LEDGER, 0)
    rows: list[TaskRow] = []

    def take_over() -> None:
        nonlocal start
        end = start._replace(position=start.position + len(rows), mark=f"record {start.position}")
        store.take_over_ledger([LedgerStretch(start, end, tuple(rows), ())])
        start = end
        rows.clear()

    for number, each in enumerate(worked(count)):
        document = each.model_dump(mode="json")
        if number % len(STEPS) == ROUTED:
            document["routing"] = receipts.receipt_id(number)
        rows.append(task_row(document, "local", LedgerPlace(CLUSTER, LEDGER, 0, number)))
        if len(rows) == CHUNK:
            take_over()
    if rows:
        take_over()


def figures(context: Context, topics: int, tasks: int, rounds: int) -> dict[str, object]:
    """Reports that were written against their rows that were read, and the last of them shown."""

    def writing() -> object:
        return write_report(context, NOW)

    claim = f"report: {topics:,} topics, {tasks:,} receipts, as many tasks"
    comparison = compare(claim, lambda: gather(context, NOW), writing, rounds)
    written = write_report(context, NOW)
    return {
        **comparison.document(),
        "megabytes": round(written.size / 1e6, 2),
        "first_paint_seconds": first_paint(written.path),
    }


def first_paint(file: Path) -> float | None:
    """Seconds until headless Chromium has painted something of the page; ``None`` where there is no Chromium."""
    program = chromium()
    if program is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page()
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]")
        found = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        browser.close()
    return round(float(found) / 1000, 3)


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--topics", type=int, default=5_000)
    options.add_argument("--receipts", type=int, default=100_000, help="and as many tasks on the bus")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contracts(folder, arguments.topics)
        context = resolve(environ={"OMNI_HOME": str(folder / ".omni")}, folder=folder)
        observed(context)
        batch: list[receipts.Receipt] = []
        for each in done(arguments.receipts):
            batch.append(each)
            if len(batch) == CHUNK:
                record(context, batch)
                batch.clear()
        record(context, batch)
        project(context, arguments.receipts)
        found = figures(context, arguments.topics, arguments.receipts, arguments.rounds)
    show(arguments.format, found)


if __name__ == "__main__":
    main()
