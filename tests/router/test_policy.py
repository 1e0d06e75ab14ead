"""Which models are to do a task, and when to stop: the laws, and what a user meets on the first days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router import policy
from omni_assets.router.catalog import Catalog, Endpoint, Model, OwnHardwarePrice
from omni_assets.router.gates.gate import Check, Standing, Verdict
from omni_assets.router.learning.learned import Learned, Plan, Subject, Tally, Timing
from omni_assets.router.learning.posterior import Beta
from omni_assets.router.policy import Situation, decide, route
from omni_assets.router.receipt import Attempt
from omni_assets.router.route import Accept, Call, GiveUp, Route, Step
from omni_assets.router.task import Task
from omni_assets.router.task_class import MOST_ESCALATIONS, CloudPolicy, GateUse, PromptTemplate, Severity, TaskClass
from omni_assets.router.values import Location
from tests.support import receipts as made

LOCAL = frozenset({"tiny", "small"})
PRICES: Mapping[str, str | None] = {"tiny": "0", "small": "0", "middle": "0.0002", "large": "0.003"}

CLASS = TaskClass(
    name="sorting",
    description="",
    quality_floor=0.9,
    prompt=PromptTemplate(version=1, user="{text}"),
    gates=(GateUse(gate="not-empty"),),
    cloud=CloudPolicy.ALLOWED,
    baseline="large",
    explore_share=0.0,
)
GATES = (("not-empty", 1),)


def catalog(names: Sequence[str], window: int = 8000) -> Catalog:
    endpoints = {each.value: Endpoint(base_url="http://127.0.0.1:1/v1", location=each) for each in Location}
    return Catalog(
        endpoints=endpoints,
        models={
            name: Model(
                endpoint="local" if name in LOCAL else "cloud",
                served_name=name,
                context_window=window,
                price=OwnHardwarePrice(),
            )
            for name in names
        },
    )


def situation(task_class: TaskClass = CLASS, **changed: Any) -> Situation:
    prices = changed.pop("prices", PRICES)
    constraints = changed.pop("constraints", {})
    values: dict[str, Any] = {
        "task": Task.model_validate({"id": "one", "inputs": {"text": "x"}, "constraints": constraints}),
        "task_class": task_class,
        "prompt_tokens": 100,
        "output_limit": 1000,
        "catalog": catalog(tuple(prices)),
        "prices": {name: None if price is None else Decimal(price) for name, price in prices.items()},
        "unavailable": {},
        "budget_left_usd": None,
        "learned": Learned(),
        "chance": 0.5,
    }
    return Situation(**{**values, **changed})


def learned(tallies: Mapping[str, tuple[int, int, int, int]]) -> Learned:
    """What was counted of each model, in the first place and after another: judged, accepted, right, wrong."""
    return Learned(
        tallies={
            Subject("sorting", 1, GATES, name, after): Tally(*counted)
            for name, counted in tallies.items()
            for after in (False, True)
        },
        receipts={"sorting": sum(counted[0] for counted in tallies.values())},
    )


def models(chosen: Route) -> tuple[str, ...]:
    return tuple(step.model for step in chosen.steps)


def reasons(chosen: Route) -> dict[str, str]:
    return {each.model: each.reason for each in chosen.skipped}


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


def test_an_unknown_price_is_asked_for_or_the_only_one() -> None:
    priced = {**PRICES, "middle": None}
    assert models(route(situation(prices=priced, constraints={"model": "middle"}))) == ("middle",)
    alone = {"middle": None, "large": None}
    assert set(models(route(situation(prices=alone)))) == {"middle", "large"}
    ceiling = CLASS.model_copy(update={"price_ceiling_usd": Decimal("0.1")})
    for held in (situation(ceiling, prices=alone), situation(prices=alone, budget_left_usd=Decimal(5))):
        assert route(held).steps == ()
        assert "its price is not known" in route(held).reason


@pytest.mark.parametrize(
    ("changed", "model", "reason"),
    [
        ({"constraints": {"local_only": True}}, "large", "the task may not leave this place"),
        ({"constraints": {"model": "tiny"}}, "large", "the task asks for `tiny`"),
        ({"unavailable": {"large": "it is down"}}, "large", "it is down"),
        (
            {"prompt_tokens": 7500},
            "tiny",
            "prompt and answer take 8,500 tokens, and its context has 8,000",
        ),
        (
            {"budget_left_usd": Decimal("0.001")},
            "large",
            "a call costs about $0.003, and $0.001 of the budget are left",
        ),
    ],
)
def test_hard_rules_say_why(changed: dict[str, Any], model: str, reason: str) -> None:
    chosen = route(situation(**changed))
    assert reasons(chosen)[model] == reason
    assert model not in models(chosen)


def test_a_model_that_gives_short_answers_needs_no_room_for_long_ones() -> None:
    short = catalog(tuple(PRICES))
    models_there = {**short.models, "tiny": short.models["tiny"].model_copy(update={"max_output_tokens": 50})}
    chosen = route(situation(catalog=short.model_copy(update={"models": models_there}), prompt_tokens=7500))
    assert models(chosen) == ("tiny",)
    assert reasons(chosen)["small"] == "prompt and answer take 8,500 tokens, and its context has 8,000"


def test_a_class_may_keep_its_tasks_in_and_dear_models_out() -> None:
    blocked = route(situation(CLASS.model_copy(update={"cloud": CloudPolicy.BLOCKED})))
    assert models(blocked) == ("tiny", "small")
    opt_in = CLASS.model_copy(update={"cloud": CloudPolicy.OPT_IN})
    assert reasons(route(situation(opt_in)))["large"] == "the task does not say that it may leave this place"
    assert "large" in models(route(situation(opt_in, constraints={"cloud": True})))
    ceiling = CLASS.model_copy(update={"price_ceiling_usd": Decimal("0.001")})
    assert reasons(route(situation(ceiling)))["large"] == "a call costs about $0.003, above the ceiling of $0.001"


def test_where_nobody_may_the_reason_names_all() -> None:
    chosen = route(situation(unavailable=dict.fromkeys(PRICES, "it is down")))
    assert chosen.steps == ()
    assert chosen.reason == "no model may do it: tiny, small, middle, large: it is down"
    kept_in = route(situation(constraints={"local_only": True}, unavailable=dict.fromkeys(LOCAL, "it is down")))
    assert kept_in.reason == (
        "no model may do it: tiny, small: it is down; middle, large: the task may not leave this place"
    )
    named = route(situation(constraints={"model": "large"}, unavailable={"large": "it is down"}))
    assert named.reason == "the task asks for `large`: it is down"
    missing = route(situation(constraints={"model": "none"}))
    assert missing.reason == "the task asks for `none`, which the catalog does not have"
    assert isinstance(decide(chosen, ()), GiveUp)


def test_exploring_tries_something_cheaper_for_its_share_only() -> None:
    exploring = CLASS.model_copy(update={"explore_share": 0.2})
    known_good = learned({"large": (500, 495, 494, 1)})
    never = route(situation(exploring, learned=known_good, chance=0.2))
    assert (models(never), never.explored) == (("large",), False)
    tried = route(situation(exploring, learned=known_good, chance=0.1))
    assert tried.explored
    assert models(tried) != ("large",)


# When to stop


def answered(model: str, verdict: Verdict = Verdict.PASSED, standing: Standing | None = None) -> Attempt:
    barring = Check(gate="valid-json", version=1, severity=Severity.ERROR, verdict=verdict)
    telling = Check(
        gate="learned-scorer",
        version=1,
        severity=Severity.WARNING,
        verdict=Verdict.PASSED,
        score=None if standing is None else standing.support[-1],
        standing=standing,
    )
    return made.local(model=model, checks=(barring, telling))


def walked(*steps: Step) -> Route:
    return Route(steps=steps, reason="because")


def test_what_its_gates_pass_is_accepted_and_what_they_bar_escalates() -> None:
    chain = walked(Step(model="small"), Step(model="large"))
    assert isinstance(decide(chain, ()), Call)
    assert decide(chain, (answered("small"),)) == Accept(0, "the answer of small passed its gates")
    barred = decide(chain, (answered("small", Verdict.FAILED),))
    assert isinstance(barred, Call)
    assert (barred.step.model, barred.reason) == ("large", "barred by the gate valid-json (failed)")
    ended = decide(chain, (answered("small", Verdict.FAILED), answered("large", Verdict.UNKNOWN)))
    assert ended == GiveUp("no model is left")


def test_a_retry_is_no_escalation() -> None:
    chain = walked(Step(model="small"), Step(model="large"))
    attempts = (made.unanswered(model="small"), answered("small"))
    assert isinstance(decide(chain, attempts), Accept)
    failed = decide(chain, (made.unanswered(model="small"), made.unanswered(model="small")))
    assert isinstance(failed, Call)
    assert failed.step.model == "large"


def test_support_that_is_too_small_or_unknown_is_none() -> None:
    chain = walked(Step(model="small", accept_at=0.8), Step(model="large"))
    weak = answered("small", standing=Standing(support=(0.7,)))
    assert isinstance(decide(chain, (weak,)), Call)
    assert isinstance(decide(chain, (answered("small"),)), Call)
    assert isinstance(decide(chain, (answered("small", standing=Standing(support=(0.8,))),)), Accept)


@pytest.mark.parametrize(("prospect", "kind"), [(0.75, Accept), (0.85, Call)])
def test_asking_on_has_to_be_worth_its_cost(prospect: float, kind: type) -> None:
    chain = walked(Step(model="small", least_gain=0.1), Step(model="large"))
    standing = Standing(support=(0.7,), prospects={"large": prospect})
    assert isinstance(decide(chain, (answered("small", standing=standing),)), kind)


def test_what_costs_nothing_is_asked_and_what_is_not_known_is_no_reason_to_stop() -> None:
    chain = walked(Step(model="small", least_gain=0.0), Step(model="large"))
    sure = Standing(support=(1.0,), prospects={"large": 1.0})
    assert isinstance(decide(chain, (answered("small", standing=sure),)), Call)
    unsure = walked(Step(model="small", least_gain=0.1), Step(model="large"))
    assert isinstance(decide(unsure, (answered("small"),)), Call)


def test_an_earlier_answer_counts_where_it_is_the_better_supported() -> None:
    chain = walked(Step(model="small", least_gain=0.1), Step(model="large"))
    standing = Standing(support=(0.9, 0.1))
    attempts = (answered("small"), answered("large", standing=standing))
    assert decide(chain, attempts) == Accept(0, "the answer of small is the best supported: 90 %")
    barred = (answered("small", Verdict.FAILED), answered("large", standing=standing))
    assert decide(chain, barred) == Accept(1, "the answer of large is the best supported: 10 %")


outcomes = st.sampled_from(["passes", "barred", "unanswered", "weak", "supported"])


@given(st.lists(st.tuples(st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)), min_size=1, max_size=6), st.data())
def test_deciding_ends_after_as_many_calls_as_there_are_steps(
    bounds: list[tuple[float | None, float | None]], data: st.DataObject
) -> None:
    steps = [Step(model=f"m{n}", accept_at=at, least_gain=gain) for n, (at, gain) in enumerate(bounds)]
    chain, attempts, calls = walked(*steps), [], 0
    while isinstance(step := decide(chain, attempts), Call):
        calls += 1
        assert calls <= len(steps)
        assert step.step is steps[calls - 1]
        how = data.draw(outcomes)
        judged = sum(attempt.failure is None for attempt in attempts) + 1
        support = data.draw(st.lists(st.floats(0, 1), min_size=judged, max_size=judged))
        standing = Standing(support=tuple(support), prospects=data.draw(st.sampled_from([{}, {f"m{calls}": 1.0}])))
        name = step.step.model
        attempts.append(
            {
                "passes": answered(name),
                "barred": answered(name, Verdict.FAILED),
                "unanswered": made.unanswered(model=name),
                "weak": answered(name, standing=replace_last(standing, 0.0)),
                "supported": answered(name, standing=replace_last(standing, 1.0)),
            }[how]
        )
    if isinstance(step, Accept):
        assert not any(check.bars for check in attempts[step.attempt].checks)
        assert attempts[step.attempt].failure is None


def replace_last(standing: Standing, support: float) -> Standing:
    return standing.model_copy(update={"support": (*standing.support[:-1], support)})


# Plans

SCORED = CLASS.model_copy(
    update={
        "gates": (
            GateUse(gate="agreement", severity=Severity.WARNING),
            GateUse(gate="learned-scorer", severity=Severity.WARNING),
        )
    }
)


def plan(chain: tuple[str, ...], bound: float, worth: float = 0.03) -> Plan:
    return Plan(prompt_version=1, chain=chain, worth_usd=worth, cost_usd=0.001, quality=bound + 0.02, bound=bound)


def test_a_plan_is_walked_at_the_lowest_rate_that_meets_the_floor() -> None:
    tried = tuple(plan(("tiny", "large"), bound, worth) for bound, worth in ((0.8, 0.01), (0.91, 0.03), (0.95, 0.3)))
    chosen = route(situation(SCORED, learned=Learned(plans={"sorting": (tried,)})))
    assert models(chosen) == ("tiny", "large")
    assert chosen.steps[0].least_gain == pytest.approx(0.1)
    assert chosen.steps[1].least_gain is None


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4).map(sorted), min_size=1, max_size=4), st.floats(0, 1))
def test_a_plan_that_meets_the_floor_is_taken_whenever_there_is_one(bounds: list[list[float]], floor: float) -> None:
    chains = (("tiny",), ("tiny", "large"), ("small", "large"), ("middle",))
    plans = tuple(
        tuple(replace(plan(chain, bound), quality=bound) for bound in of_chain)
        for chain, of_chain in zip(chains, bounds, strict=False)
    )
    task_class = SCORED.model_copy(update={"quality_floor": floor})
    chosen = route(situation(task_class, learned=Learned(plans={"sorting": plans})))
    [candidate] = [each for each in chosen.candidates if each.chosen]
    assert candidate.quality_bound is not None
    highest = max(max(of_chain) for of_chain in bounds)
    assert candidate.quality_bound >= floor if highest >= floor else candidate.quality_bound == highest


def test_a_plan_needs_its_gates_its_models_and_its_prompt() -> None:
    learnt = Learned(plans={"sorting": ((plan(("tiny", "large"), 0.95),),)})
    assert models(route(situation(CLASS, learned=learnt))) == ("tiny", "small", "large")
    down = route(situation(SCORED, learned=learnt, unavailable={"tiny": "it is down"}))
    assert "tiny" not in models(down)
    newer = SCORED.model_copy(update={"prompt": PromptTemplate(version=2, user="{text}")})
    assert models(route(situation(newer, learned=learnt))) == ("tiny", "small", "large")


def test_the_baseline_is_kept_in_reserve() -> None:
    learnt = Learned(plans={"sorting": ((plan(("tiny", "small"), 0.95),),)})
    chosen = route(situation(SCORED, learned=learnt))
    assert models(chosen) == ("tiny", "small", "large")
    sure = Standing(support=(0.9, 0.9), prospects={})
    assert isinstance(decide(chosen, (answered("tiny"), answered("small", standing=sure))), Accept)
    barred = (answered("tiny", Verdict.FAILED), answered("small", Verdict.FAILED))
    assert isinstance(decide(chosen, barred), Call)


def test_importing_the_policy_is_light() -> None:
    import subprocess
    import sys

    heavy = ["openai", "sklearn", "duckdb", "confluent_kafka", "dagster", "numpy", "pandas"]
    script = f"import omni_assets.router.policy, sys; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_support_is_what_the_last_scoring_gate_said() -> None:
    scored = [
        Check(gate=f"gate-{n}", version=1, severity=Severity.WARNING, verdict=Verdict.PASSED, score=score)
        for n, score in enumerate((0.2, 0.7, None))
    ]
    assert policy.support(scored) == 0.7
    assert policy.support(()) is None
    assert policy.counts(scored, 0.7)
    assert not policy.counts(scored, 0.71)
