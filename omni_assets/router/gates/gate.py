"""What a gate is, what it looks at, and what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from omni_assets.router.learning.scoring import Scorer
from omni_assets.router.task import Task
from omni_assets.router.task_class import Severity, TaskClass
from omni_assets.router.values import FinishReason, Name, OutputFormat, Share, Strict, Usage

MOST_EVIDENCE = 500
"""Characters of evidence that a check keeps."""


class NoParameters(Strict):
    """Parameters of a gate that has none."""


P = TypeVar("P", bound=Strict)


class Verdict(StrEnum):
    """``unknown`` is said where a gate could not look. It never counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Standing(Strict):
    """How the answers of a task stand, once the latest of them is known.

    ``support`` are the chances that each is right, oldest first, the latest last: what comes later may speak for an
    earlier answer, or against it. ``prospects`` are the chances, by model, that the best of them would be right if that
    model were asked too.
    """

    support: tuple[Share, ...]
    prospects: Mapping[str, Share] = Field(default_factory=dict)


class Check(Strict):
    """What one gate said of one output. ``score`` is a chance from 0 to 1 where the gate estimates one.

    ``evidence`` is a clause that says what was found, without terminal escapes; it may quote the output.
    ``agrees_with`` are the earlier outputs with the same answer, by their number from 0, ``None`` where that was not
    looked at or there is no answer; ``standing`` how all answers stand, where a gate tells.
    """

    gate: Name
    version: Annotated[int, Field(ge=1)]
    severity: Severity
    verdict: Verdict
    evidence: Annotated[str, Field(max_length=MOST_EVIDENCE)] = ""
    score: Share | None = None
    agrees_with: tuple[int, ...] | None = None
    standing: Standing | None = None

    @property
    def bars(self) -> bool:
        """Whether the output must not count."""
        return self.severity is Severity.ERROR and self.verdict is not Verdict.PASSED


@dataclass(frozen=True, slots=True)
class Output:
    """An output as gates see it. ``text`` is normalised, ``value`` the JSON value of it where there is one.

    ``answer`` is the answer itself in a canonical form, by which outputs are compared; ``None`` where there is none.
    ``usage`` are the tokens of the call that it comes from.
    """

    model: str
    text: str
    finish_reason: FinishReason
    value: Any = None
    answer: str | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a gate may look at: nothing of it was unknown to the router at that moment.

    ``earlier`` are the outputs of this task's earlier attempts, oldest first; ``checks`` what the gates before this one
    said of this output. ``scorer`` is what was learnt of answers of this class, ``None`` while that is too little.
    """

    task: Task
    task_class: TaskClass
    prompt: str
    output: Output
    earlier: tuple[Output, ...] = ()
    checks: tuple[Check, ...] = ()
    scorer: Scorer | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a gate's function gives back: what its ``Check`` says. ``score`` is a chance from 0 to 1."""

    verdict: Verdict
    evidence: str = ""
    score: float | None = None
    agrees_with: tuple[int, ...] | None = None
    standing: Standing | None = None


def passed(evidence: str = "", score: float | None = None) -> Judged:
    """The output is as the gate wants it, with a chance of ``score`` where the gate estimates one."""
    return Judged(Verdict.PASSED, evidence, score)


def failed(evidence: str, score: float | None = None) -> Judged:
    """The output is not; ``evidence`` says what was found, ``score`` the chance that it is right, where the gate
    estimates one.
    """
    return Judged(Verdict.FAILED, evidence, score)


def unknown(evidence: str) -> Judged:
    """The gate could not look; ``evidence`` says why."""
    return Judged(Verdict.UNKNOWN, evidence)


@dataclass(frozen=True, slots=True)
class Given:
    """What the two examples of a gate's documentation are held against. ``failing`` is why the second one ended.

    They are said by a model called `example`, in a class of that name; ``earlier`` by `earlier-0`, `earlier-1` and so
    on.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    task: Task = field(default_factory=lambda: Task(id="example"))
    output_format: OutputFormat = OutputFormat.TEXT
    answer_key: str | None = None
    prompt: str = ""
    failing: FinishReason = FinishReason.STOP
    earlier: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    scorer: Scorer | None = None


@dataclass(frozen=True, slots=True)
class Gate(Generic[P]):
    """A gate. ``judge`` is pure, and takes less than a millisecond for each hundred kilobytes or so.

    ``summary``, ``explanation``, ``passes`` and ``fails`` are its documentation: one sentence, a paragraph, and an
    output of each kind, both held against what is ``given``. ``version`` is counted up whenever it may judge an output
    otherwise than before. ``packages`` are modules that it cannot do without, each with the extra that installs it.
    """

    id: str
    version: int
    summary: str
    explanation: str
    passes: str
    fails: str
    parameters: type[P]
    judge: Callable[[Evidence, P], Judged]
    given: Given = field(default_factory=Given)
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProcessGate(Generic[P]):
    """A gate that has to run something: like ``Gate``, and awaited."""

    id: str
    version: int
    summary: str
    explanation: str
    passes: str
    fails: str
    parameters: type[P]
    judge: Callable[[Evidence, P], Awaitable[Judged]]
    given: Given = field(default_factory=Given)
    packages: Mapping[str, str] = field(default_factory=dict)


AnyGate = Gate[Any] | ProcessGate[Any]


@dataclass(frozen=True, slots=True)
class BoundGate:
    """A gate as a class of tasks uses it, with parameters that its own model has checked."""

    gate: AnyGate
    severity: Severity
    parameters: Strict
