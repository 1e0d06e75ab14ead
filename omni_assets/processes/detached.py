"""Processes that are nobody's child: neither Ctrl-C nor the end of the command that starts them ends them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from omni_assets.errors import EngineFailed
from omni_assets.processes.identity import end

_SPAWN_SECONDS = 10.0
# The shell forks the process off and ends, so that it is nobody's child: no zombie, and no pipe held open.
_DETACH = 'log=$1; shift; exec "$@" </dev/null >"$log" 2>&1 & echo $!'


def spawn(what: str, command: Sequence[str], folder: Path, log: Path, environ: Mapping[str, str] | None = None) -> int:
    """Start ``command`` in ``folder``, in a session of its own, with all that it says in ``log``; its process id.

    Without ``environ`` it has the environment of this process. Raises ``EngineFailed``.
    """
    with subprocess.Popen(
        ["/bin/sh", "-c", _DETACH, "sh", str(log), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=None if environ is None else dict(environ),
        start_new_session=True,
    ) as shell:
        try:
            printed, _ = shell.communicate(timeout=_SPAWN_SECONDS)
            return int(printed)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            if isinstance(error, ValueError | subprocess.TimeoutExpired):
                raise EngineFailed(f"{what} could not be started.", f"Its log is {log}.") from None
            raise


def stop(what: str, pid: int, known_as: str, seconds: float) -> None:
    """End the process, by force where it takes longer than ``seconds``. Raises ``EngineFailed`` where it stays."""
    try:
        gone = end(pid, known_as, seconds)
    except PermissionError:
        raise EngineFailed(f"{what} with process id {pid} belongs to another user.", "Stop it as that user.") from None
    if not gone:
        raise EngineFailed(f"{what} with process id {pid} does not end.", f"Look at it with `ps -p {pid}`.")
