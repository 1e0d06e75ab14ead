"""How likely each class is, as shares of 1. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass

Classifier: TypeAlias = Callable[[Task, Sequence[TaskClass]], tuple[str, Mapping[str, float]]]
"""Gives its name, and the share of each class; the shares make 1."""


def in_shares(logarithms: Mapping[str, float]) -> Mapping[str, float]:
    """Likelihoods that are known by their logarithms, up to a factor, as shares of 1.

    The softmax, shifted by the largest so that nothing overflows (Blanchard, Higham and Higham, 2021).
    """
    most = max(logarithms.values())
    weights = {name: math.exp(each - most) for name, each in logarithms.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
