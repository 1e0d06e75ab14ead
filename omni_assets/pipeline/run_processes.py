"""Which process a run lives in. A run whose process was killed has not ended, and by itself never would."""

from __future__ import annotations

import socket
from hashlib import sha256

import dagster as dg

from omni_assets.processes.identity import identity

HOST = "omni/host"
"""The tag that says on which machine a run lives."""

_PROCESS, _IDENTITY = "omni/process", "omni/process_identity"


def process_tags(pid: int) -> dict[str, str]:
    """The tags of a run that lives in a process of this machine, by which any process here tells whether it still does.

    An instance may be shared by machines, and a process id says nothing on another one, or after a restart.
    """
    return {HOST: socket.gethostname(), _PROCESS: str(pid), _IDENTITY: _digest(identity(pid))}


def is_bereft(run: dg.DagsterRun) -> bool:
    """Whether the process that a run lived in, on this machine, is gone; never of a run that does not say."""
    process = run.tags.get(_PROCESS, "")
    if run.tags.get(HOST) != socket.gethostname() or not process.isdigit():
        return False
    return run.tags.get(_IDENTITY) != _digest(identity(int(process)))


def _digest(known_as: str | None) -> str:
    """An identity in the characters that any tag may have; empty for a process that is dead."""
    return sha256(known_as.encode()).hexdigest()[:16] if known_as else ""
