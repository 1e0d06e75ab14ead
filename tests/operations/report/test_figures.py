"""What a report says first: sums that agree with what they are sums of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.context import resolve
from omni_assets.operations.report.content import Content
from omni_assets.operations.report.figures import (
    DAYS_DRAWN,
    TONES,
    VERDICTS_DRAWN,
    cards,
    drawing,
    open_by_day,
    sentence,
)
from omni_assets.operations.report.gathering import gather
from omni_assets.projection.rows import HistoryRow
from tests.support.reported import CLUSTER, NOW

HOURS = st.integers(0, 24 * 100)


def episode(number: int, opened: int, lasted: int | None, verdict: str) -> HistoryRow:
    """A drift that was first seen ``opened`` hours before the end, and lasted so many hours or is open."""
    first = NOW - timedelta(hours=opened)
    end = None if lasted is None else min(first + timedelta(hours=lasted), NOW)
    name = verdict.replace(" ", "_")
    return HistoryRow(CLUSTER, f"t{number}", "missing", "", None, None, name, "r", None, None, None, first, first, end)


EPISODES = st.lists(
    st.tuples(HOURS, st.one_of(st.none(), HOURS), st.sampled_from(VERDICTS_DRAWN)), min_size=1, max_size=30
).map(lambda drawn: tuple(episode(number, *each) for number, each in enumerate(drawn)))


@given(history=EPISODES)
def test_the_last_day_counts_what_is_open_and_each_day_what_was(project_content, history):
    rows = open_by_day(replace(project_content, history=history))
    assert len(rows) <= DAYS_DRAWN
    assert rows[-1].day == NOW.date()
    for row in rows:
        midnight = datetime.combine(row.day + timedelta(days=1), datetime.min.time(), UTC)
        open_then = [
            each
            for each in history
            if each.first_seen < midnight and (each.resolved is None or each.resolved >= midnight)
        ]
        counted = [sum(each.verdict == name.replace(" ", "_") for each in open_then) for name in VERDICTS_DRAWN]
        assert list(row.open) == counted


def test_the_sentence_says_what_matters_most(project_content):
    assert sentence(project_content) == (
        "5 drifts in 9 topics, 3 of which need a person. "
        "77.7 % of tokens stayed on own hardware; $10.67 avoided for $1.23 spent."
    )


def test_every_card_leads_to_a_view_and_has_a_tone_that_there_is(project_content):
    found = cards(project_content)
    assert {card.tone for card in found} <= {"", *TONES.values()}
    assert {card.view for card in found} == {"drift", "wiring", "money", "receipts", "tasks"}


def test_names_that_nearly_are_one_draw_a_broken_wire(project_content):
    drawn = drawing(project_content)
    ((start, end, written, read),) = drawn.broken
    assert (drawn.dots[start].name, drawn.dots[end].name) == ("router", "coder")
    assert (written, read) == ("onex.evt.router.routing-complete.v1", "onex.evt.router.routing_complete.v1")


def test_the_drawing_has_every_node_and_each_wire_once(project_content):
    drawn = drawing(project_content)
    wiring = project_content.wiring
    assert sorted(dot.name for dot in drawn.dots) == list(wiring.nodes)
    joined = [(drawn.dots[wire.start].name, drawn.dots[wire.end].name) for wire in drawn.wires]
    assert sorted(joined) == sorted((node, reader) for node, readers in wiring.feeds.items() for reader in readers)
    assert (drawn.alone, drawn.left_out) == (0, 0)


def test_nodes_without_a_wire_are_counted_and_not_drawn(tmp_path):
    for node, topics in {"a": ["x"], "b": ["y"], "c": []}.items():
        file = tmp_path / "contracts" / node / "contract.yaml"
        file.parent.mkdir(parents=True)
        published = ", ".join(f"onex.evt.{node}.{each}.v1" for each in topics)
        subscribed = "onex.evt.a.x.v1" if node == "c" else ""
        bus = f"  publish_topics: [{published}]\n  subscribe_topics: [{subscribed}]\n"
        file.write_text(f"name: {node}\nevent_bus:\n{bus}")
    context = resolve(environ={"OMNI_HOME": str(tmp_path / "state")}, folder=tmp_path)
    drawn = drawing(gather(context, NOW))
    assert [dot.name for dot in drawn.dots] == ["a", "c"]
    assert (drawn.alone, drawn.left_out) == (1, 0)


def test_a_resolved_history_leaves_nothing_open(project):
    content: Content = gather(project, NOW)
    assert open_by_day(replace(content, history=())) == ()
