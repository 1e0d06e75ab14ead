"""Small coding tasks on a local model, through the router: what it accepts passes its tests, what fails escalates.

Every task of ``coding_tasks`` is asked of SmolLM2-135M with the project's class ``code-generation``, whose last gate
runs the task's tests. What was accepted is run against the same tests once more, by plain pytest and without the
router. A stronger second model may be given as a GGUF file; without one, what fails has nowhere to go.

Nothing is learnt beforehand, nothing is audited, and no call leaves the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path

from benchmarks.measure import show
from benchmarks.routing.coding_tasks import TASKS
from omni_assets.router.catalog import Catalog, Endpoint, Model, OwnHardwarePrice
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.files.class_files import load_task_class
from omni_assets.router.gates.gate import Verdict
from omni_assets.router.learning.learned import Learned
from omni_assets.router.local import lifecycle
from omni_assets.router.local.record import ModelRecord
from omni_assets.router.local.weights import Serving, Weights, weights
from omni_assets.router.money.budget import BUDGET_FILE, Budget
from omni_assets.router.planning import Planner
from omni_assets.router.receipt import Attempt, Outcome
from omni_assets.router.runtime import Done, Router
from omni_assets.router.task import Task
from omni_assets.router.task_class import CloudPolicy, TaskClass
from omni_assets.router.values import Location
from omni_assets.settings import BudgetSettings

ROOT = Path(__file__).resolve().parents[2]
CLASS_FILE = ROOT / "contracts" / "task_classes" / "code-generation.yaml"
CONTEXT = 4096
OUTPUT_TOKENS = 320
"""Most tokens of an answer: what is right is shorter, and a small model that does not stop is slow to fail."""

CHECK_SECONDS = 60.0
SAMPLES = 10_000

# Shadow prices in dollars for a million tokens, as the models' sizes are to each other: they say which is asked first.
_PRICES = (Decimal("0.01"), Decimal("0.1"))


@contextmanager
def served(folder: Path, tiers: Sequence[Weights]) -> Iterator[tuple[ModelRecord, ...]]:
    """Every tier on loopback, in a process of its own."""
    with ExitStack() as afterwards:
        records = []
        for number, each in enumerate(tiers):
            home = folder / f"tier-{number}"
            afterwards.callback(lifecycle.stop, home)
            records.append(lifecycle.start(home, Serving(each, context=CONTEXT)))
        yield tuple(records)


def catalog(records: Sequence[ModelRecord]) -> Catalog:
    """One endpoint and one model for each tier."""
    return Catalog(
        endpoints={
            f"tier-{number}": Endpoint(base_url=record.base_url, location=Location.LOCAL, concurrency=1)
            for number, record in enumerate(records)
        },
        models={
            record.model: Model(
                endpoint=f"tier-{number}",
                served_name=record.model,
                context_window=CONTEXT,
                capabilities=("text", "json", "code"),
                price=OwnHardwarePrice(input=price, output=price),
            )
            for number, (record, price) in enumerate(zip(records, _PRICES, strict=False))
        },
    )


def task_class() -> TaskClass:
    """The project's class for these tasks, on the models that are here."""
    return load_task_class(str(CLASS_FILE), None).model_copy(
        update={
            "models": (),
            "baseline": None,
            "cloud": CloudPolicy.BLOCKED,
            "audit_share": 0.0,
            "explore_share": 0.0,
            "max_output_tokens": OUTPUT_TOKENS,
        }
    )


async def routed(tasks: Sequence[Task], where: Catalog, folder: Path) -> list[Done]:
    """What became of the tasks, one after the other."""
    wanted = task_class()
    budget = Budget(folder / BUDGET_FILE, BudgetSettings())
    try:
        async with Router(Planner(where, {wanted.name: wanted}, by_rules), Learned(), budget, {}) as router:
            return [await router.run(task) for task in tasks]
    finally:
        budget.close()


def passes(task: Task, answer: str) -> bool:
    """Whether the answer passes the task's tests, as plain pytest says."""
    with tempfile.TemporaryDirectory(prefix="omni-live-") as folder:
        Path(folder, "answer.py").write_text(answer, encoding="utf-8")
        Path(folder, "test_answer.py").write_text(task.tests or "", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
        ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=CHECK_SECONDS, check=False)
    return ended.returncode == 0


def tier_figures(model: str, dones: Sequence[Done]) -> dict[str, object]:
    """What one model was asked, and what became of it."""
    attempts = [each for done in dones for each in done.receipt.attempts if each.model == model]
    caught = [each for each in attempts if each.outcome is Outcome.REJECTED]
    return {
        "model": model,
        "asked": len(attempts),
        "accepted": sum(each.outcome is Outcome.ACCEPTED for each in attempts),
        "caught": len(caught),
        "failed": len(attempts) - sum(each.outcome in (Outcome.ACCEPTED, Outcome.REJECTED) for each in attempts),
        "caught_by": caught_by(caught),
        "input_tokens": sum(each.usage.input_tokens for each in attempts if each.usage),
        "output_tokens": sum(each.usage.output_tokens for each in attempts if each.usage),
        "seconds": round(sum(each.latency_seconds for each in attempts), 1),
    }


def caught_by(caught: Sequence[Attempt]) -> Mapping[str, int]:
    """How many outputs each gate was the first to bar."""
    first = [next(check.gate for check in each.checks if check.bars) for each in caught]
    return {gate: first.count(gate) for gate in dict.fromkeys(first)}


def figures(dones: Sequence[Done], tasks: Sequence[Task], seconds: float) -> dict[str, object]:
    """What became of all tasks."""
    accepted = [(task, done) for task, done in zip(tasks, dones, strict=True) if done.text is not None]
    unlooked = [each for done in dones for each in done.receipt.attempts if _unlooked(each)]
    return {
        "claim": "what is accepted passes its tests, what fails escalates",
        "tasks": len(tasks),
        "accepted": len(accepted),
        "accepted_percent": round(100 * len(accepted) / len(tasks), 1),
        "accepted_percent_95": interval([done.text is not None for done in dones]),
        "accepted_and_pass_again": sum(passes(task, done.text or "") for task, done in accepted),
        "escalated": sum(len({each.model for each in done.receipt.attempts}) > 1 for done in dones),
        "failed": sum(done.receipt.outcome is not Outcome.ACCEPTED for done in dones),
        "failed_without_a_reason": sum(done.text is None and not done.receipt.failure for done in dones),
        "tests_not_run": len(unlooked),
        "seconds": round(seconds, 1),
    }


def interval(held: Sequence[bool]) -> list[float]:
    """The middle 95 % of the percentages that samples of these tasks, drawn with replacement, come to."""
    chance = random.Random(0)  # noqa: S311 - a sample, the same every time
    percentages = sorted(100 * sum(chance.choices(held, k=len(held))) / len(held) for _ in range(SAMPLES))
    return [round(percentages[int(SAMPLES * share)], 1) for share in (0.025, 0.975)]


def _unlooked(attempt: Attempt) -> bool:
    """Whether the tests of an output could not be run at all here."""
    return any(check.gate == "tests-pass" and check.verdict is Verdict.UNKNOWN for check in attempt.checks)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--format", choices=("text", "json"), default="text")
    options.add_argument("--tasks", type=int, default=len(TASKS), help="only the first so many (default: all)")
    options.add_argument("--second-tier", type=Path, metavar="FILE", help="a stronger model, as a GGUF file")
    wanted = options.parse_args()
    tiers = [weights(), *([weights(wanted.second_tier)] if wanted.second_tier else [])]
    tasks = TASKS[: wanted.tasks]
    with tempfile.TemporaryDirectory(prefix="omni-live-") as name, served(Path(name), tiers) as records:
        started = time.perf_counter()
        dones = asyncio.run(routed(tasks, catalog(records), Path(name)))
        seconds = time.perf_counter() - started
    if wanted.format == "text":
        for task, done in zip(tasks, dones, strict=True):
            print(f"{task.id}: {done.receipt.model or 'none'}; {done.receipt.failure or done.receipt.decision}")
    show(wanted.format, figures(dones, tasks, seconds), *(tier_figures(each.name, dones) for each in tiers))


if __name__ == "__main__":
    main()
