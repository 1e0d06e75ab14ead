from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.workflow.criteria import Change, added_lines, judge
from omni_assets.agents.workflow.messages import Isolation, Ran

RAN = Ran(
    isolation=Isolation.CELL,
    seconds=0.1,
    passed=("tests/test_a.py::test_one[1]", "tests/test_a.py::test_one[2]", "tests/test_b.py::TestB::test_two"),
    failed=("tests/test_b.py::test_three",),
    skipped=("tests/test_c.py::test_four",),
)
CHANGE = Change(RAN, frozenset({"docs/a.md"}), ("    return Median(numbers)",))


@pytest.mark.parametrize(
    ("criterion", "met", "evidence"),
    [
        ("test: tests/test_a.py::test_one passes", True, "2 tests passed."),
        ("test: tests/test_a.py", True, "2 tests passed."),
        ("Test: tests/test_b.py::TestB passes", True, "1 test passed."),
        ("test: tests/test_b.py passes", False, "`tests/test_b.py::test_three` did not pass."),
        ("test: tests/test_c.py::test_four passes", False, "`tests/test_c.py::test_four` did not pass."),
        ("test: tests/test_a.py::test_on passes", False, "no test `tests/test_a.py::test_on` ran."),
        ("file: docs/a.md exists", True, "`docs/a.md` is there."),
        ("file: docs", False, "`docs` is not there."),
        ("mentions: median(", True, "`return Median(numbers)` is added."),
        ("mentions: mean", False, "no added line holds `mean`."),
    ],
)
def test_what_can_be_looked_up(criterion: str, met: bool, evidence: str) -> None:
    judged = judge(criterion, CHANGE)
    assert judged is not None
    assert (judged.criterion, judged.met, judged.evidence) == (criterion, met, evidence)


@pytest.mark.parametrize("criterion", ["It is fast.", "note: it is fast", "test:", "mentions: ", "file", ""])
def test_anything_else_takes_judgement(criterion: str) -> None:
    assert judge(criterion, CHANGE) is None


@given(st.text())
def test_no_test_that_did_not_run_counts(name: str) -> None:
    judged = judge(f"test: {name}", Change(Ran(isolation=Isolation.CELL, seconds=0), frozenset(), ()))
    assert judged is None or not judged.met


def test_added_lines_are_those_of_the_change() -> None:
    diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-old\n+new\n+\n same\n"
    assert added_lines(diff) == ("new", "")
