"""Which steps run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan import EVERYTHING, Action, Plan, Step, approved, idle, selected, step_id
from omni_assets.drift.verdict import Verdict


def step(topic: str, action: Action, verdict: Verdict = Verdict.NEEDS_APPROVAL) -> Step:
    name = step_id(topic, action, "")
    return Step(name, topic, DriftKind.CONFIG, "", verdict, action, None, None, "Why.", "What then.")


SAFE = step("onex.evt.a.one.v1", Action.CREATE, Verdict.AUTO_FIXABLE)
GROWS = step("onex.evt.a.two.v1", Action.ADD_PARTITIONS)
MOVES = step("onex.evt.a.two.v1", Action.CHANGE_REPLICATION)
ENDS = step("onex.evt.b.old.v1", Action.DELETE)
PLAN = Plan("c", "b:1", "local", datetime(2026, 1, 1, tzinfo=UTC), "hash", (SAFE, GROWS, MOVES, ENDS))


@pytest.mark.parametrize(
    ("approvals", "only", "run"),
    [
        ((), (), [SAFE]),
        ((GROWS.id,), (), [SAFE, GROWS]),
        ((GROWS.topic,), (), [SAFE, GROWS, MOVES]),
        ((EVERYTHING,), (), [SAFE, GROWS, MOVES]),
        ((EVERYTHING, ENDS.topic), (), [SAFE, GROWS, MOVES, ENDS]),
        ((ENDS.id,), (), [SAFE, ENDS]),
        ((EVERYTHING,), ("*.two.*",), [GROWS, MOVES]),
        ((), ("*.two.*",), []),
        ((), ("onex.evt.a.one.v1", "*.b.*"), [SAFE]),
    ],
)
def test_the_safe_steps_and_the_approved_ones_run(approvals, only, run):
    assert selected(PLAN, approvals, only) == tuple(run)


def test_everything_is_no_approval_of_a_deletion():
    assert ENDS.id not in approved(PLAN, [EVERYTHING])


def test_an_approval_that_names_nothing_is_told():
    assert idle(PLAN, [GROWS.id, ENDS.topic, EVERYTHING, "onex.evt.a.tow.v1"]) == ("onex.evt.a.tow.v1",)
