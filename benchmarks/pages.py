"""Dagster's pages of real contracts, and of many topics: how long a browser takes until it has drawn one and is idle.

The lineage, the table of drift and one node or domain, each after a real ``reconcile`` run on an embedded broker,
against the same page of a project with one topic. A page is idle when what it is about is drawn, no part of it waits
for what it has asked for, and the browser has time; what it asks for again later is left out. Each is opened by a
browser that has nothing in its cache.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Comparison, parser, show
from benchmarks.report import contracts
from omni_assets.broker.local import lifecycle
from omni_assets.operations.context import resolve
from omni_assets.operations.dagster_home import prepare
from omni_assets.operations.up import environment
from tests.browser.conftest import FLAGS, chromium
from tests.support.dagster_ui import DagsterUi, dagster_ui

MOST_SECONDS = 180.0
LIMITS = {"corpus": 6.0, "topics": 10.0, "asset": 4.0}
TABLE = "/assets/topic_drift"
_ALONE, _EXTERNAL = "/assets/nodes/alone", ("nodes", "domains")
_SETTLED = """() => {
  const waiting = "[class*=Skeleton_skeleton], [class*=Spinner_spinner]:not([class*=Spinner_stopped])";
  return document.querySelector(waiting) === null && !document.body.innerText.includes("fetching statuses");
}"""
_DECLARED = "text=/^The (node|domain)/"


@contextmanager
def shown(folder: Path, sources: str) -> Iterator[DagsterUi]:
    """The UI of a project after a run on a broker of its own; both end with this."""
    home = folder / ".omni"
    broker = lifecycle.start(home, port=0)
    try:
        variables = {"OMNI_HOME": str(home), "OMNI_ENV": "local", "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
        context = resolve([sources], environ=variables, folder=folder)
        run = [sys.executable, "-m", "omni_assets.pipeline.reconcile"]
        environ = environment(context, prepare(home))
        ended = subprocess.run(run, cwd=folder, env=environ, check=True, capture_output=True)
        assert json.loads(ended.stdout)["success"], ended.stdout
        with dagster_ui(folder, context) as ui:
            yield ui
    finally:
        lifecycle.stop(home)


def idle(browser: Browser, url: str, drawn: str) -> float:
    """Seconds until ``drawn``, a selector, is there, nothing says that it is fetched, and the browser has time."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(MOST_SECONDS * 1000)
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(drawn)
    page.wait_for_function(_SETTLED, polling="raf")
    page.evaluate("new Promise((done) => requestIdleCallback(done))")
    seconds = time.perf_counter() - started
    context.close()
    return seconds


def figures(
    browser: Browser, small: DagsterUi, large: DagsterUi, what: str, limit: float, rounds: int
) -> Iterator[dict[str, object]]:
    """The pages of one project, against those of a small one."""
    some = large.ask("{assetNodes {assetKey {path}}}")["assetNodes"]
    first = next("/".join(each["assetKey"]["path"]) for each in some if each["assetKey"]["path"][0] in _EXTERNAL)
    pages = (
        (f"lineage, {what}", "/asset-groups", "/asset-groups", "foreignObject.group", limit),
        (f"topic_drift, {what}", TABLE, TABLE, "text=Latest check results", LIMITS["asset"]),
        (f"{first.partition('/')[0]}, {what}", _ALONE, f"/assets/{first}", _DECLARED, LIMITS["asset"]),
    )
    for claim, baseline, measured, drawn, target in pages:
        seconds = [
            (idle(browser, small.url + baseline, drawn), idle(browser, large.url + measured, drawn))
            for _ in range(rounds + 1)
        ]
        compared = Comparison(claim, *(tuple(each) for each in zip(*seconds[1:], strict=True)))
        yield {**compared.document(), "assets": len(some), "target_seconds": target}


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("corpus", type=Path)
    options.add_argument("--topics", type=int, default=5_000)
    arguments = options.parse_args()
    program = chromium()
    if program is None:
        sys.exit("no Chromium is installed (Debian: apt-get install chromium)")
    found: list[dict[str, object]] = []
    with ExitStack() as opened:
        root = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="omni-bench-")))
        playwright = opened.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        opened.callback(browser.close)
        alone, many = root / "alone", root / "many"
        _alone(alone)
        contracts(many, arguments.topics)
        small = opened.enter_context(shown(alone, str(alone / "contracts")))
        for sources, what, limit in (
            (arguments.corpus.resolve(), "real contracts", LIMITS["corpus"]),
            (many / "contracts", f"{arguments.topics:,} topics", LIMITS["topics"]),
        ):
            folder = root / what.replace(" ", "-")
            folder.mkdir(exist_ok=True)
            with shown(folder, str(sources)) as large:
                found += figures(browser, small, large, what, limit, arguments.rounds)
    show(arguments.format, *found)


def _alone(folder: Path) -> None:
    file = folder / "contracts" / "alone" / "contract.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("name: alone\nevent_bus:\n  publish_topics: [onex.evt.alone.happened.v1]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
