"""Dagster's pages where everything that anybody may name or say is meant to do harm, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import chromium
from tests.support.dagster_pages import AT_HOME, Staged, patient, stage, until, visiting
from tests.support.fleet import MARKED
from tests.support.reported import HOSTILE

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.dagster,
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]

ASSETS = "{assetNodes {assetKey {path}}}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    """The fleet among strangers: their contracts, consumer groups, records, questions and answers."""
    with stage(tmp_path_factory.mktemp("hostile"), (*HOSTILE, *MARKED)) as there:
        yield there


@pytest.fixture(scope="module")
def window(browser: Any) -> Iterator[Any]:
    with patient(browser) as context:
        yield context


@pytest.fixture
def visited(window: Any) -> Iterator[Callable[[Staged, str], Any]]:
    yield from visiting(window)


def test_what_anybody_says_changes_no_page_and_asks_for_nothing(hostile, visited, pictures):
    keys = ["/".join(each["assetKey"]["path"]) for each in hostile.ui.ask(ASSETS)["assetNodes"]]
    strange = sorted(key for key in keys if key.startswith("nodes/") and re.search("-[0-9a-f]{8}$", key))
    assert len(strange) == len({*HOSTILE, *MARKED})
    checks = {
        "topic_drift": ("every_subscriber_reads", "no_orphans"),
        "declared_topics": ("contracts_valid",),
        "agents/tasks": ("no_dead_letters_lately",),
    }
    pages = {
        "/asset-groups": "domain_stranger",
        "/assets": "declared_topics",
        **{f"/assets/{key}": "publishes 1 topic and subscribes 1 topic" for key in strange},
        **{f"/assets/topics/onex.evt.stranger/said-{number}.v1": "retention.ms" for number in range(len(strange))},
        "/assets/agents/questions": "content_sha256",
        "/assets/agents/tasks?view=events": "ledger_position",
        "/assets/agents/receipts?view=events": "whole_receipt",
        "/assets/routing_economics": "Latest materialization",
        "/assets/topic_drift": "verdict_needs_approval",
        **{
            f"/assets/{asset}?view=checks&checkDetail={check}": "Latest execution"
            for asset, names in checks.items()
            for check in names
        },
        hostile.run_of("route_tasks"): "agents / receipts",
        hostile.run_of("agent_tasks"): "agents / tasks",
    }
    page = visited(hostile, "/assets")
    for number, (path, said) in enumerate(pages.items()):
        page.goto(hostile.ui.url + path)
        until(page, said)
        for shown in page.get_by_text("[Show Markdown]").all()[:1]:
            shown.click()
            page.get_by_role("button", name="Close").wait_for()
        page.screenshot(path=pictures / f"dagster-hostile-{number:02}.png")
        assert page.evaluate("window.hacked") is None, path
        links = page.eval_on_selector_all("a[href]", "found => found.map(each => each.href)")
        assert [each for each in links if not each.startswith((hostile.ui.url, *AT_HOME))] == [], path
        assert page.locator("iframe, object, embed, form, base, [onerror], [onload], [srcdoc]").count() == 0, path
        drawn = page.eval_on_selector_all("img", "found => found.map(each => each.src)")
        assert [each for each in drawn if not hostile.at_home(each)] == [], path
