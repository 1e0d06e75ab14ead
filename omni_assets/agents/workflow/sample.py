"""A repository to try the workflow on: a small project with tests, and three branches that agents are to merge.

Two of them are green each by itself and do not go together: one renames the function that the other calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omni_assets.agents.workflow.git import AUTHOR, ask
from omni_assets.agents.workflow.messages import About, Isolation, Judged, Ran, Review, Ticket, Verified
from omni_assets.agents.workflow.pull_requests import PullRequest, add, settle
from omni_assets.agents.workflow.repository import FOLDER, Repository
from omni_assets.agents.workflow.reviewing import STATUS as REVIEW
from omni_assets.agents.workflow.testing import STATUS as TESTS
from omni_assets.agents.workflow.verifying import STATUS as CRITERIA

NAME = "statistics"

_CALC = '''\
"""Figures about numbers."""


def mean(numbers):
    """The arithmetic mean. Raises ``ValueError`` for no numbers."""
    if not numbers:
        raise ValueError("no numbers")
    return sum(numbers) / len(numbers)
'''
_TESTS = """\
import pytest

from calc import mean


def test_mean():
    assert mean([1, 2]) == 1.5


def test_no_numbers():
    with pytest.raises(ValueError, match="no numbers"):
        mean([])
"""
_SPREAD = '''\
"""How far numbers are apart."""

from calc import mean


def deviation(numbers):
    """The mean distance of numbers from their mean."""
    middle = mean(numbers)
    return mean([abs(number - middle) for number in numbers])
'''
_SPREAD_TESTS = """\
from spread import deviation


def test_deviation():
    assert deviation([1, 3]) == 1


def test_all_the_same():
    assert deviation([2, 2, 2]) == 0
"""

_MAIN = {"calc.py": _CALC, "tests/test_calc.py": _TESTS, "conftest.py": ""}


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that a person wants merged, with the ticket that it is for. ``files`` are those that differ."""

    name: str
    title: str
    ticket: str
    criteria: tuple[str, ...]
    files: Mapping[str, str]

    @property
    def wish(self) -> dict[str, object]:
        """The data of `open-pull-request`."""
        ticket = {"id": self.ticket, "criteria": list(self.criteria)}
        return {"repository": NAME, "branch": self.name, "title": self.title, "ticket": ticket}


GOOD = Branch(
    "add-deviation",
    "Add the mean deviation",
    "STAT-1",
    ("file: spread.py exists", "test: tests/test_spread.py passes"),
    {"spread.py": _SPREAD, "tests/test_spread.py": _SPREAD_TESTS},
)
FAILING = Branch(
    "whole-means",
    "Means are whole numbers",
    "STAT-2",
    ("test: tests/test_calc.py passes",),
    {"calc.py": _CALC.replace("sum(numbers) / len", "sum(numbers) // len")},
)
CLASHING = Branch(
    "rename-mean",
    "Call the mean what it is",
    "STAT-3",
    ("mentions: def arithmetic_mean", "test: tests/test_calc.py passes"),
    {
        "calc.py": _CALC.replace("def mean", "def arithmetic_mean"),
        "tests/test_calc.py": _TESTS.replace("mean(", "arithmetic_mean(")
        .replace("import mean", "import arithmetic_mean")
        .replace("test_arithmetic_mean", "test_mean"),
    },
)
BRANCHES = (GOOD, FAILING, CLASHING)


def make(folder: Path) -> Repository:
    """The bare repository with its branches, in ``folder``: always the same commits. Raises ``GitFailed``."""
    made = folder / f"{NAME}.git"
    ask(made, "init", "--quiet", "--bare", "--initial-branch=main", str(made))
    told = "".join(
        [
            commit("main", "", "Begin", _MAIN, 0),
            *(commit(each.name, "main", each.title, each.files, hour) for hour, each in enumerate(BRANCHES, 1)),
        ]
    )
    ask(made, "fast-import", "--quiet", told=told.encode())
    return Repository(made, NAME)


def sample(folder: Path) -> Mapping[str, str]:
    """What the examples in the contracts are about, and the variable that says where it is: one pull request that is
    tested, reviewed and verified, and one that was only opened. Raises ``GitFailed``.
    """
    there = make(folder)
    tested, _ = _opened(there, GOOD), _opened(there, CLASHING)
    passed = ("tests/test_spread.py::test_deviation", "tests/test_spread.py::test_all_the_same")
    criteria = tuple(Judged(criterion=each, met=True, evidence="It is so.") for each in GOOD.criteria)
    settle(there, tested, TESTS, Ran(isolation=Isolation.CELL, seconds=0.1, passed=passed))
    settle(there, tested, REVIEW, Review(accepted=True, by="sample"))
    settle(there, tested, CRITERIA, Verified(criteria=criteria, task="sample"))
    return {FOLDER: str(folder)}


def _opened(there: Repository, branch: Branch) -> About:
    head, ticket = there.branch(branch.name), Ticket(id=branch.ticket, criteria=branch.criteria)
    base = there.branch("main")

    def made(number: int) -> PullRequest:
        return PullRequest(
            number=number,
            branch=branch.name,
            target="main",
            title=branch.title,
            ticket=ticket,
            base=base,
            asked_by="sample",
        )

    return About(repository=there.name, number=add(there, made, head).pull_request.number, head=head)


def commit(branch: str, start: str, message: str, files: Mapping[str, str], hour: int) -> str:
    """A commit as `git fast-import` reads it, made ``hour`` hours after the first; without ``start`` it has
    no parent.
    """
    when = 1_700_000_000 + 3_600 * hour
    begun = f"from refs/heads/{start}{'^0' if start == branch else ''}\n" if start else ""
    changes = "".join(f"M 100644 inline {path}\n{_data(text)}" for path, text in files.items())
    head = f"commit refs/heads/{branch}\ncommitter {AUTHOR} <{AUTHOR}@localhost> {when} +0000\n"
    return f"{head}{_data(message)}{begun}{changes}\n"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
