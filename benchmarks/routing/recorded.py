"""Questions with the recorded answers of several models, and what the router sees of them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from omni_assets.errors import InputError
from omni_assets.router import policy
from omni_assets.router.catalog import Catalog, Endpoint, Model, OwnHardwarePrice, StatedPrice
from omni_assets.router.files.catalog_file import read_catalog
from omni_assets.router.gates.gate import Check, Evidence, Output, Verdict
from omni_assets.router.gates.judging import judge
from omni_assets.router.learning.scoring import Scorer
from omni_assets.router.money import accounts
from omni_assets.router.money.pricing import price_call
from omni_assets.router.normalise import Normalised, normalise
from omni_assets.router.planning import Planned, ReadyClass
from omni_assets.router.receipt import Attempt, Classified, Outcome, Receipt
from omni_assets.router.route import Accept, Call, GiveUp
from omni_assets.router.task import Task
from omni_assets.router.task_class import CloudPolicy, GateUse, PromptTemplate, Severity, TaskClass
from omni_assets.router.values import FinishReason, Location, OutputFormat, Usage

PRICES = "zeroeval_prices.json"
CATALOG = Path(__file__).with_name("models.yaml")
BASELINE = "baseline"
"""The capability by which the catalog marks the strong model."""

MOST_LINKS = 6
"""Models that one question may be put to."""

_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_UNFIT = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded answer of a model. ``right`` is the label: only what is learnt from may be shown it."""

    model: str
    text: str
    normalised: Normalised
    usage: Usage
    right: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the answer of each model."""

    id: str
    number: int
    task_class: str
    prompt: str
    answers: Mapping[str, Answer]

    @property
    def task(self) -> Task:
        """The question as a task of its class."""
        return Task(id=self.id[:200], task_class=self.task_class, inputs={"question": self.prompt})


def questions(data: Path) -> list[Question]:
    """The questions in a file of JSON lines, packed with gzip. Raises ``InputError``."""
    try:
        with gzip.open(data, "rt", encoding="utf-8") as lines:
            return [_question(number, json.loads(line)) for number, line in enumerate(lines) if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{data} cannot be read: {type(error).__name__}: {error}.", "Name a file as issued.") from None


def catalog_of(data: Path) -> tuple[Catalog, str]:
    """The models and the name of the strong one: by the prices beside the data, or else by this benchmark's catalog."""
    beside = data.with_name(PRICES)
    if not beside.exists():
        catalog = read_catalog(str(CATALOG))
        return catalog, next(name for name, model in catalog.models.items() if BASELINE in model.capabilities)
    stated = json.loads(beside.read_text(encoding="utf-8"))["models"]
    endpoints = {location.value: Endpoint(base_url="http://127.0.0.1:1/v1", location=location) for location in Location}
    models = {_name(name): _model(name, facts) for name, facts in stated.items()}
    strong = next(_name(name) for name, facts in stated.items() if BASELINE in facts.get("role", ""))
    return Catalog(endpoints=endpoints, models=models), strong


def task_class(name: str, baseline: str, floor: float = 0.0) -> TaskClass:
    """A class for the questions of one kind. Learnt chains are never tried out here, and nothing is audited: learning
    is over when the unseen half begins.
    """
    return TaskClass(
        name=name,
        description=f"Recorded questions of the kind {name}.",
        quality_floor=floor,
        prompt=PromptTemplate(version=1, user="{question}"),
        gates=(
            GateUse(gate="not-empty"),
            GateUse(gate="agreement", severity=Severity.WARNING),
            GateUse(gate="learned-scorer", severity=Severity.WARNING),
        ),
        output_format=OutputFormat.JSON,
        answer_key="answer",
        max_output_tokens=4096,
        max_escalations=MOST_LINKS - 1,
        cloud=CloudPolicy.ALLOWED,
        baseline=baseline,
        audit_share=0.0,
        explore_share=0.0,
    )


class Replay:
    """The router's own way through a task, with recorded answers in the place of calls."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def full(self, question: Question, ready: ReadyClass, order: Sequence[str]) -> Receipt:
        """A receipt to learn from: every model answered, and it is known which answers are right."""
        attempts: list[Attempt] = []
        earlier: list[Output] = []
        for model in order:
            if (answer := question.answers.get(model)) is not None:
                output, checks = self._judged(question, ready, answer, tuple(earlier), None)
                verdict = Verdict.PASSED if answer.right else Verdict.FAILED
                known = Check(gate="known-answer", version=1, severity=Severity.WARNING, verdict=verdict)
                attempts.append(self._attempt(answer, (*checks, known), "every model is asked"))
                earlier.append(output)
        return self._receipt(question, ready, attempts, None, "every model was asked")

    def routed(self, question: Question, planned: Planned) -> Receipt:
        """The receipt of a task that took its route."""
        attempts: list[Attempt] = []
        earlier: list[Output] = []
        while True:
            match policy.decide(planned.route, attempts):
                case Call(step, reason):
                    answer = question.answers[step.model]
                    output, checks = self._judged(
                        question, planned.told.ready, answer, tuple(earlier), planned.route.scorer
                    )
                    attempts.append(self._attempt(answer, checks, reason))
                    earlier.append(output)
                case Accept(number, reason):
                    return self._receipt(question, planned.told.ready, attempts, number, reason)
                case GiveUp(reason):
                    return self._receipt(question, planned.told.ready, attempts, None, reason)

    def _judged(
        self,
        question: Question,
        ready: ReadyClass,
        answer: Answer,
        earlier: tuple[Output, ...],
        scorer: Scorer | None,
    ) -> tuple[Output, tuple[Check, ...]]:
        bare = answer.normalised
        output = Output(answer.model, bare.text, FinishReason.STOP, bare.value, bare.answer, answer.usage)
        evidence = Evidence(question.task, ready.task_class, question.prompt, output, earlier, scorer=scorer)
        return output, _at_once(judge(ready.gates, evidence))

    def _attempt(self, answer: Answer, checks: tuple[Check, ...], reason: str) -> Attempt:
        model = self._catalog.models[answer.model]
        return Attempt(
            model=answer.model,
            served_name=model.served_name,
            endpoint=model.endpoint,
            location=self._catalog.location(answer.model),
            started_at=_EPOCH,
            latency_seconds=0.0,
            reason=reason,
            outcome=Outcome.ACCEPTED if policy.counts(checks, None) else Outcome.REJECTED,
            usage=answer.usage,
            finish_reason=FinishReason.STOP,
            cost=price_call(model.price, answer.usage),
            checks=checks,
            support=policy.support(checks),
            normalised=answer.normalised.steps,
        )

    def _receipt(
        self, question: Question, ready: ReadyClass, attempts: list[Attempt], accepted: int | None, decision: str
    ) -> Receipt:
        at = _EPOCH + timedelta(seconds=question.number)
        return Receipt(
            id=sha256(f"{question.number} {question.id}".encode()).hexdigest()[:32],
            task_id=question.id,
            task_key=question.id,
            task_class=question.task_class,
            task_class_sha256=ready.sha256,
            classified=Classified(by="stated", confidence=1.0),
            prompt_version=1,
            prompt_sha256=sha256(question.prompt.encode()).hexdigest(),
            catalog_sha256="0" * 64,
            started_at=at,
            ended_at=at,
            outcome=Outcome.FAILED if accepted is None else Outcome.ACCEPTED,
            model=None if accepted is None else attempts[accepted].model,
            decision=decision,
            attempts=tuple(attempts),
            cost_usd=accounts.total(attempts, None),
        )


def _at_once(judging: Coroutine[Any, Any, tuple[Check, ...]]) -> tuple[Check, ...]:
    """What gates say that wait for nothing: no event loop is needed for them."""
    try:
        judging.send(None)
    except StopIteration as done:
        checks: tuple[Check, ...] = done.value
        return checks
    raise RuntimeError("a gate of the replay waits for something")


def _question(number: int, row: Mapping[str, object]) -> Question:
    answers = row["answers"]
    assert isinstance(answers, dict)
    return Question(
        id=str(row["id"]),
        number=number,
        task_class=_name(str(row["task"])),
        prompt=str(row["prompt"]),
        answers={answer.model: answer for answer in _answers(answers)},
    )


def _answers(recorded: Mapping[str, Mapping[str, object]]) -> Iterator[Answer]:
    for name, facts in recorded.items():
        text = str(facts["output"])
        yield Answer(
            model=_name(name),
            text=text,
            normalised=normalise(text, OutputFormat.JSON, "answer"),
            usage=Usage(
                input_tokens=int(str(facts["input_tokens"])),
                output_tokens=int(str(facts["output_tokens"])),
                reported=False,
            ),
            right=facts["correct"] is True,
        )


def _model(name: str, facts: Mapping[str, object]) -> Model:
    per_million = {kind: Decimal(str(facts[kind])) for kind in ("input", "output")}
    location = Location(str(facts["location"]))
    price = (
        OwnHardwarePrice(input=per_million["input"], output=per_million["output"])
        if location is Location.LOCAL
        else StatedPrice(input=per_million["input"], output=per_million["output"])
    )
    return Model(endpoint=location.value, served_name=name, context_window=200_000, price=price)


def _name(text: str) -> str:
    """``text`` as a name of a model or a class."""
    name = text.lower()
    return name if re.fullmatch(r"[a-z0-9]+(?:[-._][a-z0-9]+)*", name) else _UNFIT.sub("-", name).strip("-")
