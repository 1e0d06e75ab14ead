"""Near names, with their reasons and their order."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_assets.contracts import Grammar
from omni_assets.contracts.wiring import near_miss
from omni_assets.contracts.wiring.near_miss import Near, NearNames, Reason

MEANT = "onex.evt.router.routing-complete.v1"
OTHERS = (
    "onex.cmd.router.route-request.v1",
    "onex.evt.reviewer.review-complete.v1",
    "onex.evt.router.routing-failed.v1",
    "onex.evt.tools.session-failed.v1",
    "onex.cmd.omniclaude.ci-watch.v1",
    "onex.evt.registry.contract-registered.v1",
)
NAMES = NearNames([MEANT, *OTHERS])


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("onex.evt.router.routing_complete.v1", Reason.SEPARATOR),
        ("onex.evt.router.routing.complete.v1", Reason.SEPARATOR),
        ("onex.evt.router-routing-complete.v1", Reason.SEPARATOR),
        ("onex.evt.router.routingComplete.v1", Reason.SEPARATOR),
        ("onex.evt.router.routing-completed.v1", Reason.INFLECTION),
        ("onex.evt.routers.routing-complete.v1", Reason.INFLECTION),
        ("onex.evt.router.routing_completed.v1", Reason.INFLECTION),
        ("onex.evt.router.routing-result.v1", Reason.OUTCOME),
        ("onex.evt.router.complete-routing.v1", Reason.ORDER),
        ("onex.evt.routing.router-complete.v1", Reason.SEGMENTS),
        ("onex.evt.router.routing-complete.v2", Reason.VERSION),
        ("onex.evt.dispatcher.routing-complete.v1", Reason.PRODUCER),
        ("onex.cmd.router.routing-complete.v1", Reason.KIND),
        ("onex.evt.router.routin-complete.v1", Reason.LETTER),
        ("onex.evt.router.rrouting-complete.v1", Reason.LETTER),
        ("onex.evt.router.oruting-complete.v1", Reason.LETTER),
        ("onex.evt.router.routinx-complete.v1", Reason.LETTER),
        ("onxe.evt.router.routing-complete.v1", Reason.LETTER),
        ("onex.evt.router.routing-cmplte.v1", None),
        ("onex.evt.router.routing-comlpeet.v1", Reason.LETTERS),
    ],
)
def test_a_mistake_is_told_by_its_class(written: str, reason: Reason | None) -> None:
    found = NAMES.of(written)
    assert found[:1] == ((Near(MEANT, reason),) if reason else ())


@pytest.mark.parametrize(
    "written",
    [
        "onex.cmd.omniclaude.pr-watch.v1",
        "onex.evt.registry.contract-deregistered.v1",
        "onex.dlq.router.route-request.v1.v1",
        "onex.evt.router.unrelated.v1",
        "system.alert.tool_degraded",
        "",
    ],
)
def test_names_that_look_alike_and_are_others_stay_silent(written: str) -> None:
    assert NAMES.of(written) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [("step-1", "step-2"), ("encode", "decode"), ("import", "export"), ("enabled", "disabled"), ("start", "restart")],
)
def test_numbers_and_opposites_are_no_slips(one: str, other: str) -> None:
    names = NearNames([f"onex.evt.a.{one}.v1"])
    assert names.of(f"onex.evt.a.{other}.v1") == ()


def test_the_strongest_reason_comes_first_and_the_limit_holds() -> None:
    names = NearNames(
        [
            "onex.evt.router.routing-complete.v2",
            "onex.evt.router.routing-completed.v1",
            "onex.evt.router.routing_complete.v1",
            "onex.evt.other.routing-complete.v1",
        ]
    )
    assert [near.reason for near in names.of(MEANT, 4)] == [
        Reason.SEPARATOR,
        Reason.INFLECTION,
        Reason.VERSION,
        Reason.PRODUCER,
    ]
    assert len(names.of(MEANT, 2)) == 2


def test_of_two_equal_reasons_the_name_with_more_in_common_comes_first() -> None:
    names = NearNames(["onex.evt.zeta.done.v1", "onex.evt.alpha.done.v1", "onex.evt.alpha.dome.v1"])
    assert [near.name for near in names.of("onex.evt.alpha.doone.v1")] == ["onex.evt.alpha.done.v1"]


def test_a_slip_in_the_producer_is_a_slip_and_not_another_producer() -> None:
    names = NearNames(["onex.evt.ar.rate-rejected.v1", "onex.evt.ledger.rate-rejected.v1"])
    assert names.of("onex.evt.ledgeer.rate-rejected.v1") == (
        Near("onex.evt.ledger.rate-rejected.v1", Reason.LETTER),
        Near("onex.evt.ar.rate-rejected.v1", Reason.PRODUCER),
    )


def test_what_many_producers_have_is_a_pattern_and_no_evidence() -> None:
    few = NearNames([f"onex.evt.{name}.heartbeat.v1" for name in "abcd"])
    many = NearNames([f"onex.evt.{name}.heartbeat.v1" for name in string.ascii_lowercase[: near_miss.WIDEST + 1]])
    assert few.of("onex.evt.zz.heartbeat.v1")
    assert many.of("onex.evt.zz.heartbeat.v1") == ()


def test_two_words_that_many_names_hold_are_two_words() -> None:
    sets = [
        f"onex.evt.shop.{word}-{event}.v1" for word in ("cart", "chart") for event in ("made", "sent", "lost", "found")
    ]
    assert near_miss.RARE < 4
    assert NearNames(sets).of("onex.evt.shop.cart-made.v1") == ()


def test_alike_are_the_names_that_differ_in_separators_only() -> None:
    names = NearNames([MEANT, "onex.evt.router.routing_complete.v1", *OTHERS])
    assert list(names.alike()) == [(MEANT, "onex.evt.router.routing_complete.v1")]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("onex.evt.router.routing_complete.v1", "they differ in `_` and `-`"),
        ("onex.evt.router.Routing-Complete.v1", "they differ in capitals"),
        ("onex.evt.router.routing-completed.v1", "they differ in `completed` and `complete` (plural or tense)"),
        ("onex.evt.router.routing-complete.v2", "they differ in `v2` and `v1` (version)"),
        ("onex.evt.dispatcher.routing-complete.v1", "they differ in `dispatcher` and `router` (producer)"),
        ("onex.evt.router.complete-routing.v1", "they have the same words in another order"),
    ],
)
def test_the_difference_is_said_in_words(written: str, said: str) -> None:
    assert NAMES.of(written)[0].difference(written) == said


def test_a_grammar_of_ones_own() -> None:
    grammar = Grammar("acme.{producer}.{kind}.{event}.v{N}", ("event", "command"), "[a-z]+(?:_[a-z]+)*")
    names = NearNames(["acme.orders.event.order_placed.v1"], grammar)
    for written in (
        "acme.orders.event.order-placed.v1",
        "acme.order.event.order_placed.v1",
        "acme.shop.event.order_placed.v1",
    ):
        assert names.of(written)[0].name == "acme.orders.event.order_placed.v1"


def test_a_question_compares_no_pair_without_a_common_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NearNames([f"onex.evt.node{number:04}.thing-happened.v1" for number in range(2000)])
    compared = []
    monkeypatch.setattr(near_miss, "_slip", lambda one, other: compared.append((one, other)))
    names.of("onex.evt.nodeabcd.thing-happened.v1")
    assert len(compared) < 50


COUNTED = {
    "slips": {
        "abcdefgh"[:place] + letter + "abcdefgh"[place:] for place in range(9) for letter in string.ascii_lowercase
    },
    "orders": {"-".join(words) for words in itertools.islice(itertools.permutations("abcdef"), 400)},
    "separators": {"-".join(words) for words in itertools.product(("ab", "a-b", "a_b"), repeat=5)},
}


@pytest.mark.parametrize("events", COUNTED.values(), ids=COUNTED)
def test_names_that_were_made_by_counting_are_never_compared_in_all_pairs(
    events: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[object] = []
    for step in ("_slip", "_reason"):
        monkeypatch.setattr(near_miss, step, _noting(getattr(near_miss, step), compared))
    every = [f"onex.evt.a.{event}.v1" for event in sorted(events)]
    names = NearNames(every)
    for name in every:
        names.of(name)
    assert len(compared) <= 3 * near_miss.CROWDED * len(every) < len(every) ** 2


def _noting(step: Callable[..., Reason | None], compared: list[object]) -> Callable[..., Reason | None]:
    def noted(*asked: object) -> Reason | None:
        compared.append(asked)
        return step(*asked)

    return noted


WORDS = st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=1, max_size=3)


@st.composite
def well_formed(draw: st.DrawFn) -> str:
    producer, event = "-".join(draw(WORDS)), "-".join(draw(WORDS))
    return f"onex.{draw(st.sampled_from(['cmd', 'evt']))}.{producer}.{event}.v{draw(st.integers(1, 3))}"


@settings(deadline=None)
@given(st.sets(well_formed(), min_size=1, max_size=12), st.data())
def test_a_separator_never_hides_a_name(names: set[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(names)))
    places = [place for place, sign in enumerate(name) if sign in "-."]
    place = data.draw(st.sampled_from(places))
    written = name[:place] + data.draw(st.sampled_from("_-.")) + name[place + 1 :]
    found = NearNames(names).of(written)
    assert written in names or Near(name, Reason.SEPARATOR) in found


@settings(deadline=None)
@given(st.sets(well_formed(), min_size=2, max_size=12))
def test_nearness_goes_both_ways_and_never_to_itself(names: set[str]) -> None:
    index = NearNames(names)
    pairs = {(name, near.name, near.reason) for name in names for near in index.of(name, len(names))}
    assert all((other, name, reason) in pairs for name, other, reason in pairs)
    assert all(name != other for name, other, _ in pairs)
