"""A class of tasks, models with prices, what was learnt of them and what came of calls, to try the policy on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from omni_assets.router.catalog import Catalog, Endpoint, Model, OwnHardwarePrice
from omni_assets.router.gates.gate import Check, Standing, Verdict
from omni_assets.router.learning.learned import Learned, Subject, Tally
from omni_assets.router.policy import Situation
from omni_assets.router.receipt import Attempt
from omni_assets.router.route import Route, Step
from omni_assets.router.task import Task
from omni_assets.router.task_class import CloudPolicy, GateUse, PromptTemplate, Severity, TaskClass
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
