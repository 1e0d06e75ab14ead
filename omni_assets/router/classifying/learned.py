"""The classifier of the extra `classify`: what the examples of each class say, and what the task carries.

A logistic regression over words, pairs of words and parts of words, learnt from the requests in ``examples`` when it is
first asked, always alike. It knows the classes that there are examples of; with any other among the candidates the
rules decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from omni_assets.errors import ExtraMissing
from omni_assets.router.classifying.rules import MOST_CHARACTERS, by_rules
from omni_assets.router.classifying.shares import in_shares
from omni_assets.router.needs import use_of
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass


def by_examples(task: Task, classes: Sequence[TaskClass]) -> tuple[str, Mapping[str, float]]:
    """How likely each class is. Raises ``ExtraMissing``.

    The regression's chances (logistic: Cox, 1958) are multiplied by ``e`` for each field of the task that the class has
    a use for, and divided by it for each other one: a weight of our own, as the rules have it.
    """
    if any(each.name not in examples() for each in classes):
        return by_rules(task, classes)
    said = likelihoods("\n".join(text[:MOST_CHARACTERS] for text in task.inputs.values()))
    return "examples", in_shares({each.name: math.log(said[each.name]) + use_of(task, each) for each in classes})


@cache
def examples() -> Mapping[str, tuple[str, ...]]:
    """Requests as people write them, by class."""
    found = sorted(files(__package__).joinpath("examples").iterdir(), key=lambda each: each.name)
    return {each.name.removesuffix(".txt"): tuple(each.read_text("utf-8").splitlines()) for each in found}


def likelihoods(text: str) -> Mapping[str, float]:
    """How likely a text is a request for each class that there are examples of. Raises ``ExtraMissing``."""
    learnt = _learnt()
    shares = learnt.predict_proba([text])[0]
    return {str(name): float(share) for name, share in zip(learnt.classes_, shares, strict=True)}


@cache
def _learnt() -> Any:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import FeatureUnion, make_pipeline
    except ImportError:
        raise ExtraMissing("classify", "telling the class of a task from examples") from None
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    features = FeatureUnion([("words", words), ("letters", letters)])
    pairs = [(text, name) for name, requests in examples().items() for text in requests]
    texts, names = zip(*pairs, strict=True)
    return make_pipeline(features, LogisticRegression(C=100.0, max_iter=1000)).fit(texts, names)
