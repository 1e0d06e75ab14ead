"""The trial seen from outside: started, bounded, and believed only as far as it can be."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import io
import itertools
import json
import os
import secrets
import signal
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_MOST_REPORT = 1_000_000
_GRACE = 5.0
_ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - the cell's own
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "TMPDIR": "/tmp",  # noqa: S108 - the cell's own
}
with open(os.path.join(_HERE, "trial.py"), encoding="utf-8") as _file:
    _RUNNER = _file.read()
_guests = itertools.count(os.getpid() % 10_000 * 10_000)


class NoTrial(Exception):
    """The trial could not be held, through no fault of the answer; ``str()`` is a clause that says why."""


class Unbelievable(Exception):
    """The trial ended in a way that proves nothing; ``str()`` is a clause that says how."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trial may take: seconds by the clock and of one processor, bytes of memory for each process and of
    temporary files, and processes at once.
    """

    seconds: float
    cpu_seconds: int
    memory_bytes: int
    disk_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the tests: how many passed, failed and were skipped, by the name of the test."""

    counts: dict[str, tuple[int, int, int]]
    failure: str


async def hold(answer: str, tests: str, limits: Limits) -> Outcome:
    """Run ``tests`` against ``answer`` in a cell. Raises ``NoTrial`` and ``Unbelievable``.

    Whatever runs in the cell is dead when this returns or is cancelled.
    """
    texts = {"answer.py": answer, "test_answer.py": tests}
    files = {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    return _outcome(await held(_RUNNER, files, limits))


async def held(runner: str, files: Mapping[str, bytes], limits: Limits) -> dict[str, Any]:
    """What the function ``tried(folder)`` of the module ``runner`` says of files, run in a cell that has them in that
    folder, by their paths. Raises ``NoTrial`` and ``Unbelievable``.

    Whatever runs in the cell is dead when this returns or is cancelled.
    """
    if not sys.platform.startswith("linux"):
        raise NoTrial("the network can be taken from a process on Linux only")
    token = secrets.token_bytes(32)
    placed = {"court/trial.py": runner.encode(), **{f"trial/{path}": content for path, content in files.items()}}
    request = {
        "token": token.hex(),
        "files": {path: base64.b64encode(content).decode() for path, content in placed.items()},
        "packages": [*_packages()],
        "limits": {
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
            "disk_bytes": limits.disk_bytes,
            "processes": limits.processes,
            "guest": next(_guests) % 100_000_000,
        },
    }
    with tempfile.TemporaryDirectory(prefix="omni-trial-") as folder:
        written, status = await _run(json.dumps(request).encode(), folder, limits.seconds)
    if not written:
        raise Unbelievable(f"the process {_ended(status)} before the tests were through")
    document = _body(written, token)
    if "isolation" in document:
        raise NoTrial(f"the cell cannot be had here ({document['isolation']})")
    return document


def _body(written: bytes, token: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(written)
        body, signature = envelope["body"], envelope["signature"]
        genuine = hmac.compare_digest(hmac.new(token, body.encode(), "sha256").hexdigest(), signature)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        genuine = False
    if not genuine:
        raise Unbelievable("something else than the runner wrote where the result is written")
    document: dict[str, Any] = json.loads(body)
    return document


def _outcome(document: dict[str, Any]) -> Outcome:
    if document["tampered"]:
        raise Unbelievable(f"the code reached for what judges it: {document['tampered']}")
    counts = {name: (passed, failed, skipped) for name, (passed, failed, skipped) in document["counts"].items()}
    bad = any(failed or skipped for _, failed, skipped in counts.values())
    if document["exit_code"] != 0 and not document["failure"] and not bad:
        raise Unbelievable(f"pytest ended with {document['exit_code']}")
    return Outcome(counts, document["failure"])


async def _run(request: bytes, folder: str, seconds: float) -> tuple[bytes, int]:
    """What the cell wrote, and its exit status. Raises ``NoTrial`` and ``Unbelievable``."""
    ours, theirs = os.pipe()
    with io.FileIO(ours) as reading:
        try:
            cell = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-B", os.path.join(_HERE, "cell.py"), str(theirs), folder,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                env=_ENVIRONMENT, cwd="/", pass_fds=(theirs,), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NoTrial(f"its process cannot be started: {error}") from None
        finally:
            os.close(theirs)
        try:
            async with asyncio.timeout(seconds):
                written, _ = await asyncio.gather(_read(reading), _tell(cell.stdin, request))
                status = await cell.wait()
        except TimeoutError:
            raise Unbelievable(f"the tests were not through after {seconds:g} s") from None
        finally:
            await _end(cell)
    return written, status


async def _tell(listening: asyncio.StreamWriter | None, request: bytes) -> None:
    if listening is None:
        return
    with contextlib.suppress(ConnectionError):
        listening.write(request)
        await listening.drain()
    listening.close()
    with contextlib.suppress(ConnectionError):
        await listening.wait_closed()


async def _read(reading: io.FileIO) -> bytes:
    """What is written to a pipe until its other end is closed. Raises ``Unbelievable`` where that is a flood."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), reading
    )
    written = bytearray()
    try:
        while piece := await reader.read(65_536):
            written += piece
            if len(written) > _MOST_REPORT:
                raise Unbelievable("the place for the result was flooded")
    finally:
        transport.close()
    return bytes(written)


async def _end(cell: asyncio.subprocess.Process) -> None:
    """End the cell from outside: its watcher ends its first process, and the kernel all others with it."""
    if cell.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        cell.terminate()
    try:
        await asyncio.wait_for(cell.wait(), _GRACE)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(cell.pid, signal.SIGKILL)
        await cell.wait()


def _packages() -> Iterator[str]:
    """Where Python and its packages are: what a cell may see, beside the system's libraries."""
    places = (sys.base_prefix, sys.prefix, *site.getsitepackages(), *sysconfig.get_paths().values())
    found = sorted({place for place in places if os.path.isdir(place)})
    for place in found:
        if not any(place != other and place.startswith(f"{other}/") for other in found):
            yield place


def _ended(status: int) -> str:
    if status > 128 or status < 0:
        number = status - 128 if status > 128 else -status
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(number).name}"
    return f"ended with status {status}"
