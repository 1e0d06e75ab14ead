"""A cycle: one run of Dagster's job ``reconcile`` in a process of its own, and how it ended. Imports no dagster."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omni_assets.errors import ServiceFailed
from omni_assets.operations import services

CYCLE_SECONDS = 900.0
"""Most seconds that one cycle may take."""

_RECONCILE = "omni_assets.pipeline.reconcile"
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a ``reconcile`` run ended. Numbers are ``None`` where the run did not get as far.

    ``drift`` is the number of differences by verdict, ``in_sync`` counting declared topics without any;
    ``provisioned`` the number of declared topics by outcome. ``applied`` is the number of steps of the run's plan by
    outcome: ``left`` need an approval, and ``waiting`` were held back. ``error`` says why the run failed.
    """

    run_id: str
    success: bool
    seconds: float
    events: int
    declared_topics: int | None
    observed_topics: int | None
    contract_errors: int | None
    contract_warnings: int | None
    provisioned: Mapping[str, int] | None
    applied: Mapping[str, int] | None
    drift: Mapping[str, int] | None
    failed_checks: tuple[str, ...]
    error: str | None

    @property
    def clean(self) -> bool:
        """Whether the run succeeded and found nothing: no drift, no error in a contract, every topic provisioned."""
        differs = sum(number for verdict, number in (self.drift or {}).items() if verdict != "in_sync")
        lacking = sum((self.provisioned or {}).get(outcome, 0) for outcome in ("failed", "unconfirmed", "skipped"))
        return self.success and not (differs or lacking or self.contract_errors)


def uninterrupted(seconds: float) -> bool:
    """Wait, and never ask to end: for whoever is ended by an exception."""
    time.sleep(seconds)
    return False


def run_cycle(
    environ: Mapping[str, str], folder: Path, log: Path, asked_to_end: Callable[[float], bool] = uninterrupted
) -> Cycle | None:
    """Run one cycle in ``folder`` under the variables ``environ``, its log in the file ``log``.

    ``asked_to_end`` waits for some seconds, and says whether somebody asked to end; the result is ``None`` then. The
    process has ended in any case. Raises ``ServiceFailed`` where it gave no result, and ``StateError``.
    """
    # A file, not a pipe: nothing reads while the process runs, and a pipe that is full would stop it.
    with services.open_log(log, "wb") as errors, tempfile.TemporaryFile(dir=log.parent) as output:
        process = subprocess.Popen(
            [sys.executable, "-m", _RECONCILE],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            if not _awaited(process, log, asked_to_end):
                return None
        finally:
            services.end_group(process, _GRACE_SECONDS)
        output.seek(0)
        return _cycle(output.read(), process.returncode, log)


def _awaited(process: subprocess.Popen[bytes], log: Path, asked_to_end: Callable[[float], bool]) -> bool:
    """Wait until the process has ended. False where somebody asked to end before."""
    deadline = time.monotonic() + CYCLE_SECONDS
    while services.lives(process):
        if asked_to_end(_POLL_SECONDS):
            return False
        if time.monotonic() > deadline:
            raise ServiceFailed(f"the run took longer than {CYCLE_SECONDS:g} s.", f"Its log is {log}.")
    return True


def _cycle(output: bytes, code: int, log: Path) -> Cycle:
    try:
        document: dict[str, Any] = json.loads(output)
    except ValueError:
        raise ServiceFailed(
            f"the run ended with exit code {code} and without a result. The last lines of its log:\n"
            f"{services.last_lines(log)}",
            f"The whole log is {log}.",
        ) from None
    return Cycle(
        run_id=document["run_id"],
        success=document["success"],
        seconds=document["seconds"],
        events=document["events"],
        declared_topics=document["declared_topics"],
        observed_topics=document["observed_topics"],
        contract_errors=document["contract_errors"],
        contract_warnings=document["contract_warnings"],
        provisioned=document["provisioned"],
        applied=document["applied"],
        drift=document["drift"],
        failed_checks=tuple(document["checks"]["failed"]),
        error=document["error"],
    )
