"""Gauges of a look, and those of a look that saw nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from omni_assets.errors import SettingsError
from omni_assets.operations.routing.savings import NOTHING, Economics
from omni_assets.operations.standing import MOST_INBOXES, readings, standing
from omni_assets.operations.top import Bus, Drifting, Inbox, Kept, Limit, Look
from omni_assets.router.money.budget import Spent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def of_node(name: str) -> Any:
    return SimpleNamespace(node=name)


BUS = Bus(
    NOW,
    (Inbox("echo", "a", 3, 4, 90), Inbox("echo", "b", 1, 0, 7)),
    {"echo": 2, "unseen": None},
    (),
)
KEPT = Kept(
    NOW,
    lately=(),
    latest=(),
    lost=(of_node("echo"), of_node("echo")),
    asked=(of_node("gone"),),
    today=Economics(NOTHING),
    limits=(
        Limit("", Spent(Decimal("1.5"), Decimal("0.5")), Decimal(5)),
        Limit("review", Spent(Decimal(0), Decimal(0)), None),
    ),
    drift=Drifting(NOW - timedelta(minutes=2), {"in_sync": 4, "unknown": 1}),
)


def told(look: Look, *nodes: str) -> dict[str, float]:
    return {
        " ".join((each.metric.name, *map(str, each.attributes.values()))): each.value for each in readings(look, nodes)
    }


def test_a_look_as_gauges():
    assert told(Look(NOW, BUS, KEPT), "echo", "calm") == {
        "omni.lag echo a": 4,
        "omni.lag echo b": 0,
        "omni.workers echo": 2,
        "omni.dead_letters echo": 2,
        "omni.dead_letters calm": 0,
        "omni.approvals.waiting echo": 0,
        "omni.approvals.waiting calm": 0,
        "omni.approvals.waiting gone": 1,
        "omni.budget.spent ": 2.0,
        "omni.budget.limit ": 5.0,
        "omni.budget.spent review": 0.0,
        "omni.drift in_sync": 4,
        "omni.drift unknown": 1,
        "omni.drift.age": 120.0,
    }


def test_what_was_not_seen_is_left_out():
    assert told(Look(NOW, None, None), "echo") == {}
    assert {name.split()[0] for name in told(Look(NOW, BUS, None), "echo")} == {"omni.lag", "omni.workers"}
    assert not any(name.startswith("omni.drift") for name in told(Look(NOW, None, replace(KEPT, drift=None))))


def test_many_topics_are_told_by_node():
    many = replace(BUS, inboxes=tuple(Inbox("echo", f"t{number}", 1, 2, 9) for number in range(MOST_INBOXES + 1)))
    lag = {name: value for name, value in told(Look(NOW, many, None)).items() if name.startswith("omni.lag")}
    assert lag == {"omni.lag echo": 2 * (MOST_INBOXES + 1)}


def test_a_project_that_cannot_be_worked_with_has_no_gauges():
    def nowhere() -> Any:
        raise SettingsError("there is no such thing.", "Mend it.")

    assert standing(nowhere) == ()
