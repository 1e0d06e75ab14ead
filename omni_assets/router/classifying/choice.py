"""The class of a task: the one that it states, or the likeliest of those that take its inputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec

from omni_assets.errors import ClassUnclear, TaskLacks, UnknownTaskClass
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.classifying.shares import Classifier
from omni_assets.router.needs import lacking
from omni_assets.router.prompt import CARRIED, misfits
from omni_assets.router.receipt import Classified
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass

LEAST_CONFIDENCE = 0.5
"""Below it no class is told: a task under the gates of another class passes for what it is not."""

_STATED = Classified(by="stated", confidence=1.0)
_ONLY = Classified(by="inputs", confidence=1.0)


def classifier() -> Classifier:
    """The best classifier that is installed here: the learned one of the extra `classify`, else the rules."""
    if find_spec("sklearn") is not None:
        from omni_assets.router.classifying.learned import by_examples

        return by_examples
    return by_rules


def class_of(task: Task, classes: Mapping[str, TaskClass], classifier: Classifier) -> tuple[TaskClass, Classified]:
    """The class of a task, and how it is known.

    Raises ``UnknownTaskClass`` where the task states one that there is none of, ``ClassUnclear`` where it states none
    and no class takes its inputs, or none is likely enough, and ``TaskLacks`` where the gates of its class would bar
    every answer, since they ask for what it does not carry.
    """
    found, how = _stated(task, classes) if task.task_class is not None else _told(task, classes, classifier)
    lacks = lacking(task, found)
    if lacks:
        raise TaskLacks(task.id, found.name, lacks)
    return found, how


def _stated(task: Task, classes: Mapping[str, TaskClass]) -> tuple[TaskClass, Classified]:
    name = task.task_class or ""
    if name not in classes:
        raise UnknownTaskClass(name, get_close_matches(name, classes, 2))
    return classes[name], _STATED


def _told(task: Task, classes: Mapping[str, TaskClass], classifier: Classifier) -> tuple[TaskClass, Classified]:
    candidates = [each for each in classes.values() if _takes_the_inputs(each, task)]
    if not candidates:
        raise ClassUnclear(task.id, "no task class takes its inputs")
    if len(candidates) == 1:
        return candidates[0], _ONLY
    by, shares = classifier(task, candidates)
    likeliest = max(candidates, key=lambda each: shares[each.name])
    confidence = shares[likeliest.name]
    if confidence < LEAST_CONFIDENCE:
        raise ClassUnclear(task.id, f"the likeliest is `{likeliest.name}`, by {confidence:.0%}")
    return likeliest, Classified(by=by, confidence=round(confidence, 6))


def _takes_the_inputs(task_class: TaskClass, task: Task) -> bool:
    """Whether a task has the inputs of a class. Sources and the like may be missing still: it is the task's class, and
    the task is told what it lacks."""
    missing, unused = misfits(task, task_class)
    return not unused and set(missing) <= CARRIED
