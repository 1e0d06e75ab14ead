"""The route of a task: now and then something cheaper, and what it takes to ask for one."""

from __future__ import annotations

from omni_assets.router.policy import route
from tests.support.policy import (
    CLASS,
    learned,
    models,
    situation,
)


def test_exploring_tries_something_cheaper_for_its_share_only() -> None:
    exploring = CLASS.model_copy(update={"explore_share": 0.2})
    known_good = learned({"large": (500, 495, 494, 1)})
    never = route(situation(exploring, learned=known_good, chance=0.2))
    assert (models(never), never.explored) == (("large",), False)
    tried = route(situation(exploring, learned=known_good, chance=0.1))
    assert tried.explored
    assert models(tried) != ("large",)


def test_importing_the_policy_is_light() -> None:
    import subprocess
    import sys

    heavy = ["openai", "sklearn", "duckdb", "confluent_kafka", "dagster", "numpy", "pandas"]
    script = f"import omni_assets.router.policy, sys; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
