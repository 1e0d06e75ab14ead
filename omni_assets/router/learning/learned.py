"""What receipts teach: how often the answers of each model are accepted and right, what its calls cost, and examples to
train a scorer with.

Of an answer it is known whether it is right where a gate proved it (``PROOFS``), where an audit held it against the
baseline's, or where another answer that says the same is known. What is not known is not counted: an answer that was
accepted is not taken for right.

Everything is a sum or a bounded set, so the order of receipts does not matter, and what was learnt can be rebuilt from
the receipts at any time. Each receipt is to be given once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappush, heappushpop
from typing import Any

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.learning.scoring import Ballot, Scorer, Vote
from omni_assets.router.receipt import Attempt, Outcome, Receipt

PROOFS = frozenset({"tests-pass", "known-answer"})
"""Gates whose verdict says whether an answer is right, and not only whether it could be. ``known-answer`` is said by
whoever knew the answer beforehand, as a benchmark does."""

MOST_EXAMPLES = 5000
"""Examples that are kept of a class: the latest."""

LEAST_TIMED = 10
"""Calls of a model for tasks of a class before it is said how long one takes."""

Gates = tuple[tuple[str, int], ...]
"""The gates of a class by id, each with its version, in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a tally is of. What was learnt under one prompt or with one set of gates says nothing of another; ``after``
    is whether another model's answer was rejected before, since failures of models go together.
    """

    task_class: str
    prompt_version: int
    gates: Gates
    model: str
    after: bool


@dataclass(slots=True)
class Tally:
    """Answers: how many gates judged, how many of them were accepted, and of those how many proved right
    and how many wrong.
    """

    judged: int = 0
    accepted: int = 0
    right: int = 0
    wrong: int = 0


@dataclass(slots=True)
class Spending:
    """Calls that gave an output and whose cost is known, and what they cost together, in billionths of a US dollar."""

    calls: int = 0
    billionths: int = 0

    @property
    def mean_usd(self) -> float | None:
        """What a call costs on average, ``None`` where none is known."""
        return self.billionths / self.calls / 1e9 if self.calls else None


@dataclass(slots=True)
class Timing:
    """Calls that gave an output, and how long they took together, in microseconds."""

    calls: int = 0
    microseconds: int = 0

    @property
    def mean_seconds(self) -> float | None:
        """How long a call takes on average, ``None`` before enough of them are known: the first may load a model."""
        return self.microseconds / self.calls / 1e6 if self.calls >= LEAST_TIMED else None


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """A task whose answers can be compared. ``right`` says of each vote whether it is, ``costs_usd`` what it cost."""

    at: datetime
    id: str
    prompt_version: int = field(compare=False)
    ballot: Ballot = field(compare=False)
    right: tuple[bool | None, ...] = field(compare=False)
    costs_usd: tuple[float | None, ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """A chain as it was tried on the examples of a class: a model is asked where what it adds to the chance of a right
    answer, times ``worth_usd``, is more than what it costs. Quality and cost are means for one task; ``quality`` is a
    share from 0 to 1, and ``bound`` the one that it credibly exceeds. ``prompt_version`` is the one that the examples
    are of.
    """

    prompt_version: int
    chain: tuple[str, ...]
    worth_usd: float
    cost_usd: float
    quality: float
    bound: float


Plans = tuple[tuple[Plan, ...], ...]
"""The plans of each chain, the best chain first; those of one chain by exchange rate, the cheapest first."""


@dataclass(slots=True)
class Learned:
    """Everything that was learnt. ``scorer`` and ``plans`` (by class) come from training alone, and stay as they are
    until the next. ``receipts`` counts by class what was learnt from; ``choices`` is the policy's
    memory of what it chose with all that.
    """

    tallies: dict[Subject, Tally] = field(default_factory=dict)
    spendings: dict[tuple[str, str], Spending] = field(default_factory=dict)
    timings: dict[tuple[str, str], Timing] = field(default_factory=dict)
    kept: dict[str, list[Example]] = field(default_factory=dict)
    scorer: Scorer | None = None
    plans: Mapping[str, Plans] = field(default_factory=dict)
    receipts: dict[str, int] = field(default_factory=dict)
    choices: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def observe(self, receipt: Receipt) -> None:
        """Learn from one receipt. That of a task that was cancelled, or was never sent to a model, teaches nothing."""
        if not receipt.attempts or receipt.prompt_version is None or receipt.outcome is Outcome.CANCELLED:
            return
        name = receipt.task_class
        self.receipts[name] = self.receipts.get(name, 0) + 1
        for attempt in receipt.attempts:
            if attempt.failure is None:
                timing = self.timings.setdefault((name, attempt.model), Timing())
                timing.calls += 1
                timing.microseconds += round(attempt.latency_seconds * 1e6)
            if attempt.cost.usd is not None and attempt.failure is None:
                spending = self.spendings.setdefault((name, attempt.model), Spending())
                spending.calls += 1
                spending.billionths += int(attempt.cost.usd.scaleb(9))
        judged = judged_attempts(receipt.attempts)
        right = known_right(receipt, judged)
        for place, (attempt, proved) in enumerate(zip(judged, right, strict=True)):
            subject = Subject(name, receipt.prompt_version, gates_of(attempt.checks), attempt.model, place > 0)
            tally = self.tallies.setdefault(subject, Tally())
            passes = not any(check.bars for check in attempt.checks)
            tally.judged += 1
            tally.accepted += passes
            tally.right += passes and proved is True
            tally.wrong += passes and proved is False
        ballot = ballot_of(name, judged)
        if ballot is not None and any(proved is not None for proved in right):
            costs = tuple(None if each.cost.usd is None else float(each.cost.usd) for each in judged)
            self._keep(Example(receipt.ended_at, receipt.id, receipt.prompt_version, ballot, right, costs))

    def examples(self) -> tuple[Example, ...]:
        """The examples of all classes, the oldest first."""
        return tuple(sorted(example for kept in self.kept.values() for example in kept))

    def tally(self, subject: Subject) -> Tally:
        """What was counted of a subject so far."""
        return self.tallies.get(subject, _NOTHING)

    def cost_usd(self, task_class: str, model: str) -> float | None:
        """What a call of a model costs on average in a class, ``None`` where none is known."""
        spending = self.spendings.get((task_class, model))
        return None if spending is None else spending.mean_usd

    def seconds(self, task_class: str, model: str) -> float | None:
        """How long a call of a model takes on average in a class, ``None`` where too few are known."""
        timing = self.timings.get((task_class, model))
        return None if timing is None else timing.mean_seconds

    def _keep(self, example: Example) -> None:
        kept = self.kept.setdefault(example.ballot.task_class, [])
        if len(kept) < MOST_EXAMPLES:
            heappush(kept, example)
        else:
            heappushpop(kept, example)


_NOTHING = Tally()


def learn(receipts: Iterable[Receipt]) -> Learned:
    """What receipts teach, without a scorer: that takes training (``training.train``)."""
    learned = Learned()
    for receipt in receipts:
        learned.observe(receipt)
    return learned


def judged_attempts(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """The attempts that gave an output which its gates judged, oldest first."""
    return tuple(
        attempt
        for attempt in attempts
        if attempt.failure is None and attempt.outcome in (Outcome.ACCEPTED, Outcome.REJECTED)
    )


def gates_of(checks: Sequence[Check]) -> Gates:
    """The gates that judged an output. Proofs that a class does not always ask for would split what is one subject."""
    return tuple(sorted((check.gate, check.version) for check in checks if check.gate != "known-answer"))


def known_right(receipt: Receipt, judged: Sequence[Attempt]) -> tuple[bool | None, ...]:
    """Of each judged attempt, whether its answer is right, as far as that is known."""
    right = [_proved(attempt) for attempt in judged]
    if receipt.audit is not None and receipt.audit.agrees is not None:
        for number, attempt in enumerate(judged):
            if attempt.outcome is Outcome.ACCEPTED and right[number] is None:
                right[number] = receipt.audit.agrees
    for number, attempt in enumerate(judged):
        for other in agreeing(attempt, number) or ():
            if right[number] is None:
                right[number] = right[other]
            elif right[other] is None:
                right[other] = right[number]
    return tuple(right)


def agreeing(attempt: Attempt, number: int) -> tuple[int, ...] | None:
    """Which of the judged attempts before this one, the ``number``th, have answers that say the same, counted from 0;
    ``None`` where there is no answer or nobody looked.
    """
    said = next((check.agrees_with for check in attempt.checks if check.agrees_with is not None), None)
    return None if said is None else tuple(other for other in said if 0 <= other < number)


def ballot_of(task_class: str, judged: Sequence[Attempt]) -> Ballot | None:
    """The votes of judged attempts; ``None`` where no gate compared their answers, or a model answered twice."""
    if not all(any(check.gate == AGREEMENT for check in attempt.checks) for attempt in judged):
        return None
    if len({attempt.model for attempt in judged}) < len(judged):
        return None
    return Ballot(task_class, tuple(_votes(judged)))


AGREEMENT = "agreement"
"""The gate that compares answers."""


def _votes(judged: Sequence[Attempt]) -> Iterator[Vote]:
    groups: list[int | None] = []
    for number, attempt in enumerate(judged):
        same = agreeing(attempt, number)
        groups.append(None if same is None else next((groups[other] for other in same), number))
        tokens = attempt.usage
        yield Vote(
            attempt.model,
            groups[number],
            None if tokens is None else tokens.input_tokens,
            None if tokens is None else tokens.output_tokens,
        )


def _proved(attempt: Attempt) -> bool | None:
    verdicts = [check.verdict for check in attempt.checks if check.gate in PROOFS]
    if Verdict.FAILED in verdicts:
        return False
    return True if Verdict.PASSED in verdicts else None
