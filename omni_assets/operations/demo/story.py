"""What a story is made of, and how it is told.

A chapter yields scenes; whoever called draws them. An ``Expected`` scene that is not met makes the story fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from omni_assets.operations.demo.stage import Stage
from omni_assets.operations.observe import DriftReport


@dataclass(frozen=True, slots=True)
class Said:
    """A plain sentence of the story, with real figures."""

    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Drift as ``omni drift`` shows it."""

    report: DriftReport


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that has to be so for the story to have come out as told."""

    text: str
    met: bool


Scene = Said | Shown | Expected


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story: ``tell`` plays it on a stage whose broker runs, scene by scene."""

    name: str
    title: str
    tell: Callable[[Stage], Iterator[Scene]]
