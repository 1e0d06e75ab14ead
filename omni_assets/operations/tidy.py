"""What is old is taken away: rows of the projection, lines of journals, room in the file, Dagster's records of runs.

Nothing that cannot be had again is lost: a ledger keeps its receipts, and folded lines are packed beside the journals.
Runs are deleted by a process of their own, since nothing here imports dagster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from omni_assets.errors import ServiceFailed
from omni_assets.operations.context import Context
from omni_assets.operations.dagster_home import INSTANCE_FILE
from omni_assets.projection.retention import Bounds, Excess
from omni_assets.projection.store import Projection

MOST_RUNS = 500
"""Records of runs that are deleted at a time: the rest goes the next time."""

SECONDS_FOR_RUNS = 300.0
"""The most that deleting runs may take; those that went by then are gone."""

_PROCESS = "omni_assets.pipeline.old_runs"


class OldRuns(BaseModel):
    """Records of runs: how many are old enough to go, or went, and how many that are as old are ``kept``, since they
    hold the newest word on something."""

    model_config = ConfigDict(frozen=True)

    old: int
    kept: int


@dataclass(frozen=True, slots=True)
class Tidied:
    """What is old, or was taken away. ``runs`` is ``None`` where there is no Dagster instance."""

    excess: Excess
    runs: OldRuns | None

    @property
    def none(self) -> bool:
        """Whether there was nothing to take away."""
        return self.excess.none and not (self.runs and self.runs.old)


def bounds(context: Context, now: datetime) -> Bounds:
    """Before which moments things are old, as the settings say."""
    kept = context.settings.retention
    return Bounds(now - kept.drift, now - kept.tasks)


def runs_before(context: Context, now: datetime) -> datetime:
    """Before which moment records of runs are old, as the settings say."""
    return now - context.settings.retention.runs


def foretell(context: Context, now: datetime, environ: Mapping[str, str] = os.environ) -> Tidied:
    """What ``tidy`` would take away. Raises ``StateError`` and ``ServiceFailed``."""
    excess = Projection(context.home).excess(bounds(context, now))
    return Tidied(excess, _runs(context, "count", now, environ))


def tidy(context: Context, now: datetime, environ: Mapping[str, str] = os.environ) -> Tidied:
    """Take away what is old. Raises ``StateError`` and ``ServiceFailed``; what was done until then stays done."""
    excess = tidy_state(context, now)
    return Tidied(excess, _runs(context, "delete", now, environ))


def tidy_state(context: Context, now: datetime) -> Excess:
    """Take away what is old but for Dagster's runs. Raises ``StateError``."""
    return Projection(context.home).tidy(bounds(context, now))


def _runs(context: Context, deed: str, now: datetime, environ: Mapping[str, str]) -> OldRuns | None:
    folder = Path(environ.get("DAGSTER_HOME") or context.home / "dagster")
    if not (folder / INSTANCE_FILE).is_file():
        return None
    before = runs_before(context, now).isoformat()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", _PROCESS, deed, before, str(MOST_RUNS)],
            env={**environ, "DAGSTER_HOME": str(folder.absolute())},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_FOR_RUNS,
            check=False,
        )
        return OldRuns.model_validate(json.loads(ended.stdout))
    except subprocess.TimeoutExpired:
        raise ServiceFailed(
            f"looking for old runs in {folder} took longer than {SECONDS_FOR_RUNS:g} s.", "Run it again: it goes on."
        ) from None
    except (ValueError, ValidationError):
        raise ServiceFailed(
            f"the process that looks for old runs in {folder} ended with code {ended.returncode} and told nothing.",
            "`omni doctor` says what is wrong with the Dagster instance.",
        ) from None
