"""A receipt: what became of one task, and everything that was decided and spent on the way. Version 1.

One for each task, attempts nested. Figures that are not known are ``None``, never 0.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from omni_assets.router.gates.gate import Check
from omni_assets.router.route import Candidate, Skipped
from omni_assets.router.values import Balance, FinishReason, Location, Share, Strict, Usage, Usd

VERSION = 1

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Outcome(StrEnum):
    """How a task, or an attempt, ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PriceSource(StrEnum):
    """Where a price comes from."""

    REFERENCE = "genai-prices"
    STATED = "catalog"
    OWN_HARDWARE = "own-hardware"
    UNKNOWN = "unknown"


class Cost(Strict):
    """What a call cost, and by which prices. ``usd`` is ``None`` where the price or the tokens are not known."""

    usd: Usd | None
    source: PriceSource
    version: str = ""


class Failure(Strict):
    """Why a call gave no output: its kind by name, and ``message``, a clause without secrets."""

    kind: str
    message: str
    transient: bool


class Attempt(Strict):
    """One call of a model, and what its output was worth.

    ``outcome`` is ``accepted``, ``rejected`` (a gate barred it, or its support was too small), ``failed`` (no output)
    or ``cancelled``. ``normalised`` says what was stripped from the output before the gates saw it. ``reason`` says why
    this model was asked at that moment: for all but the first attempt, the reason of the escalation or retry.
    """

    model: str
    served_name: str
    endpoint: str
    location: Location
    started_at: datetime
    latency_seconds: Annotated[float, Field(ge=0)]
    reason: str
    outcome: Outcome
    usage: Usage | None = None
    finish_reason: FinishReason | None = None
    cost: Cost
    reserved_usd: Usd | None = None
    checks: tuple[Check, ...] = ()
    support: Share | None = None
    normalised: tuple[str, ...] = ()
    failure: Failure | None = None
    output_sha256: Sha256 | None = None
    output_text: str | None = None


class Audit(Strict):
    """An accepted answer held against the baseline's. ``agrees`` is ``None`` where they could not be compared.

    It costs money too: ``cost`` is part of what the task cost. ``location`` is where the baseline runs: its tokens
    count in what stayed local and what did not.
    """

    model: str
    location: Location
    usage: Usage | None
    cost: Cost
    agrees: bool | None
    evidence: str = ""


class Classified(Strict):
    """How the class of a task is known: ``stated`` by the task, or told by ``classifier`` with that confidence."""

    by: str
    confidence: Share


class Baseline(Strict):
    """What the named model would have cost on the tokens of this task's accepted answer; not known where its endpoint
    reported more of them than there can be.
    """

    model: str
    cost: Cost


class Receipt(Strict):
    """What became of one task.

    Of a class that there is none of, ``task_class`` is the name as the task states it, and what follows from the class
    is not known; neither is the prompt of a task that lacks an input of it.

    ``cost_usd`` is the sum over all attempts and audits, ``None`` as soon as one of them is not known; ``saved_usd``
    what the baseline would have cost less ``cost_usd`` (it may be negative), and ``None`` where either is not known, or
    the task failed. ``findings`` are sentences about what should not have been, such as an endpoint that charged more
    than was reserved. ``failure`` is the chain of reasons of a task that failed.
    """

    version: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    task_id: str
    task_key: str
    task_class: str
    task_class_sha256: Sha256 | None
    classified: Classified
    prompt_version: int | None
    prompt_sha256: Sha256 | None
    prompt_text: str | None = None
    catalog_sha256: Sha256
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    failure: str | None = None
    model: str | None = None
    decision: str
    candidates: tuple[Candidate, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    explored: bool = False
    attempts: tuple[Attempt, ...] = ()
    audit: Audit | None = None
    cost_usd: Usd | None
    baseline: Baseline | None = None
    saved_usd: Balance | None = None
    budget_day: str | None = None
    findings: tuple[str, ...] = ()


def read_receipt(document: str | bytes) -> Receipt:
    """A receipt as it was written, by this omni or by a newer one: fields that were added to the version are passed
    over, in its parts too. Raises pydantic's ``ValidationError`` where it is of another version, or no receipt.
    """
    return Receipt.model_validate_json(document, extra="ignore")
