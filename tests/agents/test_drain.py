"""Those who drain together end together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.drain import Drain


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_is_over_when_all_have_been_idle_at_once_for_so_long():
    clock = Clock()
    drain = Drain(("a", "b"), 1.0, clock)
    assert not drain.is_over("a", idle=True)
    clock.now = 5.0
    assert not drain.is_over("a", idle=True)
    assert not drain.is_over("b", idle=True)
    clock.now = 5.9
    assert not drain.is_over("a", idle=True)
    clock.now = 6.0
    assert drain.is_over("b", idle=True)


def test_whoever_is_busy_again_starts_the_wait_anew():
    clock = Clock()
    drain = Drain(("a", "b"), 1.0, clock)
    drain.is_over("a", idle=True)
    drain.is_over("b", idle=True)
    clock.now = 0.9
    assert not drain.is_over("a", idle=False)
    clock.now = 3.0
    assert not drain.is_over("b", idle=True)
    assert not drain.is_over("a", idle=True)
    clock.now = 4.0
    assert drain.is_over("b", idle=True)


def test_what_is_over_stays_over():
    clock = Clock()
    drain = Drain(("a",), 0.0, clock)
    assert drain.is_over("a", idle=True)
    assert drain.is_over("a", idle=False)


def test_whoever_left_is_not_waited_for():
    clock = Clock()
    drain = Drain(("a", "b"), 1.0, clock)
    drain.is_over("a", idle=True)
    drain.leave("b")
    assert not drain.is_over("a", idle=True)
    clock.now = 1.0
    assert drain.is_over("a", idle=True)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 2)), max_size=60),
    st.floats(0.1, 2),
)
def test_nobody_ends_while_another_was_busy_within_the_time(said, seconds):
    clock = Clock()
    drain = Drain("abc", seconds, clock)
    last_busy = dict.fromkeys("abc", 0.0)
    heard = dict.fromkeys("abc", False)
    for member, idle, passed in said:
        clock.now += passed
        if not idle or not heard[member]:
            last_busy[member] = clock.now
        heard[member] = idle
        if drain.is_over(member, idle=idle):
            assert all(heard.values())
            assert all(clock.now - at >= seconds for at in last_busy.values())
            return
