"""What the answers of several models to one task say about each other: weights that were learnt, and pure arithmetic.

A ballot is who answered, who says the same as whom, and how long each answer was. What a ballot shows is described by
named features; a scorer has a weight for each, so that it can be read, kept as data, and used without the packages that
it was learnt with (``training``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field

from omni_assets.router.values import Strict

Features = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer as evidence. Answers with the same ``group`` say the same; ``None`` is no answer.

    Tokens are ``None`` where they are not known.
    """

    model: str
    group: int | None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Ballot:
    """The votes on one task, oldest first: no model votes twice."""

    task_class: str
    votes: tuple[Vote, ...]

    @cached_property
    def groups(self) -> Mapping[int, tuple[int, ...]]:
        """The votes that say the same, by their number from 0, for each answer that was given."""
        groups: dict[int, list[int]] = {}
        for number, vote in enumerate(self.votes):
            if vote.group is not None:
                groups.setdefault(vote.group, []).append(number)
        return {group: tuple(numbers) for group, numbers in groups.items()}

    @property
    def asked(self) -> str:
        """Who was asked, in whatever order: evidence of one kind is weighed by weights of its own."""
        return asked(vote.model for vote in self.votes)


def asked(models: Iterable[str]) -> str:
    """The name of a set of models."""
    return " ".join(sorted(models))


class Linear(Strict):
    """A weighted sum of features, from ``intercept`` on, with ``weights`` by their names. Features that were never seen
    weigh nothing.
    """

    intercept: float
    weights: Mapping[str, float]

    def at(self, features: Features) -> float:
        """The sum: the logarithm of odds for a support, a difference of chances for a gain."""
        weights = self.weights
        return self.intercept + sum(weights.get(name, 0.0) * value for name, value in features.items())


class Lengths(Strict):
    """How long prompts of a class and answers of each model usually are: means of the logarithms of tokens."""

    prompt: float
    answers: Mapping[str, float]


class Weighing(Strict):
    """What a ballot of certain models is weighed with: how likely each answer is right (logarithm of the odds), and
    how much each further model would better the best one (chance).
    """

    right: Linear
    gains: Mapping[str, Linear] = Field(default_factory=dict)


class Scorer(Strict):
    """Everything that was learnt of answers. ``usual`` is by class, ``weighings`` by who was asked (``asked``)."""

    usual: Mapping[str, Lengths]
    weighings: Mapping[str, Weighing]

    def support(self, ballot: Ballot) -> tuple[float, ...] | None:
        """How likely the answer of each vote is right. ``None`` where nothing was learnt of such a ballot."""
        weighing, usual = self.weighings.get(ballot.asked), self.usual.get(ballot.task_class)
        if weighing is None or usual is None:
            return None
        chances = {
            group: chance(weighing.right.at(features_of_answer(ballot, group, usual))) for group in ballot.groups
        }
        return tuple(0.0 if vote.group is None else chances[vote.group] for vote in ballot.votes)

    def prospects(self, ballot: Ballot, support: Sequence[float]) -> Mapping[str, float]:
        """The chance of a right answer once each further model were asked too, as far as that was learnt; ``support``
        is that of each vote now.
        """
        weighing, usual = self.weighings.get(ballot.asked), self.usual.get(ballot.task_class)
        if weighing is None or usual is None:
            return {}
        best = max(support)
        features = features_of_ballot(ballot, best, usual)
        return {model: min(max(best + gain.at(features), 0.0), 1.0) for model, gain in weighing.gains.items()}


def chance(odds: float) -> float:
    """A chance by the logarithm of its odds: the logistic function (Cox, The regression analysis of binary
    sequences, 1958).
    """
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else 1 - 1 / (1 + math.exp(odds))


def features_of_answer(ballot: Ballot, group: int, usual: Lengths) -> dict[str, float]:
    """What speaks for the answer of the ballot that ``group`` gave, and against it: shares, logarithms of lengths, and
    1 for what is so.
    """
    votes, mine = ballot.votes, set(ballot.groups[group])
    others = max((len(each) for number, each in ballot.groups.items() if number != group), default=0)
    facts = {"share": len(mine) / len(votes), "rival": others / len(votes), "answers": len(ballot.groups) / len(votes)}
    for number, vote in enumerate(votes):
        side = "silent" if vote.group is None else "for" if number in mine else "against"
        facts[f"{side} {vote.model}"] = 1.0
    lengths = _lengths(votes, usual)
    features = {
        **_by_class(ballot.task_class, {**facts, "length": _mean(lengths), "prompt": _prompt(votes, usual)}),
        "length for": _mean([lengths[number] for number in mine]),
        "longest": max(lengths),
    }
    features[ballot.task_class] = 1.0
    return features


def features_of_ballot(ballot: Ballot, best: float, usual: Lengths) -> dict[str, float]:
    """What says whether asking on would pay. ``best`` is the chance that the best answer is right."""
    votes = ballot.votes
    sizes = [*sorted((len(each) for each in ballot.groups.values()), reverse=True), 0, 0]
    lengths = _lengths(votes, usual)
    facts = {
        "best": best,
        "best squared": best * best,
        "answers": len(ballot.groups) / len(votes),
        "largest": sizes[0] / len(votes),
        "second": sizes[1] / len(votes),
        "silent": sum(vote.group is None for vote in votes) / len(votes),
        "length": _mean(lengths),
        "longest": max(lengths),
        "prompt": _prompt(votes, usual),
    }
    features = _by_class(ballot.task_class, facts)
    features[ballot.task_class] = 1.0
    for each in ballot.groups.values():
        for place, number in enumerate(each):
            for other in each[:place]:
                features[f"same {asked((votes[number].model, votes[other].model))}"] = 1.0
    return features


def _by_class(task_class: str, facts: Features) -> dict[str, float]:
    """Each fact for all classes together, and once more for this one: what few tasks tell leans on what all do."""
    return {**facts, **{f"{task_class}: {name}": value for name, value in facts.items()}}


def _lengths(votes: Sequence[Vote], usual: Lengths) -> list[float]:
    """How much longer than usual each answer is, as logarithms; 0 where that is not known."""
    return [
        0.0
        if vote.output_tokens is None
        else math.log1p(vote.output_tokens) - usual.answers.get(vote.model, 0.0)
        if vote.model in usual.answers
        else 0.0
        for vote in votes
    ]


def _prompt(votes: Sequence[Vote], usual: Lengths) -> float:
    tokens = next((vote.input_tokens for vote in votes if vote.input_tokens is not None), None)
    return 0.0 if tokens is None else math.log1p(tokens) - usual.prompt


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
