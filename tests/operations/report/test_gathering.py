"""What is gathered: everything of the broker that is meant, and only what ended since."""

from __future__ import annotations

from datetime import timedelta

from omni_assets.operations.context import resolve
from omni_assets.operations.report.figures import cards, sentence
from omni_assets.operations.report.gathering import gather
from omni_assets.operations.report.page import page
from omni_assets.operations.report.writing import parts
from omni_assets.operations.routing.savings import savings
from omni_assets.projection.store import Projection
from tests.support.reported import NOW


def test_it_tells_what_the_projection_knows(project):
    content = gather(project, NOW)
    stored = Projection(project.home).stored()
    assert content.drift == stored.drift
    assert content.observation == stored.observations[0]
    assert content.told.total == savings(project.home).total.sums
    assert len(content.told.tasks) == len(Projection(project.home).tasks(limit=10_000))
    assert {mismatch.wrong.name for mismatch in content.near} == {"onex.evt.router.routing_complete.v1"}
    assert not content.cut


def test_since_leaves_out_what_ended_before_and_nothing_that_is_open(project):
    since = NOW - timedelta(days=3)
    whole, lately = gather(project, NOW), gather(project, NOW, since)
    assert lately.drift == whole.drift
    assert {row.key for row in lately.history if row.resolved is None} == {row.drift.key for row in whole.drift}
    assert 0 < len(lately.told.receipts) < len(whole.told.receipts)
    assert all(row.ended_at >= since for row in (*lately.told.receipts, *lately.told.tasks))
    assert all(row.resolved is None or row.resolved >= since for row in lately.history)


def test_more_rows_than_it_holds_are_said_to_be_left_out(project):
    content = gather(project, NOW, most=10)
    assert content.cut == {"receipts": 10, "tasks": 10}
    assert [len(content.told.receipts), len(content.told.tasks)] == [10, 10]
    assert content.told.receipts == gather(project, NOW).told.receipts[:10]
    assert "the newest 10 receipts and the newest 10 tasks" in page(content, parts())


def test_a_project_of_which_nothing_is_known_is_told_as_such(tmp_path):
    context = resolve(environ={"OMNI_HOME": str(tmp_path / "state")}, folder=tmp_path)
    content = gather(context, NOW)
    assert sentence(content) == "The broker was not looked at yet."
    assert {card.title: card.figure for card in cards(content)}["Local share"] == "not known"
    assert "No contract declares a topic" not in page(content, parts()).partition("<nav")[0]
