"""The classifier that needs nothing installed: keywords of the classes, and what the task carries. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from omni_assets.router.classifying.shares import in_shares
from omni_assets.router.needs import use_of
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass

MOST_CHARACTERS = 4000
"""What of an input is looked at: what is wanted stands at its beginning."""

_KEYWORD = 2.5
_CARRIED = 1.0
_MOST_KEYWORDS = 3


def by_rules(task: Task, classes: Sequence[TaskClass]) -> tuple[str, Mapping[str, float]]:
    """How likely each class is: a keyword multiplies it by 12, and each thing that its gates ask for by 2.7."""
    text = "\n".join(each[:MOST_CHARACTERS] for each in task.inputs.values()).casefold()
    points = {
        each.name: _KEYWORD * min(_keywords(each, text), _MOST_KEYWORDS) + _CARRIED * use_of(task, each)
        for each in classes
    }
    return "rules", in_shares(points)


def _keywords(task_class: TaskClass, text: str) -> int:
    return sum(_at_words(keyword).search(text) is not None for keyword in task_class.keywords)


@lru_cache(maxsize=4096)
def _at_words(keyword: str) -> re.Pattern[str]:
    """A keyword where a word begins; whole words may go on: ``summarize`` is found in ``summarized``."""
    begins = r"\b" if keyword[0].isalnum() else ""
    return re.compile(begins + re.escape(keyword.casefold()))
