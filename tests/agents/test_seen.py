from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.seen import Claim, Earlier, Seen, command, identity
from omni_assets.agents.task_receipt import FAILURES, TaskOutcome, TaskReceipt
from omni_assets.contracts.model import HandlerKind

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = timedelta(seconds=10)
NAMES = st.sampled_from("abcdef")


def claim(event: str, receipt: str, told: str = "", seconds: int = 0) -> Claim:
    return Claim(identity("/s", event), command(told, "k"), receipt, BEGAN + timedelta(seconds=seconds))


def first_of(earlier: Earlier | None) -> str | None:
    return earlier.receipt if earlier else None


def receipt_of(
    event: str, told: str, made: Claim, outcome: TaskOutcome, duplicate_of: str | None = None
) -> TaskReceipt:
    """What stands in the ledger of a task that claimed that."""
    return TaskReceipt(
        id=made.receipt,
        event_id=event,
        event_source="/s",
        node="echo",
        handler=HandlerKind.PYTHON,
        topic="t",
        partition=0,
        offset=0,
        key="k",
        correlation_id="",
        causation_id="",
        started_at=made.at,
        ended_at=made.at,
        outcome=outcome,
        attempts=(),
        reason="",
        results=(),
        duplicate_of=duplicate_of,
        routing=None,
        cost_usd=None,
        idempotency_key=told or None,
    )


def test_the_first_receipt_counts_and_says_nothing_of_itself() -> None:
    seen = Seen()
    assert seen.claim(claim("e", "first")) is None
    assert seen.claim(claim("e", "first")) is None  # begun again, after a partition came back
    assert first_of(seen.claim(claim("e", "second"))) == "first"


def test_only_the_latest_are_remembered() -> None:
    seen, others = Seen(most=2), Seen(most=3)
    for each in "abc":
        seen.claim(claim(each, each, each))
    assert [first_of(seen.claim(claim(each, "x"))) for each in "cba"] == ["c", "b", None]
    for each in "def":
        others.claim(claim(each, each, each))
    seen.recall(others)
    assert len(seen) == 2
    assert [first_of(seen.claim(claim(f"{each}2", "x", each))) for each in "fedcba"] == ["f", "e"] + [None] * 4


def test_what_others_noted_counts() -> None:
    seen, others = Seen(), Seen()
    seen.claim(claim("e", "mine, never committed", "c"))
    others.claim(claim("e", "theirs", "c"))
    seen.recall(others)
    assert first_of(seen.claim(claim("e", "mine, never committed", "c"))) == "theirs"
    assert first_of(seen.claim(claim("e2", "another", "c"))) == "theirs"


def test_only_who_claimed_an_event_gives_it_up() -> None:
    seen = Seen()
    seen.claim(claim("e", "first", "c"))
    seen.release(claim("e", "second", "c"))
    assert first_of(seen.claim(claim("e", "second", "c"))) == "first"
    seen.release(claim("e", "first", "c"))
    assert seen.claim(claim("e", "second", "c")) is None


def test_an_id_is_that_of_its_source_and_of_the_letter_that_it_was_sent_again_for() -> None:
    assert len({identity("/a", "1"), identity("/b", "1"), identity("/a", "1", "r1"), identity("/a", "1", "r2")}) == 4
    assert len({command("i", "k"), command("i", "l"), command("j", "k")}) == 3
    assert command(None, "k") == command("", "k") == b""


def test_a_command_is_carried_out_once_within_its_window() -> None:
    seen = Seen(WINDOW)
    assert seen.claim(claim("e1", "first", "c")) is None
    again = seen.claim(claim("e2", "second", "c", seconds=10))
    assert again == Earlier("first", "a task of its idempotency key and key was worked on before")
    assert (
        first_of(seen.claim(claim("e2", "third", "", seconds=10))) == "first"
    )  # the event of a duplicate is seen, too
    assert seen.claim(claim("e4", "fourth", "c", seconds=11)) is None
    assert first_of(seen.claim(claim("e5", "fifth", "c", seconds=21))) == "fourth"


def test_a_command_whose_task_failed_may_be_given_anew_and_its_event_not() -> None:
    seen = Seen(WINDOW)
    failed = claim("e1", "first", "c")
    seen.claim(failed)
    seen.forgive(failed)
    assert first_of(seen.claim(claim("e1", "again", "c"))) == "first"
    assert seen.claim(claim("e2", "second", "c")) is None
    seen.forgive(failed)
    assert first_of(seen.claim(claim("e3", "third", "c"))) == "second"


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_nobody_makes_one_thing_of_two(first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
    assert (identity(*first) == identity(*second)) is (first == second)
    assert (command(*first[:2]) == command(*second[:2])) is (first[:2] == second[:2] or not (first[0] or second[0]))
    assert len(identity(*first)) == 16  # however long what others choose is


@given(st.lists(st.tuples(NAMES, NAMES), max_size=40))
def test_every_event_has_one_receipt(claims: list[tuple[str, str]]) -> None:
    seen, firsts = Seen(), {}
    for event, receipt in claims:
        firsts.setdefault(event, receipt)
        assert (first_of(seen.claim(claim(event, receipt))) or receipt) == firsts[event]


_TASKS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),  # its event
        st.sampled_from(["", "x", "y"]),  # its idempotency key
        st.integers(0, 8),  # seconds since the task before
        st.sampled_from([TaskOutcome.DONE, TaskOutcome.WAITING, *FAILURES]),
        st.booleans(),  # whether another worker takes over before it
    ),
    max_size=40,
)


@given(_TASKS)
def test_no_command_is_carried_out_twice_within_its_window_whoever_takes_over(
    tasks: list[tuple[str, str, int, TaskOutcome, bool]],
) -> None:
    """And a worker that knows the ledger alone says of each task what one says that was there all the time."""
    seen, ledger, there_all_the_time = Seen(WINDOW), [], Seen(WINDOW)
    carried_out: dict[str, int] = {}
    worked_on: set[str] = set()
    now = 0
    for number, (event, idempotency_key, later, outcome, taken_over) in enumerate(tasks):
        now += later
        if taken_over:
            known = Seen(WINDOW)
            for receipt in ledger:
                known.note(receipt)
            seen = Seen(WINDOW)
            seen.recall(known)
        made = claim(event, f"r{number}", idempotency_key, now)
        earlier = seen.claim(made)
        assert earlier == there_all_the_time.claim(made)
        if earlier is not None:
            ledger.append(receipt_of(event, idempotency_key, made, TaskOutcome.DUPLICATE, earlier.receipt))
            assert event in worked_on or now - carried_out[idempotency_key] <= 10
        else:
            assert event not in worked_on
            assert not idempotency_key or now - carried_out.get(idempotency_key, -11) > 10
            ledger.append(receipt_of(event, idempotency_key, made, outcome))
            if outcome in FAILURES:
                seen.forgive(made)
                there_all_the_time.forgive(made)
            else:
                carried_out[idempotency_key] = now
        worked_on.add(event)
