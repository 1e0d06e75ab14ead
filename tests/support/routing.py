"""A router over loopback endpoints: a small model that is free, and a large one that costs and is the baseline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from omni_assets.router.calling.health import Patience
from omni_assets.router.calling.switchboard import Persistence
from omni_assets.router.catalog import Catalog, Endpoint, Model, OwnHardwarePrice, Price, StatedPrice
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.learning.learned import Learned
from omni_assets.router.money.budget import BUDGET_FILE, Budget
from omni_assets.router.planning import Planner
from omni_assets.router.runtime import Done, Router
from omni_assets.router.task import Task
from omni_assets.router.task_class import CloudPolicy, GateUse, PromptTemplate, TaskClass
from omni_assets.router.values import Location, OutputFormat
from omni_assets.settings import BudgetSettings

KEY = "sk-canary-0123456789abcdefABCDEF"
KEY_ENV = "LARGE_KEY"
LARGE_PRICE = StatedPrice(input=Decimal(1), output=Decimal(10))

SORTING = TaskClass(
    name="sorting",
    description="Says which of two labels fits.",
    quality_floor=0.9,
    prompt=PromptTemplate(version=1, system="You sort texts.", user="{text}"),
    gates=(GateUse(gate="not-empty"), GateUse(gate="valid-json")),
    output_format=OutputFormat.JSON,
    answer_key="label",
    max_output_tokens=50,
    cloud=CloudPolicy.ALLOWED,
    baseline="large",
    audit_share=0.0,
    explore_share=0.0,
)


def task(number: int = 0, **fields: object) -> Task:
    """A task of the class ``sorting``."""
    return Task.model_validate(
        {"id": f"task-{number}", "task_class": "sorting", "inputs": {"text": "one or two?"}, **fields}
    )


@dataclass
class Routing:
    """What a router is made of. ``done`` is what was recorded."""

    small: str
    large: str
    folder: Path
    task_class: TaskClass = SORTING
    large_price: Price | None = LARGE_PRICE
    limits: BudgetSettings = field(default_factory=BudgetSettings)
    concurrency: int = 8
    seconds: float = 5.0
    context_window: int = 4096
    environ: Mapping[str, str] = field(default_factory=lambda: {KEY_ENV: KEY})
    patience: Patience = field(default_factory=lambda: Patience(failures=1000))
    persistence: Persistence = field(default_factory=lambda: Persistence(first_wait=0.01))
    store_text: bool = False
    chance: Callable[[], float] = lambda: 0.5
    done: list[Done] = field(default_factory=list)

    @property
    def catalog(self) -> Catalog:
        def endpoint(base_url: str, location: Location, key_env: str | None) -> Endpoint:
            return Endpoint(
                base_url=base_url,
                key_env=key_env,
                location=location,
                concurrency=self.concurrency,
                timeout_seconds=self.seconds,
            )

        def model(endpoint: str, price: Price | None) -> Model:
            return Model(endpoint=endpoint, served_name=endpoint, context_window=self.context_window, price=price)

        return Catalog(
            endpoints={
                "small": endpoint(self.small, Location.LOCAL, None),
                "large": endpoint(self.large, Location.CLOUD, KEY_ENV),
            },
            models={"small": model("small", OwnHardwarePrice()), "large": model("large", self.large_price)},
        )

    def budget(self) -> Budget:
        """Its budget, to be closed."""
        return Budget(self.folder / BUDGET_FILE, self.limits)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Router]:
        """Its router, open."""
        budget = self.budget()
        router = Router(
            Planner(self.catalog, {self.task_class.name: self.task_class}, by_rules),
            Learned(),
            budget,
            self.environ,
            record=self.done.append,
            store_text=self.store_text,
            patience=self.patience,
            persistence=self.persistence,
            chance=self.chance,
        )
        try:
            async with router:
                yield router
        finally:
            budget.close()
