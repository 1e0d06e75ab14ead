"""The chains of a report are those of ``omni task show``, and lose no task where some are left out."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.operations.agents.tasks import chain
from omni_assets.operations.report.chains import MOST_LINES, attempts_lines, calls_lines, linked
from omni_assets.operations.report.registers import tables
from omni_assets.projection.rows import CallsRow, LinkedTask, TaskRow
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.operations.agents.test_chains import receipts as any_receipts


def row_of(receipt: TaskReceipt, position: int = 0) -> LinkedTask:
    row = task_row(receipt.model_dump(mode="json"), "local", LedgerPlace("c", "l", 0, position))
    shared = {name: getattr(row, name) for name in LinkedTask._fields if name in TaskRow._fields}
    return LinkedTask(
        **shared,
        seconds=[each.seconds for each in receipt.attempts],
        reasons=[each.reason for each in receipt.attempts],
        results=[each.event_id for each in receipt.results],
        published=[each.topic for each in receipt.results],
        effects=[each.name for each in receipt.effects],
        effect_outcomes=[each.outcome.value for each in receipt.effects],
    )


def test_each_chain_is_the_tree_that_task_show_draws(project, project_content):
    found = linked(project_content.told.tasks)
    assert len({each.task.id for each in found}) == len(found) == len(project_content.told.tasks)
    chains = [list(members) for _, members in groupby(found, lambda each: each.chain)]
    assert len(chains) == 40
    assert {max(each.depth for each in members) for members in chains} == {2, 3}
    for members in chains:
        shown = chain(project.home, members[-1].task.id)
        assert [(each.task.id, each.depth) for each in members] == [
            (each.receipt.id, each.depth) for each in shown.links
        ]


def test_what_a_task_has_to_say_stands_in_its_row(project_content):
    table = next(each for each in tables(project_content) if each.name == "tasks")
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows]
    lost = next(each for each in rows if each["outcome"] == "dead-lettered")
    assert str(lost["tried"]).split("\n")[2] == "0.90 s: 2 of 31 tests failed"
    again = rows[rows.index(lost) + 1]
    assert (again["how"], again["depth"]) == ("its dead letter, sent again", 2)
    assert {each["approval"] for each in rows} == {None, "a person is asked", "approved by ada"}
    merged = next(each for each in rows if each["effects"])
    assert (merged["effects"], merged["published"]) == ("merge: done", "onex.evt.merger.merged.v1")
    assert (merged["took"], lost["took"]) == (40, 2500)
    known = {row[-1] for each in tables(project_content) if each.name == "receipts" for row in each.rows}
    assert {each["receipt"] for each in rows if each["node"] == "coder"} <= known


@given(any_receipts(), st.integers(0, 6))
def test_a_task_that_is_left_out_takes_no_other_with_it(given_receipts, most):
    rows = [row_of(each, position) for position, each in enumerate(given_receipts)][:most]
    found = linked(rows)
    assert sorted(each.task.id for each in found) == sorted(each.id for each in rows)


def test_what_follows_from_a_task_that_is_left_out_says_so(project_content):
    newest = project_content.told.tasks[0]
    (alone,) = linked([newest])
    assert (alone.depth, alone.how) == (0, "what came before it is not in this report")


@pytest.mark.parametrize("reasons", [["x"] * 40, ["a\nb\x1b"] * 2])
def test_lines_are_few_and_of_one_line_each(project_content, reasons):
    task = project_content.told.tasks[0]._replace(seconds=[0.5] * len(reasons), reasons=reasons)
    lines = str(attempts_lines(task)).split("\n")
    assert len(lines) == min(len(reasons), MOST_LINES + 1)
    calls = CallsRow("r", ["small", "large"], ["rejected", "accepted"], ["valid-json", ""])
    assert calls_lines(calls) == "small: rejected (valid-json)\nlarge: accepted"
