"""The suite of a repository, run by pytest beside code that nobody trusts: what a cell, or a plain process, runs.

In the standard library and pytest alone. As a script: ``python -I pytest_run.py FD FOLDER MEMORY SECONDS BYTES``, with
limits of its own; what came of it is written to the file descriptor FD as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

import pytest

MOST_NAMES, MOST_OUTPUT = 300_000, 100_000
_ARGUMENTS = ("-q", "-p", "no:cacheprovider", "-p", "no:faulthandler")
_OUTCOMES = ("passed", "failed", "skipped")


def tried(folder: str) -> dict[str, Any]:
    """What came of the tests in ``folder``: those that passed, failed and were skipped by their names, what is said of
    the failed ones, and the exit code of pytest.
    """
    sys.dont_write_bytecode = True
    sys.modules.pop("trial", None)
    os.chdir(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    witness = _Witness()
    code = pytest.main([*_ARGUMENTS, f"--rootdir={folder}"], plugins=[witness])
    return {**witness.names, "output": witness.output, "left_out": witness.left_out, "exit_code": int(code)}


class _Witness:
    """Notes what becomes of each test, within bounds."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {outcome: [] for outcome in _OUTCOMES}
        self.output = ""
        self.left_out = 0
        self._room = MOST_NAMES

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note("failed", report.nodeid or "the suite", report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._note(report.outcome, report.nodeid, report.longreprtext if report.failed else "")

    def _note(self, outcome: str, name: str, said: str) -> None:
        self.output = f"{self.output}\n{name}\n{said}\n"[:MOST_OUTPUT] if said else self.output
        self._room -= len(name)
        if self._room < 0 and outcome != "failed":
            self.left_out += 1
        elif name not in self.names[outcome][-1:] and self._room > -MOST_NAMES:
            self.names[outcome].append(name)


def main() -> None:
    """Within limits, and in the folder."""
    out, folder, memory, seconds, size = int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    document = json.dumps(tried(folder)).encode()
    while document:
        document = document[os.write(out, document) :]


if __name__ == "__main__":
    main()
