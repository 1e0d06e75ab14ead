"""Tasks of one beginning as a tree: each stands there once, below what it follows from, whatever receipts say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.task_receipt import Answer, TaskApproval, TaskOutcome, TaskReceipt, TaskResult
from omni_assets.operations.agents.chains import How, Link, chained
from tests.support.task_receipts import receipt


def told(links: tuple[Link, ...]) -> list[tuple[int, str, How]]:
    return [(link.depth, link.receipt.id, link.how) for link in links]


def says(*events: str) -> tuple[TaskResult, ...]:
    return tuple(TaskResult(topic="onex.evt.a.done.v1", event_id=each) for each in events)


def test_a_task_stands_below_the_one_that_published_its_event() -> None:
    first = receipt("a", event_id="e0", results=says("e1", "e2"))
    second = receipt("b", event_id="e1", results=says("e3"))
    third, fourth = receipt("c", event_id="e3"), receipt("d", event_id="e2")
    assert told(chained([first, second, third, fourth])) == [
        (0, "a", How.BEGINNING),
        (1, "b", How.RESULT),
        (2, "c", How.RESULT),
        (1, "d", How.RESULT),
    ]


def test_what_repeats_a_task_stands_below_it() -> None:
    first = receipt("a", outcome=TaskOutcome.DEAD_LETTERED)
    again = receipt("b", duplicate_of="a", outcome=TaskOutcome.DUPLICATE)
    replayed, requeued = receipt("c", replay="r", replay_of="a"), receipt("d", requeue_of="a")
    assert told(chained([first, again, replayed, requeued]))[1:] == [
        (1, "b", How.DUPLICATE),
        (1, "c", How.REPLAY),
        (1, "d", How.REQUEUE),
    ]


def test_an_answer_stands_below_its_question() -> None:
    asked = TaskApproval(id="q", content_sha256="00" * 32)
    waiting = receipt("a", outcome=TaskOutcome.WAITING, approval=asked)
    answered = asked.model_copy(update={"answer": Answer.APPROVED, "by": "ada"})
    assert told(chained([receipt("b", approval=answered), waiting])) == [
        (0, "a", How.BEGINNING),
        (1, "b", How.ANSWER),
    ]


def test_tasks_of_one_event_are_beginnings_side_by_side() -> None:
    assert told(chained([receipt("a"), receipt("b")])) == [(0, "a", How.BEGINNING), (0, "b", How.BEGINNING)]


def test_a_circle_is_cut_at_the_oldest() -> None:
    first = receipt("a", event_id="e1", results=says("e2"))
    second = receipt("b", event_id="e2", results=says("e1"))
    assert told(chained([first, second])) == [(0, "a", How.CIRCLE), (1, "b", How.RESULT)]


def test_a_long_chain_is_no_deep_recursion() -> None:
    links = chained([receipt(f"t{each}", event_id=f"e{each}", results=says(f"e{each + 1}")) for each in range(3_000)])
    assert [link.depth for link in links] == list(range(3_000))


names = st.sampled_from([f"t{each}" for each in range(6)])
events = st.sampled_from([f"e{each}" for each in range(6)])


@st.composite
def receipts(draw: st.DrawFn) -> list[TaskReceipt]:
    ids = draw(st.lists(names, unique=True, min_size=1))
    return [
        receipt(
            each,
            event_id=draw(events),
            results=says(*draw(st.lists(events, max_size=2))),
            duplicate_of=draw(st.none() | names),
            requeue_of=draw(st.none() | names),
            replay_of=draw(st.none() | names),
        )
        for each in ids
    ]


@given(receipts())
def test_each_task_stands_there_once_behind_and_one_step_below_its_parent(given_receipts: list[TaskReceipt]) -> None:
    links = chained(given_receipts)
    assert sorted(link.receipt.id for link in links) == sorted(each.id for each in given_receipts)
    depths: dict[str, int] = {}
    for link in links:
        assert link.depth == (0 if link.parent is None else depths[link.parent] + 1)
        assert (link.parent is None) is (link.how in (How.BEGINNING, How.CIRCLE))
        depths[link.receipt.id] = link.depth
