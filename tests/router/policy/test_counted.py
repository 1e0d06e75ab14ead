"""What is chosen by counts: the laws, and what a user meets on the first days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router import policy
from omni_assets.router.learning.learned import Learned, Subject, Timing
from omni_assets.router.learning.posterior import Beta
from omni_assets.router.policy import route
from omni_assets.router.task_class import MOST_ESCALATIONS, PromptTemplate
from tests.support.policy import (
    CLASS,
    GATES,
    PRICES,
    learned,
    models,
    reasons,
    situation,
)


def test_on_the_first_day_it_goes_from_the_cheapest_up_to_the_baseline() -> None:
    chosen = route(situation())
    assert models(chosen) == ("tiny", "small", "large")
    assert chosen.reason == "no chain is known to reach 90 %: from the cheapest up"
    assert [each.chain for each in chosen.candidates if each.chosen] == [("tiny", "small", "large")]


@pytest.mark.parametrize(("escalations", "expected"), [(0, ("tiny",)), (1, ("tiny", "large"))])
def test_no_more_models_than_escalations_allow(escalations: int, expected: tuple[str, ...]) -> None:
    assert models(route(situation(CLASS.model_copy(update={"max_escalations": escalations})))) == expected


def test_a_model_that_is_known_to_be_too_bad_is_left_out() -> None:
    known = learned({"tiny": (200, 200, 20, 180)})
    assert models(route(situation(learned=known))) == ("small", "middle", "large")


def test_a_cheap_chain_that_is_proven_is_taken() -> None:
    known = learned({"tiny": (500, 400, 399, 1), "large": (500, 495, 490, 5)})
    chosen = route(situation(learned=known))
    assert models(chosen) == ("tiny", "large")
    assert "credibly reaches 90 %" in chosen.reason


def test_what_was_learnt_of_another_prompt_says_nothing() -> None:
    known = learned({"tiny": (200, 200, 20, 180)})
    newer = CLASS.model_copy(update={"prompt": PromptTemplate(version=2, user="{text}")})
    assert models(route(situation(newer, learned=known)))[0] == "tiny"


def test_a_ceiling_drops_the_dear_end_of_a_chain_and_never_its_cheap_one() -> None:
    priced = {"small": "0.0004", "large": "0.0011"}
    ceiling = CLASS.model_copy(update={"price_ceiling_usd": Decimal("0.00142")})
    chosen = route(situation(ceiling, prices=priced))
    assert models(chosen) == ("small",)
    assert chosen.reason == (
        "no chain is known to reach 90 %: from the cheapest up, without large: "
        "all together would cost more than the ceiling of $0.00142"
    )
    roomy = CLASS.model_copy(update={"price_ceiling_usd": Decimal("0.0015")})
    assert models(route(situation(roomy, prices=priced))) == ("small", "large")


def test_a_chain_that_meets_the_floor_is_taken_where_the_ceiling_has_no_room_for_the_last_model() -> None:
    ceiling = CLASS.model_copy(update={"price_ceiling_usd": Decimal("0.00142")})
    known = learned({"small": (500, 495, 494, 1)})
    chosen = route(situation(ceiling, prices={"small": "0.0004", "large": "0.0011"}, learned=known))
    assert models(chosen) == ("small",)
    assert "credibly reaches 90 %" in chosen.reason


ceilings = st.decimals("0.000001", 2, places=6)


@given(st.lists(st.decimals("0.000001", 1, places=6), min_size=4, max_size=4), ceilings, st.integers(0, 5))
def test_on_the_first_day_a_chain_begins_with_the_cheapest_and_keeps_the_ceiling(
    usd: list[Decimal], ceiling: Decimal, escalations: int
) -> None:
    priced = dict(zip(PRICES, map(str, usd), strict=True))
    task_class = CLASS.model_copy(
        update={"price_ceiling_usd": ceiling, "max_escalations": escalations, "baseline": None}
    )
    chosen = models(route(situation(task_class, prices=priced)))
    assert bool(chosen) == any(each <= ceiling for each in usd)
    assert len(chosen) <= escalations + 1
    if chosen:
        assert Decimal(priced[chosen[0]]) == min(usd)
        assert float(sum(Decimal(priced[name]) for name in chosen)) <= float(ceiling) + 1e-12


def test_a_chain_has_as_many_models_as_the_most_escalations_allow() -> None:
    priced = {f"model-{number}": f"0.00{number}" for number in range(1, 9)}
    longest = CLASS.model_copy(update={"max_escalations": MOST_ESCALATIONS, "baseline": None})
    chosen = models(route(situation(longest, prices=priced)))
    assert chosen == ("model-1", "model-2", "model-3", "model-4", "model-5", "model-8")
    good = (2000, 1000, 1000, 0)
    floor = longest.model_copy(update={"quality_floor": 0.95})
    proven = route(situation(floor, prices=priced, learned=learned(dict.fromkeys(priced, good))))
    assert len(proven.steps) > MOST_ESCALATIONS - 1


tallies = st.builds(
    lambda judged, accepted, known, right: (
        judged,
        round(judged * accepted),
        round(judged * accepted * known * right),
        round(judged * accepted * known) - round(judged * accepted * known * right),
    ),
    st.integers(0, 400),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
)
known = st.dictionaries(st.sampled_from(tuple(PRICES)), tallies).map(learned)
prices = st.fixed_dictionaries({name: st.none() | st.decimals(0, 1, places=6).map(str) for name in PRICES})


@given(known, st.floats(0, 1), st.integers(0, 5), st.sampled_from([None, "middle", "large"]), prices)
def test_the_bound_of_what_is_chosen_meets_the_floor_whenever_any_does(
    learnt: Learned, floor: float, escalations: int, baseline: str | None, priced: Mapping[str, str | None]
) -> None:
    task_class = CLASS.model_copy(update={"quality_floor": floor, "max_escalations": escalations, "baseline": baseline})
    chosen = route(situation(task_class, learned=learnt, prices=priced))
    [candidate] = [each for each in chosen.candidates if each.chosen]
    assert candidate.chain == models(chosen)
    assert len(chosen.steps) == len(set(models(chosen))) <= escalations + 1
    meeting = [each for each in chosen.candidates if each.quality_bound is not None and each.quality_bound >= floor]
    if meeting:
        least = min(each.expected_cost_usd or 0 for each in meeting)
        cheapest = [each for each in meeting if each.expected_cost_usd == least]
        fewer = [each for each in cheapest if set(candidate.chain) < set(each.chain)]
        assert candidate in cheapest or any(
            all(barred(learnt, name) for name in set(each.chain).difference(candidate.chain)) for each in fewer
        )


def barred(learnt: Learned, name: str) -> bool:
    """Whether hardly any answer of a model passes: of one that nothing is known of, that is not said."""
    counted = learnt.tally(Subject("sorting", 1, GATES, name, False))
    return Beta().after(counted.accepted, counted.judged - counted.accepted).upper < policy.LEAST_PASSED


@given(known, st.sampled_from([0.0, 0.9, 1.0]), st.integers(1, 5), prices)
def test_a_model_whose_answers_are_barred_nearly_always_is_not_waited_for(
    learnt: Learned, floor: float, escalations: int, priced: Mapping[str, str | None]
) -> None:
    task_class = CLASS.model_copy(update={"quality_floor": floor, "max_escalations": escalations})
    chosen = route(situation(task_class, learned=learnt, prices=priced))
    useless = [name for name in models(chosen)[:-1] if barred(learnt, name)]
    if floor == 0.9 and useless:
        alone = [each for each in chosen.candidates if not set(each.chain).intersection(useless)]
        assert all(each.quality_bound is None or each.quality_bound < floor for each in alone)
    else:
        assert useless == []


def test_a_free_model_that_is_always_barred_is_left_out_and_tried_now_and_then() -> None:
    exploring = CLASS.model_copy(update={"explore_share": 0.02})
    known = learned({"tiny": (44, 0, 0, 0), "large": (500, 495, 494, 1)})
    kept = route(situation(exploring, learned=known))
    assert models(kept) == ("large",)
    told = {each.chain: each.reason for each in kept.candidates}
    assert told["tiny", "large"] == "tiny: nearly all of its answers are barred"
    tried = [route(situation(exploring, learned=known, chance=chance / 10_000)) for chance in range(200)]
    assert any(models(each)[0] == "tiny" and each.explored for each in tried)
    unproven = learned({"tiny": (44, 0, 0, 0), "large": (500, 400, 200, 200)})
    ladder = route(situation(exploring, learned=unproven))
    assert models(ladder)[0] == "small"
    assert any(each.reason.endswith("; tiny: nearly all of its answers are barred") for each in ladder.candidates)
    few = learned({"tiny": (40, 0, 0, 0), "large": (500, 495, 494, 1)})
    assert models(route(situation(exploring, learned=few)))[0] == "tiny"


def timed(learnt: Learned, seconds: Mapping[str, float], calls: int = 10) -> Learned:
    timings = {("sorting", name): Timing(calls, round(each * calls * 1e6)) for name, each in seconds.items()}
    return replace(learnt, timings=timings, choices={})


def test_a_model_that_takes_too_long_is_asked_after_those_that_do_not() -> None:
    hasty = CLASS.model_copy(update={"latency_target_seconds": 5.0, "max_escalations": 3})
    chosen = route(situation(hasty, learned=timed(Learned(), {"tiny": 12.0, "small": 5.0, "large": 1.0})))
    assert models(chosen) == ("small", "middle", "tiny", "large")
    assert chosen.reason == (
        "no chain is known to reach 90 %: from the cheapest up, "
        "tiny late, since it takes 12 s on average, and 5 s are the target"
    )
    unsure = timed(Learned(), {"tiny": 12.0}, calls=9)
    assert models(route(situation(hasty, learned=unsure)))[0] == "tiny"
    assert models(route(situation(learned=timed(Learned(), {"tiny": 12.0}))))[0] == "tiny"


def test_a_proven_chain_that_begins_in_time_comes_before_a_cheaper_one_that_does_not() -> None:
    hasty = CLASS.model_copy(update={"latency_target_seconds": 5.0})
    good = dict.fromkeys(PRICES, (500, 495, 494, 1))
    assert models(route(situation(hasty, learned=learned(good))))[0] == "tiny"
    late = timed(learned(good), {"tiny": 12.0, "small": 12.0})
    chosen = route(situation(hasty, learned=late))
    assert models(chosen)[0] == "middle"
    assert {each.reason for each in chosen.candidates if each.chain[0] == "tiny"} == {
        "tiny takes 12 s on average, and 5 s are the target"
    }
    all_late = timed(learned(good), dict.fromkeys(("tiny", "small", "middle"), 12.0))
    assert models(route(situation(hasty, learned=all_late)))[0] == "tiny"


@given(known, st.fixed_dictionaries({name: st.floats(0, 10) for name in PRICES}), st.integers(1, 5), prices)
def test_no_slow_model_is_asked_before_one_in_time_but_for_the_last(
    learnt: Learned, seconds: Mapping[str, float], escalations: int, priced: Mapping[str, str | None]
) -> None:
    hasty = CLASS.model_copy(update={"latency_target_seconds": 5.0, "max_escalations": escalations})
    chosen = route(situation(hasty, learned=timed(learnt, seconds), prices=priced))
    late = [timed(Learned(), seconds).seconds("sorting", name) or 0.0 for name in models(chosen)[:-1]]
    assert [each > 5 for each in late] == sorted(each > 5 for each in late)


@given(known, prices)
def test_an_unknown_price_never_wins_by_being_cheap(learnt: Learned, priced: Mapping[str, str | None]) -> None:
    chosen = route(situation(learned=learnt, prices=priced))
    if any(price is not None for price in priced.values()):
        assert all(priced[name] is not None for name in models(chosen))
        assert {name for name, price in priced.items() if price is None} <= reasons(chosen).keys()
