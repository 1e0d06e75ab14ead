"""What every benchmark here shares: two ways of doing a thing, timed in turn in one run, and how they compare.

Absolute times drift with the machine; the median of the ratios of neighbouring runs does not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds of each run, baseline and measured in turn."""

    claim: str
    baseline: tuple[float, ...]
    measured: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of the ratios, measured over baseline, run by run."""
        return statistics.median(b / a for a, b in zip(self.baseline, self.measured, strict=True))

    def document(self) -> dict[str, object]:
        """The figures, for machines."""
        return {
            "claim": self.claim,
            "ratio": round(self.ratio, 3),
            "baseline_seconds": round(statistics.median(self.baseline), 4),
            "measured_seconds": round(statistics.median(self.measured), 4),
            "rounds": len(self.baseline),
        }


def compare(claim: str, baseline: Callable[[], object], measured: Callable[[], object], rounds: int) -> Comparison:
    """Time the two in turn, ``rounds`` times after one round that is not counted."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for work, taken in zip((baseline, measured), seconds, strict=True):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
    return Comparison(claim, tuple(seconds[0][1:]), tuple(seconds[1][1:]))


def parser(purpose: str | None, rounds: int = 7) -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    options = argparse.ArgumentParser(description=purpose)
    options.add_argument("--rounds", type=int, default=rounds, help="counted rounds (default: %(default)s)")
    options.add_argument("--format", choices=("text", "json"), default="text")
    return options


def show(output: str, *figures: dict[str, object]) -> None:
    """Print the figures: one JSON document, or a line each."""
    if output == "json":
        print(json.dumps({"figures": figures}, indent=2))
        return
    for figure in figures:
        print("; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in figure.items()))
