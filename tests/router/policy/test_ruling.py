"""Which models may do a task at all, and what is said of the others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from omni_assets.router.policy import decide, route
from omni_assets.router.route import GiveUp
from omni_assets.router.task_class import CloudPolicy
from tests.support.policy import (
    CLASS,
    LOCAL,
    PRICES,
    catalog,
    models,
    reasons,
    situation,
)


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
