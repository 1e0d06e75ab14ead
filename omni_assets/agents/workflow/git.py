"""Git, asked from argument lists in a bare repository: within bounds, and led astray by no configuration but its own.

Neither the machine's nor a user's configuration counts, no hook runs, nothing is fetched, and no object is replaced by
another. What is handed over as a name was looked at before (``names``); git's own words end in errors only.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from signal import SIGKILL
from threading import Timer

from omni_assets.contracts.text import visible
from omni_assets.errors import GitFailed, reason

SECONDS = 60.0
"""Longest that git may take for one question, in seconds."""

MOST_BYTES = 64 * 1024 * 1024
"""Most that git may answer."""

LEAST_VERSION = (2, 38)
"""The first git that merges without a work tree (``git merge-tree --write-tree``)."""

AUTHOR = "omni"
"""Who makes the commits that agents make."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.quotePath=false",
    "gc.auto=0",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": AUTHOR,
    "GIT_AUTHOR_EMAIL": f"{AUTHOR}@localhost",
    "GIT_COMMITTER_NAME": AUTHOR,
    "GIT_COMMITTER_EMAIL": f"{AUTHOR}@localhost",
    "HOME": os.devnull,
    "LC_ALL": "C",
}
_MOVED = re.compile(r"cannot lock ref|reference already exists|\.lock': File exists")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_PIECE = 1 << 16


class Moved(Exception):
    """A reference is not what it was when it was looked at; ``str()`` is a clause. To look again helps."""


class TooMuch(Exception):
    """Git answers more than was asked to be read."""


def why_unfit(folder: Path) -> str:
    """Why the git that is here does not do for agents, as a sentence; empty where it does. Raises ``GitFailed``."""
    said = ask(folder, "version").text
    found = _VERSION.search(said)
    known = tuple(map(int, found.groups())) if found else (0, 0)
    if known >= LEAST_VERSION:
        return ""
    return f"agents merge with git {'.'.join(map(str, LEAST_VERSION))} or newer, and this is {visible(said)[:60]}."


class Answered:
    """What git said, and its exit ``status``."""

    __slots__ = ("output", "said", "status")

    def __init__(self, output: bytes, status: int, said: str) -> None:
        self.output = output
        self.status = status
        self.said = said

    @property
    def text(self) -> str:
        """The output without the end of its last line."""
        return self.output.decode("utf-8", "replace").rstrip("\n")


def ask(
    folder: Path,
    *arguments: str,
    told: bytes = b"",
    fine: tuple[int, ...] = (0,),
    most: int = MOST_BYTES,
    when: str = "",
) -> Answered:
    """Run git in the bare repository ``folder``, with ``told`` on its standard input; ``when`` is the time of commits.

    Raises ``Moved``, ``TooMuch`` where the output has more than ``most`` bytes, and ``GitFailed`` where git ends with
    another status than ``fine`` ones, takes longer than ``SECONDS``, or is not there.
    """
    settings = [word for each in _SETTINGS for word in ("-c", each)]
    command = ["git", *settings, f"--git-dir={folder}", *arguments]
    dated = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when} if when else {}
    environment = {"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT, **dated}
    # Files, so that git waits for nobody while its answer is read.
    with tempfile.TemporaryFile() as listening, tempfile.TemporaryFile() as complaining:
        listening.write(told)
        listening.seek(0)
        try:
            process = subprocess.Popen(
                command, stdin=listening, stdout=subprocess.PIPE, stderr=complaining, env=environment, cwd="/"
            )
        except FileNotFoundError:
            raise GitFailed("git is not installed, and agents work on its repositories.", "Install git.") from None
        except OSError as error:
            raise _failed(folder, reason(error)) from None
        output = _read(process, most)
        complaining.seek(0)
        said = complaining.read(_PIECE).decode("utf-8", "replace")
    if output is None:
        raise TooMuch
    if process.returncode not in fine:
        if _MOVED.search(said):
            raise Moved(visible(_last(said)))
        late = f"it took longer than {SECONDS:g} s" if process.returncode == -SIGKILL else ""
        raise _failed(folder, _last(said) or late or f"it ended with status {process.returncode}")
    return Answered(output, process.returncode, said)


def _read(process: subprocess.Popen[bytes], most: int) -> bytes | None:
    """All that a process says, when it has ended; ``None`` where that is too much."""
    late = Timer(SECONDS, process.kill)
    late.daemon = True
    late.start()
    found = bytearray()
    try:
        with process:
            while process.stdout is not None and (piece := process.stdout.read(_PIECE)):
                found += piece
                if len(found) > most:
                    process.kill()
                    return None
            process.wait()
    finally:
        late.cancel()
    return bytes(found)


def _last(said: str) -> str:
    return said.strip().rpartition("\n")[2].removeprefix("fatal: ").rstrip(".")[:300]


def _failed(folder: Path, why: str) -> GitFailed:
    return GitFailed(f"git cannot work on the repository {folder.name}: {visible(why)}.", "See whether it is whole.")
