"""The report of a large project: how long it takes to write, how large it is, and when a browser shows it first.

5,000 topics in 500 contracts, a tenth of them drifted, and 100,000 receipts. Baseline: the same rows read, and nothing
made of them.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.measure import compare, parser, show
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.report.gathering import gather
from omni_assets.operations.report.writing import write_report
from omni_assets.operations.routing.recording import record
from omni_assets.projection.rows import Declared, DeclaredTopicRow, Drift, Observation, Observed
from omni_assets.projection.store import Projection
from tests.browser.conftest import FLAGS, chromium
from tests.support import receipts
from tests.support.reported import BROKER, CLUSTER, NOW

NODES_PER_TOPIC = 10
CHUNK = 5_000


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


def figures(context: Context, topics: int, tasks: int, rounds: int) -> dict[str, object]:
    """Reports that were written against their rows that were read, and the last of them shown."""

    def writing() -> object:
        return write_report(context, NOW)

    claim = f"report: {topics:,} topics, {tasks:,} receipts"
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
    options.add_argument("--receipts", type=int, default=100_000)
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
        found = figures(context, arguments.topics, arguments.receipts, arguments.rounds)
    show(arguments.format, found)


if __name__ == "__main__":
    main()
