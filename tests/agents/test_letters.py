from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.letters import ERRORS, Origin, addressed, origin_of, own, sealed
from omni_assets.agents.task_receipt import task_id

_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_NAMES = _TEXT.filter(lambda name: not name.startswith(ERRORS) and not name.lower().startswith("ce_requeue"))
_HEADERS = st.lists(st.tuples(_NAMES, st.none() | st.binary(max_size=20)), max_size=5).map(tuple)
_ORIGINS = st.builds(
    Origin,
    _TEXT,
    _TEXT,
    st.integers(0, 10**9),
    st.integers(0, 10**17),
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text(st.characters(codec="utf-8"), max_size=20),
    _TEXT,
    st.booleans(),
)


def computed(node: str, topic: str, partition: int, offset: int) -> str:
    return task_id("cluster", node, topic, partition, offset)


@given(_HEADERS, _ORIGINS, _ORIGINS)
def test_a_letter_says_where_it_comes_from_and_gives_back_what_it_came_as(headers, first, second):
    assert origin_of(sealed(headers, first), computed) == first
    assert origin_of(sealed(sealed(headers, first), second), computed) == second  # an earlier letter is forgotten
    assert own(sealed(headers, first)) == own(addressed(sealed(headers, first), first)) == headers


@given(_HEADERS, _ORIGINS, _ORIGINS)
def test_a_letter_that_is_sent_again_names_the_latest_receipt_and_node(headers, first, second):
    again = addressed(sealed(addressed(sealed(headers, first), first), second), second)
    assert again == (*headers, ("ce_requeueof", second.receipt.encode()), ("ce_requeuefor", second.node.encode()))


@given(_HEADERS, st.lists(st.tuples(_TEXT.map(ERRORS.__add__), st.none() | st.binary()), max_size=4).map(tuple))
def test_what_says_nothing_of_itself_is_no_letter_of_ours(headers, told):
    assert origin_of((*headers, *told), computed) is None


def test_a_letter_of_kafka_connect_is_told_by_where_its_record_stood():
    headers = (
        (f"{ERRORS}topic", b"asked"),
        (f"{ERRORS}partition", b"2"),
        (f"{ERRORS}offset", b"7"),
        (f"{ERRORS}connector.name", b"sink"),
        (f"{ERRORS}task.id", b"0"),
        (f"{ERRORS}exception.message", b"no"),
    )
    origin = origin_of(headers, computed)
    assert origin == Origin("sink", "asked", 2, 7, task_id("cluster", "sink", "asked", 2, 7), "no", "")
