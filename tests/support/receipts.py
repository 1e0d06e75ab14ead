"""Receipts made by hand: what a router leaves behind, without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.receipt import (
    Attempt,
    Audit,
    Baseline,
    Classified,
    Cost,
    Failure,
    Outcome,
    PriceSource,
    Receipt,
)
from omni_assets.router.route import Candidate, Skipped
from omni_assets.router.task_class import Severity
from omni_assets.router.values import FinishReason, Location, Usage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIGEST = "ab" * 32


def receipt_id(number: int) -> str:
    """An id of which a few digits tell it from others."""
    return sha256(str(number).encode()).hexdigest()[:32]


def usd(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount).quantize(Decimal("0.000000001"))


def cost(amount: str | None = "0", source: PriceSource = PriceSource.OWN_HARDWARE, version: str = "") -> Cost:
    return Cost(usd=usd(amount), source=source, version=version)


def usage(tokens: int = 100, output: int = 20, *, reported: bool = True) -> Usage:
    return Usage(input_tokens=tokens, output_tokens=output, reported=reported)


def check(gate: str = "not-empty", verdict: Verdict = Verdict.PASSED, evidence: str = "20 characters") -> Check:
    return Check(gate=gate, version=1, severity=Severity.ERROR, verdict=verdict, evidence=evidence)


def local(**changed: Any) -> Attempt:
    """An accepted attempt of a local model."""
    values: dict[str, Any] = {
        "model": "smollm2",
        "served_name": "smollm2-135m",
        "endpoint": "local",
        "location": Location.LOCAL,
        "started_at": NOW,
        "latency_seconds": 0.25,
        "reason": "the cheapest chain that meets the floor begins with it",
        "outcome": Outcome.ACCEPTED,
        "usage": usage(),
        "finish_reason": FinishReason.STOP,
        "cost": cost(),
        "checks": (check(),),
        "output_sha256": DIGEST,
    }
    return Attempt(**{**values, **changed})


def rejected(**changed: Any) -> Attempt:
    """An attempt of a local model whose output a gate caught."""
    barred = (check(), check("valid-json", Verdict.FAILED, "it is no JSON: line 1 column 1"))
    return local(outcome=Outcome.REJECTED, checks=barred, **changed)


def cloud(**changed: Any) -> Attempt:
    """An accepted attempt of a cloud model."""
    values: dict[str, Any] = {
        "model": "gpt-4o-mini",
        "served_name": "gpt-4o-mini-2024-07-18",
        "endpoint": "openai",
        "location": Location.CLOUD,
        "reason": "valid-json failed: it is no JSON: line 1 column 1",
        "cost": cost("0.000027", PriceSource.REFERENCE, "0.2.0"),
        "reserved_usd": usd("0.0004"),
    }
    return local(**{**values, **changed})


def unanswered(**changed: Any) -> Attempt:
    """An attempt that brought no output."""
    values: dict[str, Any] = {
        "outcome": Outcome.FAILED,
        "usage": None,
        "finish_reason": None,
        "checks": (),
        "output_sha256": None,
        "failure": Failure(kind="timeout", message="it did not answer within 2 s", transient=True),
    }
    return local(**{**values, **changed})


def audit(*, agrees: bool | None = True, amount: str | None = "0.0009") -> Audit:
    return Audit(
        model="claude-sonnet",
        location=Location.CLOUD,
        usage=usage(110, 30),
        cost=cost(amount, PriceSource.REFERENCE, "0.2.0"),
        agrees=agrees,
        evidence="both say `bug`",
    )


def receipt(number: int = 1, *attempts: Attempt, **changed: Any) -> Receipt:
    """A receipt of a task that the last attempt did, or failed. Its sums follow from its parts."""
    attempts = attempts or (local(),)
    done = attempts[-1].outcome is Outcome.ACCEPTED
    costs = [each.cost.usd for each in attempts]
    if changed.get("audit") is not None:
        costs.append(changed["audit"].cost.usd)
    total = None if None in costs else sum((each for each in costs if each is not None), Decimal(0))
    baseline = changed.pop("baseline", cost("0.001", PriceSource.REFERENCE, "0.2.0"))
    saved = None if not done or total is None or baseline is None or baseline.usd is None else baseline.usd - total
    values: dict[str, Any] = {
        "id": receipt_id(number),
        "task_id": f"task-{number}",
        "task_key": f"pull-{number % 3}",
        "task_class": "classification",
        "task_class_sha256": DIGEST,
        "classified": Classified(by="stated", confidence=1.0),
        "prompt_version": 1,
        "prompt_sha256": DIGEST,
        "catalog_sha256": DIGEST,
        "started_at": NOW + timedelta(minutes=number),
        "ended_at": NOW + timedelta(minutes=number, seconds=1),
        "outcome": Outcome.ACCEPTED if done else Outcome.FAILED,
        "failure": None if done else "every model of the chain failed",
        "model": attempts[-1].model if done else None,
        "decision": "the cheapest chain whose quality bound meets the floor of 0.9",
        "candidates": (
            Candidate(
                chain=("smollm2", "gpt-4o-mini"),
                expected_cost_usd=usd("0.00001"),
                expected_quality=0.95,
                quality_bound=0.91,
                chosen=True,
                reason="the cheapest that meets the floor",
            ),
            Candidate(
                chain=("gpt-4o-mini",),
                expected_cost_usd=usd("0.00003"),
                expected_quality=0.97,
                quality_bound=0.94,
                chosen=False,
                reason="it meets the floor, and costs more",
            ),
        ),
        "skipped": (Skipped(model="secret-model", reason="its endpoint is down"),),
        "attempts": attempts,
        "cost_usd": total,
        "baseline": None if baseline is None else Baseline(model="claude-sonnet", cost=baseline),
        "saved_usd": saved,
        "budget_day": "2026-03-01",
    }
    return Receipt(**{**values, **changed})
