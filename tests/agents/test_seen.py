from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.seen import Seen, identity

NAMES = st.sampled_from("abcdef")


def test_the_first_receipt_counts_and_says_nothing_of_itself() -> None:
    seen = Seen()
    assert seen.claim("e", "first") is None
    assert seen.claim("e", "first") is None  # begun again, after a partition came back
    assert seen.claim("e", "second") == "first"


def test_only_the_latest_are_remembered() -> None:
    seen = Seen(most=2)
    for each in "abc":
        seen.claim(each, each)
    assert (seen.claim("c", "x"), seen.claim("b", "x"), seen.claim("a", "x")) == ("c", "b", None)
    seen.recall({"d": "d", "e": "e", "f": "f"})
    assert len(seen) == 2


def test_what_others_noted_counts() -> None:
    seen = Seen()
    seen.claim("e", "mine, never committed")
    seen.recall({"e": "theirs"})
    assert seen.claim("e", "mine, never committed") == "theirs"


def test_only_who_claimed_an_event_gives_it_up() -> None:
    seen = Seen()
    seen.claim("e", "first")
    seen.release("e", "second")
    assert seen.claim("e", "second") == "first"
    seen.release("e", "first")
    assert seen.claim("e", "second") is None


def test_an_id_is_that_of_its_source() -> None:
    assert identity("/a", "1") != identity("/b", "1")


@given(st.lists(st.tuples(NAMES, NAMES), max_size=40))
def test_every_event_has_one_receipt(claims: list[tuple[str, str]]) -> None:
    seen, firsts = Seen(), {}
    for event, receipt in claims:
        firsts.setdefault(event, receipt)
        found = seen.claim(event, receipt)
        assert (found or receipt) == firsts[event]
