"""What holds a plan back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan import Action, BrakeKind, Known, Plan, Step, another_cluster, brakes
from omni_assets.drift.policy import BUILT_IN_POLICY
from omni_assets.drift.verdict import Verdict


def plan(changed: int, action: Action = Action.SET_CONFIG) -> Plan:
    steps = tuple(
        Step(str(each), f"t{each // 2}", DriftKind.CONFIG, "k", Verdict.AUTO_FIXABLE, action, None, None, "R.", "C.")
        for each in range(2 * changed)
    )
    return Plan("cluster", "b:1", "local", datetime(2026, 1, 1, tzinfo=UTC), "hash", steps)


@pytest.mark.parametrize(
    ("declared", "changed", "action", "earlier", "kinds"),
    [
        (10, 0, Action.SET_CONFIG, Known(), []),
        (3, 3, Action.SET_CONFIG, Known(), []),
        (10, 5, Action.SET_CONFIG, Known(), []),
        (10, 6, Action.SET_CONFIG, Known(), [BrakeKind.TOO_MANY_CHANGES]),
        (100, 30, Action.SET_CONFIG, Known(), []),
        (100, 31, Action.CLEAR_CONFIG, Known(), [BrakeKind.TOO_MANY_CHANGES]),
        (100, 100, Action.CREATE, Known(), []),
        (0, 0, Action.CREATE, Known(), [BrakeKind.EMPTY_MANIFEST]),
        (70, 0, Action.CREATE, Known(100), []),
        (69, 0, Action.CREATE, Known(100), [BrakeKind.SHRUNKEN_MANIFEST]),
        (1, 0, Action.CREATE, Known(6), []),
        (1, 0, Action.CREATE, Known(7), [BrakeKind.SHRUNKEN_MANIFEST]),
        (5, 0, Action.CREATE, Known(5, "cluster"), []),
        (5, 0, Action.CREATE, Known(5, "other"), [BrakeKind.ANOTHER_CLUSTER]),
        (0, 0, Action.CREATE, Known(5, "other"), [BrakeKind.ANOTHER_CLUSTER, BrakeKind.EMPTY_MANIFEST]),
    ],
)
def test_a_plan_is_held_back(topic, manifest, declared, changed, action, earlier, kinds):
    contracts = manifest(*(topic(f"onex.evt.router.event-{number}.v1") for number in range(declared)))
    found = brakes(plan(changed, action), contracts, earlier, BUILT_IN_POLICY)
    assert [brake.kind for brake in found] == kinds
    assert all(brake.message.endswith(".") and brake.remedy.endswith(".") for brake in found)


KNOWN = st.builds(Known, st.none() | st.integers(0, 50), st.sampled_from(["", "one", "two"]))
SEEN = st.builds(Known, st.integers(0, 50), st.sampled_from(["", "one", "two"]))


def elsewhere(known: Known, seen: Known) -> bool:
    return another_cluster(known, seen.cluster_id, "b:1") is not None


@given(KNOWN, SEEN)
def test_looking_releases_no_brake(known, seen):
    """Whatever holds a plan back before a look holds it back after the look that found it."""
    after = known.after(seen)
    assert after.after(seen) == after
    if known.declared_topics is None:
        assert after == seen, "the first look is taken at its word"
        return
    assert (after.declared_topics or 0) - seen.declared_topics >= known.declared_topics - seen.declared_topics
    assert elsewhere(after, seen) == elsewhere(known, seen)


def test_what_is_meant_grows_with_what_is_seen():
    assert Known(5, "one").after(Known(8, "one")) == Known(8, "one")
    assert Known(5).after(Known(5, "one")) == Known(5, "one"), "a cluster that is told for the first time is no other"
    assert Known(5, "one").after(Known(8, "two")) == Known(5, "one")


def test_the_share_is_the_owners(topic, manifest):
    contracts = manifest(*(topic(f"onex.evt.router.event-{number}.v1") for number in range(100)))
    wishes = replace(BUILT_IN_POLICY, max_changed_share=0.5)
    assert brakes(plan(50), contracts, Known(), wishes) == ()
    (brake,) = brakes(plan(51), contracts, Known(), wishes)
    assert brake.message == "51 of 100 declared topics would change, more than 50% of them."
