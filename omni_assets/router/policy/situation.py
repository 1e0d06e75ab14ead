"""What a route depends on: one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from omni_assets.router.catalog import Catalog
from omni_assets.router.learning.learned import Learned
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a route depends on. ``prompt_tokens`` are estimated; ``output_limit`` is the most tokens of an answer,
    where a model itself does not give fewer.

    ``prices`` are the expected costs of one call in US dollars, ``None`` where not known; ``unavailable`` gives models
    that cannot be asked now, with a clause that says why. ``budget_left_usd`` is ``None`` where there is no budget.
    ``chance`` is a number from 0 to 1, 1 excluded, from the caller's source of randomness.
    """

    task: Task
    task_class: TaskClass
    prompt_tokens: int
    output_limit: int
    catalog: Catalog
    prices: Mapping[str, Decimal | None]
    unavailable: Mapping[str, str]
    budget_left_usd: Decimal | None
    learned: Learned
    chance: float
