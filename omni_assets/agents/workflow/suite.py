"""The test suite of a tree, run where it can do no harm: in the router's cell, or in a plain process with limits."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from typing import Any

from omni_assets.agents.workflow.messages import Isolation, Ran
from omni_assets.contracts.text import visible
from omni_assets.errors import reason
from omni_assets.router.gates.trial.court import Limits, NoTrial, Unbelievable, held

LIMITS = Limits(seconds=120.0, cpu_seconds=120, memory_bytes=1 << 30, disk_bytes=256 << 20, processes=64)
"""What a suite may take."""

_RUNNER = Path(__file__).with_name("pytest_run.py")
_MOST_REPORT = 1_000_000
_OK, _SOME_FAILED, _NONE_THERE = 0, 1, 5
_EXITS = {
    _NONE_THERE: "there is no test",
    2: "not all of its tests can be read",
    3: "pytest itself failed",
    4: "pytest does not take its settings",
}


def run_suite(files: Mapping[str, bytes], limits: Limits = LIMITS) -> Ran:
    """Run pytest over files, by their paths. A suite that takes too long, or whose process ends early, did not pass.

    Where no cell can be had here, a plain process runs it, and the result says so: without this process's environment
    and open files, bounded in time and memory, but with the network and the files of whoever runs the worker.
    """
    started = time.monotonic()
    try:
        document = asyncio.run(held(_RUNNER.read_text(encoding="utf-8"), files, limits))
    except NoTrial as missing:
        ran = _in_process(files, limits)
        return ran.model_copy(update={"seconds": time.monotonic() - started, "why_process": visible(str(missing))})
    except Unbelievable as flaw:
        return Ran(isolation=Isolation.CELL, seconds=time.monotonic() - started, broken=visible(str(flaw)))
    return _read(document, Isolation.CELL, time.monotonic() - started)


def _in_process(files: Mapping[str, bytes], limits: Limits) -> Ran:
    with tempfile.TemporaryDirectory(prefix="omni-suite-") as folder:
        tree = Path(folder) / "tree"
        for path, content in files.items():
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        tree.mkdir(exist_ok=True)
        written, why = _run(tree, Path(folder), limits)
    if why:
        return Ran(isolation=Isolation.PROCESS, seconds=0.0, broken=why)
    try:
        return _read(json.loads(written), Isolation.PROCESS, 0.0)
    except (ValueError, TypeError, KeyError, RecursionError):
        return Ran(isolation=Isolation.PROCESS, seconds=0.0, broken="its process ended before the tests were through")


def _run(tree: Path, home: Path, limits: Limits) -> tuple[bytes, str]:
    """What the process wrote, and as a clause why that does not count."""
    ours, theirs = os.pipe()
    command = [sys.executable, "-I", "-B", str(_RUNNER), str(theirs), str(tree)]
    bounds = (limits.memory_bytes, limits.cpu_seconds, limits.disk_bytes)
    environment = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "TMPDIR": str(home),
    }
    with open(ours, "rb") as reading:
        try:
            process = subprocess.Popen(
                [*command, *map(str, bounds)],
                env=environment,
                cwd=tree,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs,),
                start_new_session=True,
            )
        except OSError as error:
            return b"", f"its process cannot be started: {reason(error)}"
        finally:
            os.close(theirs)
        late: list[str] = []

        def end() -> None:
            late.append(f"the tests were not through after {limits.seconds:g} s")
            _kill(process)

        timer = Timer(limits.seconds, end)
        timer.daemon = True
        timer.start()
        try:
            written = reading.read(_MOST_REPORT + 1)
        finally:
            timer.cancel()
            _kill(process)
            process.wait()
    if len(written) > _MOST_REPORT:
        return b"", "the place for the result was flooded"
    return written, late[0] if late else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole session: the suite may have started others."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _read(document: dict[str, Any], isolation: Isolation, seconds: float) -> Ran:
    names = {each: tuple(map(visible, document[each])) for each in ("passed", "failed", "skipped")}
    code = int(document["exit_code"])
    expected = _SOME_FAILED if names["failed"] else _OK
    broken = "" if code == expected else _EXITS.get(code, f"pytest ended with {code}")
    output = str(document["output"]).encode("utf-8", "backslashreplace").decode()
    return Ran(isolation=isolation, seconds=seconds, output=output, broken=broken, **names)
