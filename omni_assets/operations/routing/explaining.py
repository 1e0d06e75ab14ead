"""What the router would do with tasks, and why.

No model is asked: endpoints are only looked at, which costs nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from omni_assets.errors import OmniError
from omni_assets.operations.context import Context
from omni_assets.operations.routing.opening import budget, environment, planner, taught
from omni_assets.router.calling.health import Patience
from omni_assets.router.calling.switchboard import Persistence, Switchboard
from omni_assets.router.learning.learned import Learned
from omni_assets.router.money.budget import Budget
from omni_assets.router.money.pricing import estimate_tokens
from omni_assets.router.planning import Circumstances, Planned, Planner
from omni_assets.router.task import Task

_NO_EXPLORATION = 1 - 2**-53
"""The largest chance that there is: what is tried only to learn of it is left out."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What would become of a task. ``planned`` is ``None`` where it cannot be done as it stands: ``problem`` says why.

    ``budget_left_usd`` is what may still be spent on its class today, ``None`` without a budget.
    """

    task: Task
    planned: Planned | None
    budget_left_usd: Decimal | None = None
    problem: OmniError | None = None

    @property
    def possible(self) -> bool:
        """Whether any model would be asked."""
        return self.planned is not None and bool(self.planned.route.steps)

    @property
    def prompt_tokens(self) -> int | None:
        """About how many tokens its prompt has; ``None`` where there is none."""
        return None if self.planned is None else estimate_tokens(self.planned.prompt.system + self.planned.prompt.user)


async def explain(
    context: Context, tasks: Iterable[Task], environ: Mapping[str, str] = os.environ
) -> tuple[Explained, ...]:
    """What would become of each task if it ran now.

    Raises ``CatalogUnusable``, ``TaskClassUnusable``, ``BudgetUnusable``, ``StateError`` and ``ExtraMissing``.
    """
    project = planner(context)
    known = await asyncio.to_thread(taught, context, project.classes.values())
    with budget(context) as money:
        ways = Switchboard(project.catalog, environment(project, context, environ), money, Patience(), Persistence())
        try:
            await ways.open()
            unavailable = ways.unavailable()
        finally:
            await ways.close()
        return tuple(_explained(task, project, known, money, unavailable) for task in tasks)


def _explained(
    task: Task, project: Planner, known: Learned, money: Budget, unavailable: Mapping[str, str]
) -> Explained:
    left = None
    try:
        told = project.tell(task)
        left = money.left(told.ready.task_class.name)
        planned = project.plan(told, Circumstances(unavailable, left, known, _NO_EXPLORATION))
    except OmniError as error:
        return Explained(task, None, left, error)
    return Explained(task, planned, left)
