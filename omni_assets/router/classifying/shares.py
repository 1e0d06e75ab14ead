"""How likely each class is, as shares of 1, and what a task carries that speaks for one. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass
from omni_assets.router.values import OutputFormat

Classifier: TypeAlias = Callable[[Task, Sequence[TaskClass]], tuple[str, Mapping[str, float]]]
"""Gives its name, and the share of each class; the shares make 1."""

_GATES_ASK_FOR: Mapping[str, Callable[[Task], bool]] = MappingProxyType(
    {
        "tests-pass": lambda task: task.tests is not None,
        "signature-preserved": lambda task: task.signature is not None,
        "cites-changed-lines": lambda task: any(source.changed_lines for source in task.sources),
        "citations-exist": lambda task: bool(task.sources),
    }
)


def carried(task: Task, task_class: TaskClass) -> int:
    """How much of what a task carries the gates of a class ask for, less what they have no use for.

    What they ask for and the task lacks says nothing: it bars the answer, and makes the task no other one.
    """
    asked = {use.gate for use in task_class.gates}
    points = sum((1 if gate in asked else -1) for gate, carries in _GATES_ASK_FOR.items() if carries(task))
    if task.output_schema is not None:
        points += 1 if task_class.output_format is OutputFormat.JSON else -1
    return points


def in_shares(logarithms: Mapping[str, float]) -> Mapping[str, float]:
    """Likelihoods that are known by their logarithms, up to a factor, as shares of 1."""
    most = max(logarithms.values())
    weights = {name: math.exp(each - most) for name, each in logarithms.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
