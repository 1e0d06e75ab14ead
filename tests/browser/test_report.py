"""The report in a real browser: opened, clicked and read, on a desktop and a phone, dark and light."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from omni_assets.operations.report.writing import write_report
from tests.support.receipts import receipt_id
from tests.support.reported import HOSTILE, NOW, reported

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
VIEWS = ("overview", "drift", "flows", "wiring", "findings", "money", "receipts", "tasks")
LOOKS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    return write_report(reported(tmp_path_factory.mktemp("fleet")), NOW).path


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory) -> Path:
    return write_report(reported(tmp_path_factory.mktemp("hostile"), HOSTILE), NOW).path


@pytest.fixture
def opened(browser) -> Iterator[Callable[..., Any]]:
    """Opens a report; whatever the page complains of, or asks the network for, fails the test."""
    contexts, complaints = [], []

    def open_(file: Path, hash_: str = "overview", size: str = "desktop", scheme: str = "light", **options: Any) -> Any:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(f"{file.as_uri()}#{hash_}")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints


def violations(page: Any) -> list[tuple[str, list[Any]]]:
    """What axe-core finds wrong, and where. Its rule on skip links is left out: it takes each link that is scrolled out
    of sight for one. The one that there is is followed with the keyboard.
    """
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    options = "{ resultTypes: ['violations'], rules: { 'skip-link': { enabled: false } } }"
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_view_is_drawn_fits_and_passes_axe(opened, report, pictures, size, scheme):
    page = opened(report, size=size, scheme=scheme)
    for view in VIEWS:
        page.evaluate("view => { location.hash = view }", view)
        page.wait_for_selector(f"#view-{view}:not([hidden])")
        expect(page.locator(".view:not([hidden])")).to_have_count(1)
        expect(page.locator("nav a[aria-current=page]")).to_have_attribute("href", f"#{view}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view} is wider than the screen"
        assert violations(page) == []
        page.screenshot(path=pictures / f"report-{view}-{size}-{scheme}.png")


def task_of(node: str, chain: int, turn: int = 0) -> str:
    """The address of a task in the made-up fleet."""
    step = ("coder", "tester", "reviewer", "merger").index(node)
    return f"tasks?row=tasks%3A{receipt_id(10_000 + (chain * 5 + step) * 2 + turn)[:10]}"


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_a_task_opens_to_its_chain_as_a_tree(opened, report, pictures, size, scheme):
    page = opened(report, task_of("tester", 3), size, scheme)
    dialog = page.get_by_role("dialog")
    tree = dialog.locator(".chain > ol")
    expect(tree.get_by_role("listitem")).to_have_count(4)
    expect(tree.locator("> li > ol > li")).to_have_count(2)
    expect(tree.locator("> li > ol > li > ol > li")).to_contain_text("its dead letter, sent again")
    expect(dialog.locator("[aria-current=true]")).to_have_text("tester")
    expect(dialog).to_contain_text("3 done, 1 dead-lettered")
    expect(tree).to_contain_text("0.90 s: 2 of 31 tests failed")
    expect(tree).to_contain_text("published onex.evt.reviewer.review-complete.v1")
    assert violations(page) == []
    assert dialog.evaluate("each => each.scrollWidth <= each.clientWidth")
    page.screenshot(path=pictures / f"report-opened-task-{size}-{scheme}.png")
    dialog.locator(".chain").scroll_into_view_if_needed()
    dialog.evaluate("each => { each.scrollTop = each.scrollHeight }")
    page.screenshot(path=pictures / f"report-chain-{size}-{scheme}.png")


def test_the_keyboard_walks_a_chain_which_closes_with_escape(opened, report):
    page = opened(report, task_of("merger", 18))
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".chain")).to_contain_text("approved by ada")
    dialog.get_by_role("link", name="reviewer").focus()
    page.keyboard.press("Enter")
    expect(dialog.locator("[aria-current=true]")).to_have_text("reviewer")
    expect(page).to_have_url(re.compile(receipt_id(10_000 + (18 * 5 + 2) * 2)[:10]))
    assert page.evaluate("document.activeElement.id") == "row-title"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page).not_to_have_url(re.compile("row="))


def test_a_task_and_the_receipt_of_its_calls_lead_to_each_other(opened, report):
    page = opened(report, task_of("coder", 1))
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="The calls of models that it took").click()
    expect(dialog.get_by_role("heading", name="Receipt", exact=False)).to_be_visible()
    expect(dialog).to_contain_text("smollm2: accepted")
    dialog.get_by_role("link", name="coder").click()
    expect(dialog.locator("[aria-current=true]")).to_have_text("coder")


def test_sorting_and_filtering_change_the_rows_and_the_address_which_leads_back_to_them(opened, report):
    page = opened(report, "receipts")
    page.get_by_role("button", name="Spent").click()
    assert page.locator("th[data-key=spent]").get_attribute("aria-sort") == "descending"
    page.get_by_label("Class in: Receipts of the router").select_option("summary")
    page.get_by_label("Search in: Receipts of the router").fill("gpt-4o")
    counted = page.locator("#view-receipts .count").text_content()
    assert re.fullmatch(r"\d+ of 347 rows", counted)
    rows = page.locator("#view-receipts tbody tr[aria-rowindex]")
    assert all("summary" in text and "gpt-4o-mini" in text for text in rows.all_text_contents())
    again = opened(report, page.url.partition("#")[2])
    assert again.locator("#view-receipts .count").text_content() == counted
    assert again.locator("#view-receipts tbody tr[aria-rowindex]").all_text_contents() == rows.all_text_contents()


def test_a_long_table_keeps_few_rows_in_the_page_and_shows_them_all(opened, report):
    page = opened(report, "receipts")
    table = page.locator("#view-receipts table")
    assert table.get_attribute("aria-rowcount") == "348"
    assert table.locator("tbody tr[aria-rowindex]").count() < 40
    page.locator("#view-receipts .scroller").evaluate("each => { each.scrollTop = each.scrollHeight }")
    page.wait_for_selector("#view-receipts tr[aria-rowindex='348']")
    assert table.locator("tbody tr[aria-rowindex]").count() < 40


def test_a_phone_shows_each_name_of_a_list_whole_and_keeps_it_there_while_the_rest_moves(opened, report):
    page = opened(report, size="phone")
    for view in VIEWS:
        page.evaluate("view => { location.hash = view }", view)
        page.wait_for_selector(f"#view-{view}:not([hidden])")
        names = page.locator(f"#view-{view} .scroller tbody .name .clip")
        cut = "all => all.filter((each) => each.scrollHeight > each.clientHeight).map((each) => each.textContent)"
        assert names.evaluate_all(cut) == [], f"names in {view} are cut off"
    page.evaluate("location.hash = 'drift'")
    scroller = page.locator("[data-table=history] .scroller")
    topic, seen = scroller.locator("tbody th").first, scroller.locator("thead th", has_text="Resolved")
    scroller.scroll_into_view_if_needed()
    before = topic.bounding_box()
    scroller.evaluate("each => { each.scrollLeft = each.scrollWidth }")
    expect(seen).to_be_in_viewport()
    assert topic.bounding_box()["x"] == before["x"]


def test_the_keyboard_alone_reaches_and_opens_a_row(opened, report):
    page = opened(report, "drift")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('tbody') !== null"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("omni explain onex.evt.reviewer.review-complete.v1")


def test_a_search_in_the_wiring_leaves_the_neighbours(opened, report):
    page = opened(report, "wiring")
    assert "7 nodes, 8 wires, 1 wire broken by a name" in page.locator("#wiring-graph .count").text_content()
    page.get_by_label("Search the wiring").fill("merger")
    assert page.locator("#wiring-graph .count").text_content() == "4 nodes, 3 wires"
    page.get_by_label("Search the wiring").fill("nothing of that name")
    assert page.locator("#wiring-graph .count").text_content() == "0 nodes, 0 wires"
    page.get_by_label("Zoom in").click()
    page.get_by_label("Show all of it").click()


def test_the_switch_of_colours_is_kept_where_the_system_says_otherwise(opened, report):
    page = opened(report, scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Light colours").click()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_without_javascript_the_summary_is_there(opened, report):
    page = opened(report, java_script_enabled=False)
    assert page.get_by_text("5 drifts in 9 topics").is_visible()
    assert page.get_by_text("needs approval").first.is_visible()
    assert not page.locator("nav").is_visible()


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_texts_change_nothing_and_run_nothing(opened, report, hostile_report, view):
    count = """() => {
      const tags = {};
      for (const element of document.querySelectorAll("body *")) tags[element.localName] = 1;
      return Object.keys(tags).filter((tag) => !["canvas", "span", "option", "select", "a"].includes(tag)).sort();
    }"""
    plain, hostile = opened(report, view), opened(hostile_report, view)
    assert set(hostile.evaluate(count)) <= {*plain.evaluate(count), "code", "dialog"}
    assert hostile.evaluate("window.hacked === undefined")
    assert hostile.locator("img, iframe, object, embed, svg, form").count() == 0
    if view in ("drift", "tasks", "receipts"):
        hostile.locator(f"#view-{view} tbody a").nth(1).click()
        expect(hostile.get_by_role("dialog")).to_be_visible()
        assert hostile.evaluate("window.hacked === undefined")
