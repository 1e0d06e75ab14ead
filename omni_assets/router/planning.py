"""What is settled about a task before anything is asked: its class, its prompt and its route. Costs nothing.

The live router plans so, and so does `omni route explain`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

from pydantic import BaseModel

from omni_assets.router import policy
from omni_assets.router.catalog import Catalog, Price
from omni_assets.router.classifying import Classifier, class_of
from omni_assets.router.gates.gate import BoundGate
from omni_assets.router.gates.table import bind
from omni_assets.router.learning.learned import Learned
from omni_assets.router.money.pricing import estimate_tokens, price_call
from omni_assets.router.prompt import Prompt, render
from omni_assets.router.receipt import Classified
from omni_assets.router.route import Route
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass
from omni_assets.router.values import Usage

_LONG = 4
"""An answer is taken to be that many times shorter than it may be, while nothing is known of the class."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan depends on besides the task: models that cannot be asked now with the reason of each, what is left of
    the budget of its class (``None`` without one), what has been learnt, and a number from 0 to 1 drawn by chance, 1
    excluded.
    """

    unavailable: Mapping[str, str]
    budget_left_usd: Decimal | None
    learned: Learned
    chance: float


@dataclass(frozen=True, slots=True)
class ReadyClass:
    """A class of tasks whose gates are bound. ``sha256`` is the digest of the class as it stands."""

    task_class: TaskClass
    gates: tuple[BoundGate, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Told:
    """A task with its class, and how that is known."""

    task: Task
    ready: ReadyClass
    classified: Classified


@dataclass(frozen=True, slots=True)
class Planned:
    """A task with its prompt and its route. ``output_limit`` is the most tokens that an answer may have, be it that a
    model gives fewer.
    """

    told: Told
    prompt: Prompt
    output_limit: int
    route: Route


class Planner:
    """Plans tasks over one catalog and its classes. Pure: what changes is handed in."""

    def __init__(self, catalog: Catalog, classes: Mapping[str, TaskClass], classifier: Classifier) -> None:
        """Raises what ``gates.table.bind`` does where a gate of a class is none."""
        self.catalog = catalog
        self.classes = classes
        self.catalog_sha256 = digest(catalog)
        self._classifier = classifier
        self._ready = {
            name: ReadyClass(each, tuple(bind(use) for use in each.gates), digest(each))
            for name, each in classes.items()
        }

    def tell(self, task: Task) -> Told:
        """The class of a task. Raises ``UnknownTaskClass`` and ``ClassUnclear``."""
        task_class, classified = class_of(task, self.classes, self._classifier)
        return Told(task, self._ready[task_class.name], classified)

    def plan(self, told: Told, circumstances: Circumstances) -> Planned:
        """The prompt and the route of a task. Raises ``PromptError``."""
        task, task_class = told.task, told.ready.task_class
        prompt = render(task, task_class)
        tokens = estimate_tokens(prompt.system + prompt.user)
        limit = min(task_class.max_output_tokens, task.constraints.max_output_tokens or task_class.max_output_tokens)
        situation = policy.Situation(
            task=task,
            task_class=task_class,
            prompt_tokens=tokens,
            output_limit=limit,
            catalog=self.catalog,
            prices={
                name: expected_usd(model.price, _roughly(tokens), -(-model.output_limit(limit) // _LONG))
                for name, model in self.catalog.models.items()
            },
            unavailable=circumstances.unavailable,
            budget_left_usd=circumstances.budget_left_usd,
            learned=circumstances.learned,
            chance=circumstances.chance,
        )
        return Planned(told, prompt, limit, policy.route(situation))


@lru_cache(maxsize=16_384)
def expected_usd(price: Price | None, input_tokens: int, output_tokens: int) -> Decimal | None:
    """What one call will cost, ``None`` where the price is not known."""
    return price_call(price, Usage(input_tokens=input_tokens, output_tokens=output_tokens, reported=False)).usd


def digest(model: BaseModel) -> str:
    """The digest of a model as JSON, in hexadecimal."""
    return sha256(model.model_dump_json().encode()).hexdigest()


def _roughly(tokens: int) -> int:
    """A number of tokens to about a fifth, so that a chain is weighed once for prompts of about one length: steps of
    half a power of two, a choice of our own.
    """
    return round(2 ** (round(2 * math.log2(max(tokens, 1))) / 2))
