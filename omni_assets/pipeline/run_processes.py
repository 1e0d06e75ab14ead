"""Which process a run lives in. A run whose process was killed has not ended, and by itself never would."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from hashlib import sha256

import dagster as dg

from omni_assets.processes.identity import identity

HOST = "omni/host"
"""The tag that says on which machine a run lives."""

BEREFT = "the process of this run was ended before the run was."
"""What is said of a run whose process is gone."""

_PROCESS, _IDENTITY = "omni/process", "omni/process_identity"
_LIVES_AS = "omni/lives_as"  # a run that repeats another one has the other's tags at first
_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_MOST_SETTLED = 100


def living_tags(run_id: str, pid: int) -> dict[str, str]:
    """The tags of a run that lives in a process of this machine, by which any process here tells whether it still does.

    An instance may be shared by machines, and a process id says nothing on another one, or after a restart.
    """
    return {HOST: socket.gethostname(), _PROCESS: str(pid), _IDENTITY: _digest(identity(pid)), _LIVES_AS: run_id}


def bereft_runs(
    instance: dg.DagsterInstance, statuses: Sequence[dg.DagsterRunStatus] = _UNDER_WAY, job: str | None = None
) -> list[dg.DagsterRun]:
    """Runs on this machine whose process is gone, of one job or of all; a hundred are looked at, the newest ones."""
    here = dg.RunsFilter(job_name=job, statuses=statuses, tags={HOST: socket.gethostname()})
    return [run for run in instance.get_runs(here, limit=_MOST_SETTLED) if is_bereft(run)]


def fail_bereft_runs(instance: dg.DagsterInstance) -> None:
    """Say of each run on this machine whose process is gone that it failed, so that it holds up no other one."""
    for run in bereft_runs(instance):
        instance.report_run_failed(run, BEREFT)


def is_bereft(run: dg.DagsterRun) -> bool:
    """Whether the process that a run lived in, on this machine, is gone; never of a run that does not say."""
    process = run.tags.get(_PROCESS, "")
    said = run.tags.get(HOST) == socket.gethostname() and run.tags.get(_LIVES_AS) == run.run_id
    if not said or not process.isdigit():
        return False
    return run.tags.get(_IDENTITY) != _digest(identity(int(process)))


def _digest(known_as: str | None) -> str:
    """An identity in the characters that any tag may have; empty for a process that is dead."""
    return sha256(known_as.encode()).hexdigest()[:16] if known_as else ""
