"""A gate that runs the task's tests against the output."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from omni_assets.contracts.text import count
from omni_assets.router.gates.gate import Evidence, Given, Judged, ProcessGate, failed, passed, unknown
from omni_assets.router.gates.python_code import MOST_CODE, NoPython, python_of, tree_of
from omni_assets.router.gates.trial.court import Limits, NoTrial, Unbelievable, hold
from omni_assets.router.task import Task
from omni_assets.router.values import OutputFormat, Strict

_MEGABYTE = 1 << 20


class Allowance(Strict):
    """What the tests may take: seconds by the clock, seconds of a processor, megabytes of memory for each process and
    of temporary files, processes and threads at once.
    """

    seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    cpu_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    memory_megabytes: Annotated[int, Field(ge=128, le=65_536)] = 1024
    disk_megabytes: Annotated[int, Field(ge=1, le=4096)] = 64
    processes: Annotated[int, Field(ge=1, le=1000)] = 16


async def _tests_pass(evidence: Evidence, allowance: Allowance) -> Judged:
    tests = evidence.task.tests
    if tests is None:
        return unknown("the task has no `tests`")
    tree = python_of(evidence)
    if isinstance(tree, Judged):
        return tree
    try:
        expected = frozenset(_named(tree_of(tests))) if len(tests) <= MOST_CODE else frozenset()
    except NoPython as error:
        return unknown(f"the task's tests are no Python: {error}")
    if not expected:
        return unknown("the task's tests hold no test")
    limits = Limits(
        seconds=allowance.seconds,
        cpu_seconds=allowance.cpu_seconds,
        memory_bytes=allowance.memory_megabytes * _MEGABYTE,
        disk_bytes=allowance.disk_megabytes * _MEGABYTE,
        processes=allowance.processes,
    )
    try:
        outcome = await hold(evidence.output.text, tests, limits)
    except NoTrial as error:
        return unknown(str(error))
    except Unbelievable as error:
        return failed(str(error))
    if outcome.failure:
        return failed(outcome.failure)
    for name in sorted(expected | outcome.counts.keys()):
        passes, failures, skips = outcome.counts.get(name, (0, 0, 0))
        if failures or skips or not passes:
            what = "failed" if failures else "was skipped" if skips else "did not run"
            return failed(f"`{name}` {what}")
    return passed(f"{count(sum(each[0] for each in outcome.counts.values()), 'test')} passed")


def _named(tree: ast.Module) -> Iterator[str]:
    """The names of the tests of a module, as pytest gives them."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name
        elif isinstance(node, ast.ClassDef) and (node.name.startswith("Test") or _is_case(node)):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}"


def _is_case(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("TestCase") for base in node.bases)


_TESTS = """\
from answer import double


def test_two():
    assert double(2) == 4


def test_nothing():
    assert double(0) == 0
"""

GATES = (
    ProcessGate(
        id="tests-pass",
        version=1,
        summary="The tests that the task brings along pass, run against the output as the module `answer`.",
        explanation=(
            "pytest runs the task's `tests` in a process of its own: without network, with a file system of its own "
            "that has Python, its packages and an empty `/tmp` and nothing else, without this process's environment "
            "and open files, without privileges, and bounded in time, memory, files and processes; whatever it started "
            "is dead afterwards. Linux only; where any of that cannot be had, this is unknown. Each test of the task "
            "must have run and passed: one that is skipped, and a process that ends early, fail the output. The result "
            "is signed with a token, and pytest is looked at after each test: an output that prints `1 passed`, ends "
            "the process, brings other tests or replaces a part of pytest does not pass. This is no proof against an "
            "output that was written to deceive this very gate, for it runs in the process of the tests: it could look "
            "for the runner in memory, undo its changes before they are seen, or return objects that claim to equal "
            "everything. Nor against what Linux itself would let out of a cell. Packages that are installed beside the "
            "router can be imported by the output."
        ),
        passes="def double(number):\n    return 2 * number",
        fails="def double(number):\n    return number**2 if number else 1",
        parameters=Allowance,
        judge=_tests_pass,
        given=Given(task=Task(id="example", tests=_TESTS), output_format=OutputFormat.CODE),
        packages={"pytest": "router"},
    ),
)
