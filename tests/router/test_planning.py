from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import PromptError, UnknownTaskClass
from omni_assets.router.catalog import StatedPrice
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.learning.learned import Learned
from omni_assets.router.planning import Circumstances, Planner, _roughly, digest, expected_usd
from tests.support.routing import LARGE_PRICE, SORTING, Routing, task

CATALOG = Routing("http://127.0.0.1:1", "http://127.0.0.1:2", Path()).catalog
NOW = Circumstances({}, None, Learned(), 0.5)


@pytest.fixture
def planner() -> Planner:
    return Planner(CATALOG, {"sorting": SORTING}, by_rules)


def test_a_plan_has_the_prompt_the_limit_and_the_route(planner: Planner) -> None:
    planned = planner.plan(planner.tell(task()), NOW)
    assert (planned.prompt.system, planned.prompt.user) == ("You sort texts.", "one or two?")
    assert planned.output_limit == 50
    assert planned.route.steps[0].model == "small"


def test_a_task_narrows_the_limit_of_its_class_and_never_widens_it(planner: Planner) -> None:
    limits = [
        planner.plan(planner.tell(task(constraints={"max_output_tokens": limit})), NOW).output_limit
        for limit in (10, 1000)
    ]
    assert limits == [10, 50]


def test_a_model_is_expected_to_answer_with_no_more_than_it_gives() -> None:
    short = CATALOG.models["large"].model_copy(update={"max_output_tokens": 10})
    chains = []
    for models in (CATALOG.models, {**CATALOG.models, "large": short}):
        planner = Planner(CATALOG.model_copy(update={"models": models}), {"sorting": SORTING}, by_rules)
        chains.append(planner.plan(planner.tell(task(constraints={"model": "large"})), NOW).route.candidates[0])
    costs = [each.expected_cost_usd for each in chains]
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[1] < costs[0]


def test_what_cannot_be_asked_is_skipped_with_its_reason(planner: Planner) -> None:
    route = planner.plan(planner.tell(task()), Circumstances({"small": "it is down"}, None, Learned(), 0.5)).route
    assert [(each.model, each.reason) for each in route.skipped] == [("small", "it is down")]
    assert [step.model for step in route.steps] == ["large"]


def test_what_cannot_be_planned_says_why(planner: Planner) -> None:
    with pytest.raises(UnknownTaskClass):
        planner.tell(task(task_class="nonesuch"))
    with pytest.raises(PromptError):
        planner.plan(planner.tell(task(inputs={})), NOW)


@given(st.integers(1, 10**7))
def test_lengths_of_prompts_are_taken_together_to_about_a_fifth(tokens: int) -> None:
    assert abs(_roughly(tokens) - tokens) <= 1 + tokens / 5


def test_a_digest_tells_classes_apart() -> None:
    assert digest(SORTING) == digest(SORTING.model_copy())
    assert digest(SORTING) != digest(SORTING.model_copy(update={"quality_floor": 0.5}))


@given(st.integers(0, 10**6), st.integers(0, 10**5))
def test_an_expected_cost_is_known_where_the_price_is(given: int, answered: int) -> None:
    assert expected_usd(None, given, answered) is None
    cost = expected_usd(LARGE_PRICE, given, answered)
    dearer = expected_usd(StatedPrice(input=Decimal(2), output=Decimal(10)), given, answered)
    assert cost is not None
    assert dearer is not None
    assert 0 <= cost <= dearer


@pytest.mark.parametrize("floor", [0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0])
def test_on_the_first_day_the_cheapest_is_asked_first_whatever_the_floor(floor: float) -> None:
    task_class = SORTING.model_copy(update={"quality_floor": floor})
    planner = Planner(CATALOG, {"sorting": task_class}, by_rules)
    route = planner.plan(planner.tell(task()), NOW).route
    assert [step.model for step in route.steps] == ["small", "large"]
