"""What the router means to do with a task, and what it does next. Immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from omni_assets.router.learning.scoring import Scorer
from omni_assets.router.values import Share, Strict, Usd


class Skipped(Strict):
    """A model that was not considered, and why: as a clause."""

    model: str
    reason: str


class Candidate(Strict):
    """A chain that was considered. Costs are for one task on average; ``None`` where a price is not known.

    ``quality_bound`` is the lower credible bound of ``expected_quality``, the share of tasks that end in a right
    answer. ``reason`` says why it was not chosen, or why it was.
    """

    chain: tuple[str, ...]
    expected_cost_usd: Usd | None
    expected_quality: Share | None
    quality_bound: Share | None
    chosen: bool
    reason: str


class Step(Strict):
    """A model of a chain, and when an answer that its gates pass is accepted after it.

    With ``accept_at``: where the answer's support, which the class's scoring gates estimate, is at least that. With
    ``least_gain``: where asking the next model would better the chance of a right answer by less than that, since more
    is not worth its cost. With neither the gates alone decide.
    """

    model: str
    accept_at: Share | None = None
    least_gain: Share | None = None


class Route(Strict):
    """The chain that was chosen for one task, and what was considered. Without steps, no model may do it.

    ``scorer`` is what was learnt of answers of this class by then; it goes into no document.
    """

    steps: tuple[Step, ...]
    candidates: tuple[Candidate, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    reason: str
    explored: bool = False
    scorer: Annotated[Scorer | None, Field(exclude=True)] = None


@dataclass(frozen=True, slots=True)
class Call:
    """Ask this model next. ``reason`` says why: the first choice, or why the attempt before it did not count."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The output of this attempt counts: its index from 0."""

    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nothing counts, and nothing is left to try."""

    reason: str
