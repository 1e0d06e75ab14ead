from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from omni_assets.credentials import Redactor
from omni_assets.router.calling.addresses import Address
from omni_assets.router.calling.client import Client
from omni_assets.router.calling.health import Breaker, Closed, HalfOpen, Health, Open, Patience, look
from omni_assets.router.catalog import Endpoint
from omni_assets.router.values import Location
from tests.support.model_endpoint import Behaviour, ModelEndpoint, fails, hangs, replies, resets

PATIENCE = Patience(failures=3, rest_seconds=5.0, longest_rest_seconds=60.0)


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def breaker_down(clock: Clock) -> Breaker:
    breaker = Breaker(PATIENCE, clock)
    for number in range(PATIENCE.failures):
        assert breaker.admit()
        breaker.failed(f"failure {number}")
    return breaker


def test_an_endpoint_that_fails_again_and_again_is_left_alone() -> None:
    breaker = breaker_down(Clock())
    assert not breaker.admit()
    assert breaker.why_not() == "its endpoint is down and is asked again in 5 s (failure 2)"


def test_one_success_forgives_all_failures_before() -> None:
    breaker = Breaker(PATIENCE, Clock())
    for _ in range(10):
        breaker.failed("once")
        breaker.failed("twice")
        breaker.succeeded()
    assert breaker.state == Closed()


def test_after_its_rest_one_call_finds_out() -> None:
    clock = Clock()
    breaker = breaker_down(clock)
    clock.seconds += 5.0
    assert breaker.why_not() is None
    assert breaker.admit()
    assert not breaker.admit()
    assert "one call finds out" in (breaker.why_not() or "")
    breaker.succeeded()
    assert breaker.admit()
    assert breaker.why_not() is None


def test_each_rest_is_twice_as_long_up_to_a_limit() -> None:
    clock = Clock()
    breaker = breaker_down(clock)
    rests = []
    for _ in range(6):
        assert isinstance(breaker.state, Open)
        rests.append(breaker.state.until - clock.seconds)
        clock.seconds = breaker.state.until
        assert breaker.admit()
        breaker.failed("still")
    assert rests == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_call_that_is_cancelled_lets_the_next_one_find_out() -> None:
    clock = Clock()
    breaker = breaker_down(clock)
    clock.seconds += 5.0
    assert breaker.admit()
    breaker.abandoned()
    assert breaker.admit()
    breaker.failed("still")
    assert isinstance(breaker.state, Open)
    assert breaker.state.until == clock.seconds + 10.0


def test_a_health_check_opens_it_at_once() -> None:
    breaker = Breaker(PATIENCE, Clock())
    breaker.trip("connection refused")
    assert not breaker.admit()
    assert "connection refused" in (breaker.why_not() or "")


@given(st.integers(0, 10_000))
def test_no_rest_is_longer_than_the_limit(rests: int) -> None:
    assert PATIENCE.rest_seconds <= PATIENCE.rest(rests) <= PATIENCE.longest_rest_seconds


class BreakerLaws(RuleBasedStateMachine):
    """Calls are admitted, and end in any order; the clock goes on in between."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(PATIENCE, self.clock)
        self.under_way = 0
        self.in_a_row = 0

    @rule()
    def admit(self) -> None:
        before, up = self.breaker.state, self._admits
        admitted = self.breaker.admit()
        assert admitted == up
        self.under_way += admitted
        if isinstance(before, Open) and admitted:
            assert isinstance(self.breaker.state, HalfOpen)

    @precondition(lambda self: self.under_way)
    @rule()
    def succeed(self) -> None:
        self.under_way -= 1
        self.in_a_row = 0
        self.breaker.succeeded()
        assert self.breaker.state == Closed()

    @precondition(lambda self: self.under_way)
    @rule()
    def fail(self) -> None:
        self.under_way -= 1
        self.in_a_row += 1
        self.breaker.failed("why")
        if self.in_a_row >= PATIENCE.failures:
            assert isinstance(self.breaker.state, Open)

    @precondition(lambda self: self.under_way)
    @rule()
    def abandon(self) -> None:
        self.under_way -= 1
        down = not isinstance(self.breaker.state, Closed)
        self.breaker.abandoned()
        assert down == (not isinstance(self.breaker.state, Closed))

    @rule(seconds=st.integers(0, 100))
    def wait(self, seconds: int) -> None:
        self.clock.seconds += seconds

    @property
    def _admits(self) -> bool:
        state = self.breaker.state
        return isinstance(state, Closed) or (isinstance(state, Open) and self.clock.seconds >= state.until)

    @invariant()
    def it_never_rests_longer_than_the_limit(self) -> None:
        if isinstance(self.breaker.state, Open):
            assert self.breaker.state.until <= self.clock.seconds + PATIENCE.longest_rest_seconds

    @invariant()
    def it_says_why_not_exactly_where_it_lets_nothing_through(self) -> None:
        assert (self.breaker.why_not() is None) == self._admits


TestBreakerLaws = BreakerLaws.TestCase


def looked(models: Behaviour, *served: str) -> Health:
    async def look_once(base_url: str) -> Health:
        client = Client(Endpoint(location=Location.LOCAL), Address(base_url), Redactor([]))
        try:
            return await look("mine", client, served, 0.5)
        finally:
            await client.close()

    with ModelEndpoint(models=models) as endpoint:
        return asyncio.run(look_once(endpoint.base_url))


TWO = replies(200, {"data": [{"id": "small"}, {"id": "large"}]})


def test_a_healthy_endpoint_has_what_the_catalog_says() -> None:
    health = looked(TWO, "small", "huge")
    assert health.problem is None
    assert health.unlisted == ("huge",)
    assert health.latency_seconds > 0


@pytest.mark.parametrize("models", [replies(404, b"not here"), fails(401, "no such key"), fails(403, "not for you")])
def test_an_endpoint_without_a_list_is_healthy_all_the_same(models: Behaviour) -> None:
    assert looked(models, "small") == Health("mine", pytest.approx(0, abs=60))


@pytest.mark.parametrize(
    ("models", "says"),
    [
        (hangs, "0.5 s"),
        (resets, "broke"),
        (fails(503, "Loading model"), "Loading model"),
    ],
)
def test_an_endpoint_that_cannot_be_used_has_a_problem(models: Behaviour, says: str) -> None:
    assert says in (looked(models).problem or "")
