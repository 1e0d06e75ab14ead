"""Dagster's pages of a fleet in a real browser: opened, clicked and read, and used to answer what an agent asks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg
import pytest

from omni_assets.operations.agents.approving import waiting
from omni_assets.pipeline.agents.keys import TASKS
from tests.browser.conftest import chromium
from tests.support.dagster_pages import PATIENCE, Staged, patient, stage, until, visiting
from tests.support.fleet import MISSPELT, PASSED

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.dagster,
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]

Visited: TypeAlias = Callable[[Staged, str], Any]

DOMAINS = ("ci_watcher", "coder", "merger", "planner", "reviewer", "router", "tester")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    """The fleet as it is. The daemon does not run until a test starts it: nothing changes under those that look."""
    with stage(tmp_path_factory.mktemp("fleet")) as there:
        yield there


@pytest.fixture(scope="module")
def window(browser: Any) -> Iterator[Any]:
    with patient(browser) as context:
        yield context


@pytest.fixture
def visited(window: Any) -> Iterator[Visited]:
    yield from visiting(window)


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """What is expected may take as long as what is waited for."""
    expect.set_options(timeout=PATIENCE)
    yield
    expect.set_options(timeout=5_000)


def see_the_lineage(staged: Staged, visited: Visited, pictures: Path) -> None:
    """The lineage leads from node to topic to node, domain by domain."""
    page = visited(staged, "/asset-groups")
    boxes = page.locator("foreignObject")
    for group in ("agents", "routing", "topics", "report", *(f"domain_{each}" for each in DOMAINS)):
        boxes.filter(has_text=re.compile(f"^{group}")).first.wait_for()
    page.screenshot(path=pictures / "dagster-domains.png")
    boxes.filter(has_text="domain_reviewer").click()
    expect(boxes.filter(has_text=re.compile("^reviewer"))).to_have_count(1)
    for event in ("answer-approval", "approval-req", "review-complete"):
        boxes.filter(has_text=re.compile(f"^{event}")).wait_for()
    page.screenshot(path=pictures / "dagster-domain.png")
    page = visited(staged, "/assets/nodes/reviewer?view=lineage&lineageScope=neighbors&lineageDepth=3")
    for end in ("coder", "tester", "merger"):
        page.locator("foreignObject", has_text=end).first.wait_for()
    page.screenshot(path=pictures / "dagster-lineage.png")


def see_a_table(staged: Staged, visited: Visited, pictures: Path) -> None:
    """A table tells what it is, whose, and how it has been."""
    page = visited(staged, "/assets/topic_drift")
    until(page, "The difference between what", "platform", "Freshness policy", "projection.main.drift", MISSPELT)
    page.screenshot(path=pictures / "dagster-table.png")
    page.get_by_role("button", name="Plots").or_(page.get_by_text("Plots", exact=True)).first.click()
    until(page, "verdict_needs_approval")
    page.screenshot(path=pictures / "dagster-plots.png")


def see_a_topic(staged: Staged, visited: Visited, pictures: Path) -> None:
    """A topic tells its settings, and leads to its line."""
    page = visited(staged, "/assets/topics/onex.evt.router/routing-complete.v1")
    until(page, "declared by", "7d", "planner", "Downstream assets")
    line = "https://forge.example/fleet/blob/main/contracts/router/contract.yaml#L4"
    page.locator(f"a[href='{line}']").first.wait_for()
    page.screenshot(path=pictures / "dagster-topic.png")


def see_what_is_not_drawn(staged: Staged, visited: Visited, pictures: Path) -> None:
    """The ends of an edge that is not drawn say so."""
    page = visited(staged, "/assets/nodes/planner")
    until(
        page,
        "Plans what is to be changed.",
        "edges_left_out",
        "an asset graph must not have a cycle",
        "publishes 2 topics and subscribes 2 topics",
    )
    page.screenshot(path=pictures / "dagster-node.png")


def see_a_check(staged: Staged, visited: Visited, pictures: Path) -> None:
    """A check lists what offends, with its lines."""
    page = visited(staged, "/assets/topic_drift?view=checks&checkDetail=no_stranded_records")
    until(page, "1 topic with records that were meant for a declared topic", "brings them home", MISSPELT)
    page.screenshot(path=pictures / "dagster-check.png")
    page.get_by_text("configs_match").first.click()
    until(page, "1 topic with config values that differ", "records that are kept now would be deleted")
    page.get_by_text("[Show Markdown]").first.click()
    links = page.get_by_role("link", name="contracts/merger/contract.yaml:4")
    assert links.first.get_attribute("href").endswith("/contracts/merger/contract.yaml#L4")
    page.screenshot(path=pictures / "dagster-check-links.png")


def see_what_drifted(staged: Staged, visited: Visited, pictures: Path) -> None:
    """What drifted has a page with its history."""
    page = visited(staged, "/assets/topic_drift_history?view=partitions")
    page.get_by_text(PASSED).first.click()
    until(page, "opened: partitions", "unfixable", "no broker takes partitions away")
    page.screenshot(path=pictures / "dagster-history.png")


def see_a_run(staged: Staged, visited: Visited, pictures: Path) -> None:
    """A run shows each receipt."""
    page = visited(staged, staged.run_of("route_tasks"))
    until(page, "answered by small, after 1 call")
    page.screenshot(path=pictures / "dagster-receipts.png")


SIGHTS = (see_the_lineage, see_a_table, see_a_topic, see_what_is_not_drawn, see_a_check, see_what_drifted, see_a_run)


def test_the_pages_tell_what_there_is(staged, visited, pictures):
    for see in SIGHTS:
        see(staged, visited, pictures)


def test_a_question_is_answered_from_the_launchpad_and_its_receipt_follows(staged, visited, pictures):
    asked = next(each for each in waiting(staged.fleet.context()).asked if "median" in each.question.title)
    page = visited(staged, "/assets/agents/questions")
    until(page, asked.question.task, asked.question.content_sha256, "no numbers have no median")
    page.screenshot(path=pictures / "dagster-questions.png")

    staged.ui.start_daemon()
    page = visited(staged, staged.ui.launchpad("answer_approval"))
    editor = page.locator(".CodeMirror").first
    editor.get_by_text("content_sha256", exact=True).click()
    until(page, "The digest of what you have read", "Who you are")
    page.screenshot(path=pictures / "dagster-launchpad.png")
    read = {"id": asked.question.task, "content_sha256": asked.question.content_sha256}
    written = {"ops": {"give_answer": {"config": {**read, "answer": "approved", "by": "Ada"}}}}
    editor.evaluate("(each, text) => each.CodeMirror.setValue(text)", json.dumps(written))
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile("/runs/"))
    until(page, "approved by Ada")
    page.screenshot(path=pictures / "dagster-answered.png")

    answered = _until_answered(staged.fleet.instance)
    page = visited(staged, f"/runs/{answered.run_id}")
    until(page, "approved", "reviewer")
    page.screenshot(path=pictures / "dagster-run.png")
    page = visited(staged, "/assets/topic_drift")
    until(page, "Freshness policy")
    page.screenshot(path=pictures / "dagster-freshness.png")


def _until_answered(instance: dg.DagsterInstance) -> dg.EventLogRecord:
    """The event that tells of the task that went on with an answer: a sensor has to see it, and a run to work."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        found = instance.fetch_materializations(dg.AssetRecordsFilter(TASKS), limit=100).records
        for each in found:
            if "answer" in each.asset_materialization.metadata:
                return each
        time.sleep(0.5)
    raise AssertionError("nobody went on with the answer")
