"""What gates ask of a task, and what tasks carry for them. Pure.

A gate that lacks what it looks at says unknown, which bars an answer as a failure does: without it, nothing needs to be
asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from omni_assets.router.task import Task
from omni_assets.router.task_class import Severity, TaskClass

CARRIES: Mapping[str, Callable[[Task], bool]] = MappingProxyType(
    {
        "tests": lambda task: task.tests is not None,
        "signature": lambda task: task.signature is not None,
        "sources": lambda task: bool(task.sources),
        "changed_lines": lambda task: any(source.changed_lines for source in task.sources),
        "output_schema": lambda task: task.output_schema is not None,
    }
)
"""Fields of a task that a gate may look at, and whether a task has them."""

NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "tests-pass": "tests",
        "signature-preserved": "signature",
        "citations-exist": "sources",
        "cites-changed-lines": "changed_lines",
        "matches-schema": "output_schema",
    }
)
"""The field that a gate cannot do without."""


def lacking(task: Task, task_class: TaskClass) -> Mapping[str, str]:
    """The fields that a task lacks, each with the gate that would bar every answer to it."""
    given = {field for field, carries in CARRIES.items() if carries(task)}
    if task_class.output_schema is not None:
        given.add("output_schema")
    barring = [use.gate for use in task_class.gates if use.severity is Severity.ERROR and use.gate in NEEDS]
    return {NEEDS[gate]: gate for gate in barring if NEEDS[gate] not in given}


def use_of(task: Task, task_class: TaskClass) -> int:
    """How many fields of a task the gates of a class look at, less those that they have no use for."""
    looked_at = {NEEDS[use.gate] for use in task_class.gates if use.gate in NEEDS}
    return sum((1 if field in looked_at else -1) for field, carries in CARRIES.items() if carries(task))
