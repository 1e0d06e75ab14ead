"""Floors of several classes at one exchange rate."""

from __future__ import annotations

from omni_assets.router.learning.floors import cheapest_floors
from omni_assets.router.learning.learned import Plan, Plans


def plans(*points: tuple[float, float]) -> Plans:
    chain = ("small", "large")
    return (tuple(Plan(1, chain, 0.1, cost, quality, quality - 0.05) for cost, quality in points),)


CLASSES = {
    "easy": plans((0.0, 0.8), (0.001, 0.9), (0.002, 0.95)),
    "hard": plans((0.0, 0.4), (0.001, 0.5), (0.002, 0.6)),
}
SHARES = {"easy": 0.5, "hard": 0.5}


def test_the_lowest_rate_that_reaches_it() -> None:
    assert cheapest_floors(CLASSES, SHARES, 0.69) == {"easy": 0.9 - 0.05, "hard": 0.5 - 0.05}
    assert cheapest_floors(CLASSES, {"easy": 1.0, "hard": 0.0}, 0.8) == {"easy": 0.8 - 0.05, "hard": 0.4 - 0.05}


def test_no_more_than_it_may_cost_and_no_more_than_there_is() -> None:
    assert cheapest_floors(CLASSES, SHARES, 0.99, most_usd=0.0015)["easy"] == 0.9 - 0.05
    assert cheapest_floors(CLASSES, SHARES, 0.99)["hard"] == 0.6 - 0.05
    assert cheapest_floors({}, {}, 0.9) == {}
