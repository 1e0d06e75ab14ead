"""Which vanished name is which new one."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from omni_assets.contracts import Contract, ContractTopicExtractor, Grammar
from omni_assets.contracts.changes.renames import renames

EXTRACTOR = ContractTopicExtractor()


def contract(node: str, publishes: list[str], subscribes: list[str] | None = None) -> Contract:
    lines = [f"name: {node}", "event_bus:", "  publish_topics:", *(f"    - {topic}" for topic in publishes)]
    if subscribes:
        lines += ["  subscribe_topics:", *(f"    - {topic}" for topic in subscribes)]
    return EXTRACTOR.parsed(f"contracts/{node}/contract.yaml", "\n".join(lines).encode())


def pairs(before: list[Contract], after: list[Contract]) -> dict[str, str]:
    names = [{each.topic for one in side for each in (*one.declarations, *one.misnamed)} for side in (before, after)]
    found = renames(names[0] - names[1], names[1] - names[0], before, after, Grammar())
    assert len({each.before for each in found}) == len({each.after for each in found}) == len(found)
    return {each.before: each.after for each in found}


def topic(event: str, producer: str = "router") -> str:
    return f"onex.evt.{producer}.{event}.v1"


def test_a_near_miss_pairs_wherever_it_stands() -> None:
    before = [contract("router", [topic("routing-complete"), topic("kept")])]
    after = [contract("router", [topic("kept")]), contract("other", [topic("routing-completed")])]
    assert pairs(before, after) == {topic("routing-complete"): topic("routing-completed")}


def test_the_same_place_pairs_names_that_share_nothing() -> None:
    before = [contract("router", [topic("kept"), topic("alpha"), topic("last")])]
    after = [contract("router", [topic("brand-new-thing"), topic("kept"), topic("omega"), topic("last")])]
    assert pairs(before, after) == {topic("alpha"): topic("omega")}


def test_the_nearest_wins_over_the_place() -> None:
    before = [contract("router", [topic("review-complete"), topic("kept")])]
    after = [contract("router", [topic("something-else"), topic("kept"), topic("review-completed")])]
    assert pairs(before, after) == {topic("review-complete"): topic("review-completed")}


def test_another_node_or_role_is_another_place() -> None:
    before = [contract("router", [topic("alpha")])]
    assert pairs(before, [contract("merger", [topic("omega")])]) == {}
    assert pairs(before, [contract("router", [], [topic("omega")])]) == {}


def test_another_kind_is_another_topic() -> None:
    before = [contract("router", ["onex.cmd.router.route.v1"])]
    assert pairs(before, [contract("merger", ["onex.evt.router.route.v1"])]) == {}


def test_a_name_that_breaks_the_grammar_is_known_for_what_it_was() -> None:
    before = [contract("router", [topic("routing-complete")])]
    after = [contract("router", [topic("routing_complete")])]
    assert pairs(before, after) == {topic("routing-complete"): topic("routing_complete")}


def test_a_pair_says_why() -> None:
    before, after = [contract("router", [topic("alpha")])], [contract("router", [topic("omega")])]
    (found,) = renames({topic("alpha")}, {topic("omega")}, before, after, Grammar())
    assert found.why == "it stands where the other stood in `router`"
    (near,) = renames({topic("done")}, {"onex.evt.router.done.v2"}, [], [], Grammar())
    assert "v1" in near.why
    assert "v2" in near.why


words = st.sampled_from(["done", "review", "complete", "completed", "failed", "route", "routed", "test", "tests"])
names = st.builds(
    lambda producer, event, version: f"onex.evt.{producer}.{'-'.join(event)}.v{version}",
    st.sampled_from(["router", "reviewer"]),
    st.lists(words, min_size=1, max_size=3),
    st.integers(1, 2),
)
sides = st.builds(
    lambda router, reviewer: [contract("router", router), contract("reviewer", [], reviewer)],
    st.lists(names, max_size=6),
    st.lists(names, min_size=1, max_size=6),
)


@example(
    [contract("reviewer", [], [topic("done"), topic("review"), topic("done")])],
    [contract("reviewer", [], [topic("review"), topic("done-done-done"), topic("review"), topic("done-done")])],
)
@given(sides, sides)
def test_swapping_the_sides_turns_the_pairs_round(before: list[Contract], after: list[Contract]) -> None:
    there, back = pairs(before, after), pairs(after, before)
    assert there == {old: new for new, old in back.items()}
