"""Near misses are reported where they explain something, and only there."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from omni_assets.contracts import Declaration, Grammar, Location, Role
from omni_assets.contracts.wiring.graph import Ends, Wiring
from omni_assets.contracts.wiring.mismatches import Mismatch, mismatches
from omni_assets.contracts.wiring.near_miss import Reason

GRAMMAR = Grammar()
MEANT = "onex.evt.router.routing-complete.v1"


def ends(name: str, publishers: str = "", subscribers: str = "", **outside: bool) -> Ends:
    """The ends of a name; nodes by a letter each."""

    def declared(nodes: str, role: Role) -> tuple[Declaration, ...]:
        return tuple(Declaration(name, role, node, "form", Location(f"{node}.yaml")) for node in nodes)

    return Ends(name, declared(publishers, Role.PUBLISHES), declared(subscribers, Role.SUBSCRIBES), **outside)


def found(*every: Ends, about: Iterable[str] | None = None) -> tuple[Mismatch, ...]:
    topics = {each.name: each for each in every if GRAMMAR.matches(each.name)}
    return mismatches(Wiring(topics, {each.name: each for each in every if each.name not in topics}), GRAMMAR, about)


def pairs(*every: Ends) -> list[tuple[str, str, Reason]]:
    return [(each.wrong.name, each.meant.name, each.near.reason) for each in found(*every)]


def event(text: str) -> str:
    return f"onex.evt.router.{text}.v1"


def test_the_bug_of_the_blog() -> None:
    written = event("routing_complete")
    assert pairs(ends(written, "p"), ends(MEANT, "", "s")) == [(written, MEANT, Reason.SEPARATOR)]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (event("routing-completed"), Reason.INFLECTION),
        (event("routings-complete"), Reason.INFLECTION),
        (event("routing-result"), Reason.OUTCOME),
        (event("complete-routing"), Reason.ORDER),
        (event("routin-complete"), Reason.LETTER),
        ("onex.evt.router.routing-complete.v2", Reason.VERSION),
        ("onex.evt.dispatcher.routing-complete.v1", Reason.PRODUCER),
        ("onex.evt.routing-complete.router.v1", Reason.SEGMENTS),
        ("onex.cmd.router.routing-complete.v1", Reason.KIND),
    ],
)
def test_one_waits_for_what_the_other_has(written: str, reason: Reason) -> None:
    for pair in (
        (ends(written, "p"), ends(MEANT, "", "s")),
        (ends(written, "", "s"), ends(MEANT, "p")),
    ):
        ((wrong, meant, why),) = pairs(*pair)
        assert {wrong, meant} == {written, MEANT}
        assert why is reason


@pytest.mark.parametrize(
    "written",
    [
        event("routing-completed"),
        event("complete-routing"),
        "onex.evt.router.routing-complete.v2",
        "onex.evt.dispatcher.routing-complete.v1",
    ],
)
def test_two_of_the_same_kind_explain_nothing(written: str) -> None:
    assert pairs(ends(written, "p"), ends(MEANT, "q")) == []
    assert pairs(ends(written, "", "s"), ends(MEANT, "", "t")) == []
    assert pairs(ends(written, "p", "s"), ends(MEANT, "q", "t")) == []


def test_two_spellings_of_one_name_are_reported_even_where_both_are_wired() -> None:
    written = "onex.evt.router-routing.complete.v1"
    assert pairs(ends(written, "p", "s"), ends(MEANT, "q", "t"))[0][2] is Reason.SEPARATOR
    assert pairs(ends(written, "p"), ends(MEANT, "q"))[0][2] is Reason.SEPARATOR


def test_a_subscriber_beside_a_wired_topic_is_told_of_it() -> None:
    for written in (
        event("routing-completed"),
        "onex.evt.dispatcher.routing-complete.v1",
        "onex.evt.router.routing-complete.v2",
    ):
        assert pairs(ends(written, "", "s"), ends(MEANT, "p", "t"))[0][:2] == (written, MEANT)


def test_an_unread_topic_beside_a_wired_one_takes_more_than_another_producer_or_version() -> None:
    wired = ends(MEANT, "p", "s")
    assert pairs(ends(event("routin-complete"), "q"), wired) == [(event("routin-complete"), MEANT, Reason.LETTER)]
    assert pairs(ends("onex.evt.dispatcher.routing-complete.v1", "q"), wired) == []
    assert pairs(ends("onex.evt.router.routing-complete.v2", "p"), wired) == []


def test_names_that_look_alike_and_are_right_stay_silent() -> None:
    assert pairs(ends("onex.cmd.skill.ci-watch.v1", "p"), ends("onex.cmd.skill.pr-watch.v1", "", "s")) == []
    registered, deregistered = (
        ends(event(f"contract-{word}"), *at) for word, at in (("registered", "p"), ("deregistered", ("", "s")))
    )
    assert pairs(registered, deregistered) == []
    assert pairs(ends("onex.cmd.router.route.v1", "", "s"), ends("onex.dlq.router.route.v1", "p")) == []


def test_who_is_outside_counts() -> None:
    written = event("routing-completed")
    starving = ends(MEANT, "", "s")
    assert pairs(ends(written, "p"), starving)
    assert pairs(ends(written, "p", subscribed_outside=True), ends(MEANT, "", "s", published_outside=True)) == []


def test_the_mistaken_side_is_the_one_that_breaks_the_grammar_or_dangles_or_is_rarer() -> None:
    written = event("routing_complete")
    assert found(ends(MEANT, "p"), ends(written, "", "s"))[0].wrong.name == written
    assert found(ends(MEANT, "p", "t"), ends(event("routing-completed"), "", "s"))[0].wrong.name == event(
        "routing-completed"
    )
    slip = event("rooting-complete")
    others = (ends(event("routing-failed"), "p", "s"), ends(event("routing-started"), "p", "s"))
    assert found(ends(MEANT, "", "s"), ends(slip, "p"), *others)[0].wrong.name == slip


def test_a_pair_is_reported_once_and_further_candidates_are_named_with_it() -> None:
    written = event("routing-completed")
    later = ends("onex.evt.router.routing-completed.v2", "p", "t")
    (pair,) = found(ends(written, "", "s"), ends(MEANT, "p", "u"), later)
    assert (pair.wrong.name, pair.meant.name) == (written, MEANT)
    assert pair.others == ("onex.evt.router.routing-completed.v2",)


def test_about_some_names_only() -> None:
    other = ends("onex.evt.a.thing-done.v1", "p"), ends("onex.evt.a.thing_done.v1", "", "s")
    mistake = ends(event("routing_complete"), "p"), ends(MEANT, "", "s")
    assert len(found(*other, *mistake)) == 2
    assert [each.meant.name for each in found(*other, *mistake, about=[MEANT])] == [MEANT]
