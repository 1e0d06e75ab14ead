"""What gates ask of a task, held against the gates themselves."""

from __future__ import annotations

import asyncio

import pytest

from omni_assets.router.gates.gate import Check, Evidence, Output, Verdict
from omni_assets.router.gates.judging import judge
from omni_assets.router.gates.table import bind, every_gate
from omni_assets.router.needs import CARRIES, NEEDS, lacking, use_of
from omni_assets.router.task import Source, Task
from omni_assets.router.task_class import GateUse, TaskClass
from omni_assets.router.values import FinishReason

BARE = Task(id="bare")
LADEN = Task(
    id="laden",
    tests="def test(): pass",
    signature="def f(): ...",
    sources=(Source(id="a", text="b", changed_lines=(1,)),),
    output_schema={},
)


def class_with(*gates: str, severity: str = "error", **fields: object) -> TaskClass:
    return TaskClass.model_validate(
        {
            "name": "c",
            "description": "",
            "quality_floor": 0.9,
            "prompt": {"version": 1, "user": "x"},
            "gates": [{"gate": gate, "severity": severity} for gate in gates],
            **fields,
        }
    )


def said(gate: str, task: Task) -> Check:
    output = Output("m", "def f(): return 1", FinishReason.STOP, None, None)
    evidence = Evidence(task, class_with(gate), "x", output)
    (check,) = asyncio.run(judge([bind(GateUse(gate=gate))], evidence))
    return check


@pytest.mark.parametrize("gate", sorted(NEEDS))
def test_a_gate_that_lacks_what_it_needs_says_unknown(gate: str) -> None:
    assert said(gate, BARE).verdict is Verdict.UNKNOWN
    assert said(gate, BARE).bars


def test_no_other_gate_is_unknown_for_what_a_task_lacks() -> None:
    """``quotes-occur`` and ``agreement`` look at more than the task, and ``learned-scorer`` at what was learnt."""
    unknown = {gate for gate in every_gate() if said(gate, BARE).verdict is Verdict.UNKNOWN}
    assert unknown - {"quotes-occur", "agreement", "learned-scorer"} == set(NEEDS)


def test_what_is_lacking_is_told_with_its_gate() -> None:
    assert lacking(BARE, class_with(*sorted(NEEDS))) == {field: gate for gate, field in NEEDS.items()}
    assert lacking(LADEN, class_with(*sorted(NEEDS))) == {}
    assert lacking(BARE, class_with(*sorted(NEEDS), severity="warning")) == {}
    assert lacking(BARE, class_with("matches-schema", output_format="json", output_schema={})) == {}


def test_what_is_carried_speaks_for_a_class_or_against_it() -> None:
    assert use_of(BARE, class_with(*sorted(NEEDS))) == 0
    assert use_of(LADEN, class_with(*sorted(NEEDS))) == len(CARRIES)
    assert use_of(LADEN, class_with("not-empty")) == -len(CARRIES)
    assert set(NEEDS.values()) == set(CARRIES)
