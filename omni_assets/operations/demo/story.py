"""What a story is made of, and how it is told.

A chapter yields scenes; whoever called draws them. An ``Expected`` scene that is not met makes the story fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from omni_assets.operations.agents.tasks import Chain
from omni_assets.operations.demo.stage import Stage
from omni_assets.operations.observe import DriftReport
from omni_assets.operations.routing.remembered import Remembered
from omni_assets.operations.routing.savings import Savings
from omni_assets.projection.rows import ReceiptSummary


@dataclass(frozen=True, slots=True)
class Said:
    """A plain sentence of the story, with real figures."""

    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Drift as ``omni drift`` shows it."""

    report: DriftReport


@dataclass(frozen=True, slots=True)
class Listed:
    """Receipts as ``omni receipts`` lists them."""

    receipts: Sequence[ReceiptSummary]


@dataclass(frozen=True, slots=True)
class Opened:
    """A receipt as ``omni receipts show`` shows it."""

    remembered: Remembered


@dataclass(frozen=True, slots=True)
class Economy:
    """What tasks cost and saved, as ``omni savings`` shows it."""

    savings: Savings


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of one beginning, as ``omni task show`` shows it."""

    chain: Chain


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The rest of the chapter cannot be told here, and why, as sentences. Nothing is wrong with the story for that."""

    why: str


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that has to be so for the story to have come out as told."""

    text: str
    met: bool


Scene = Said | Shown | Listed | Opened | Economy | Followed | LeftOut | Expected


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story: ``tell`` plays it on a stage whose broker runs, scene by scene."""

    name: str
    title: str
    tell: Callable[[Stage], Iterator[Scene]]
