"""The router: tasks go in, and exactly one receipt comes out of each, whatever happens on the way.

``run`` raises nothing for a task, except that it was cancelled; its receipt is recorded then too. What one task meets
stops no other. Texts are kept only where that is asked for; without it, receipts hold their digests.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self
from uuid import uuid4

from omni_assets.contracts.text import visible
from omni_assets.errors import OmniError
from omni_assets.router import policy
from omni_assets.router.calling.failures import Kind
from omni_assets.router.calling.health import Health, Patience
from omni_assets.router.calling.replies import Answer
from omni_assets.router.calling.switchboard import Asking, Called, Persistence, Switchboard
from omni_assets.router.gates.gate import Check, Evidence, Output
from omni_assets.router.gates.judging import judge
from omni_assets.router.learning.auditing import audit_of, auditor
from omni_assets.router.learning.learned import Learned
from omni_assets.router.money import accounts
from omni_assets.router.money.budget import Budget
from omni_assets.router.money.pricing import most_input_tokens, price_call, unmeasured_call
from omni_assets.router.normalise import Normalised, normalise
from omni_assets.router.observed import tell_of
from omni_assets.router.planning import Circumstances, Planned, Planner, Told
from omni_assets.router.receipt import Attempt, Audit, Baseline, Classified, Outcome, Receipt
from omni_assets.router.route import Accept, Call, GiveUp, Step
from omni_assets.router.task import Task

MOST_CALLS = 100
"""Calls of one task beyond which something is wrong with what decides."""

LESSON = 32
"""Receipts that are learnt from at a time: after each lesson the policy weighs all of its chains anew."""

_NOT_TOLD = Classified(by="nothing", confidence=0.0)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task. ``text`` is the answer that counts, unwrapped; ``None`` where there is none."""

    receipt: Receipt
    text: str | None


@dataclass(frozen=True, slots=True)
class _Judged:
    """An output, unwrapped, and what its gates said of it."""

    normalised: Normalised
    output: Output
    checks: tuple[Check, ...]


@dataclass(slots=True)
class _Course:
    """How far one task has come."""

    task: Task
    started_at: datetime
    id: str = field(default_factory=lambda: uuid4().hex)
    told: Told | None = None
    planned: Planned | None = None
    calls: list[Called] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    judged: list[_Judged | None] = field(default_factory=list)
    accepted: int | None = None
    audit: Audit | None = None
    findings: tuple[str, ...] = ()
    outcome: Outcome = Outcome.FAILED
    decision: str = ""


class Router:
    """Runs tasks. Use it as an asynchronous context manager, within one event loop.

    ``record`` is given what became of each task, once, as soon as it is known; it must not wait.
    """

    def __init__(
        self,
        planner: Planner,
        learned: Learned,
        budget: Budget,
        environ: Mapping[str, str],
        *,
        record: Callable[[Done], None] = lambda _: None,
        store_text: bool = False,
        patience: Patience = Patience(),  # noqa: B008 - it is frozen
        persistence: Persistence = Persistence(),  # noqa: B008 - it is frozen
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.learned = learned
        self.health: tuple[Health, ...] = ()
        self._planner = planner
        self._budget = budget
        self._record = record
        self._store_text = store_text
        self._lesson: list[Receipt] = []
        self._chance = chance
        self._switchboard = Switchboard(planner.catalog, environ, budget, patience, persistence, chance)

    async def __aenter__(self) -> Self:
        """Open the way to every endpoint, and look whether it can be used. Raises ``ExtraMissing``."""
        self.health = await self._switchboard.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            self._learn()
        finally:
            await self._switchboard.close()

    async def run(self, task: Task) -> Done:
        """Do a task. Raises nothing but ``CancelledError``, and then its receipt is recorded all the same."""
        course = _Course(task, datetime.now(UTC))
        try:
            await self._follow(course)
        except asyncio.CancelledError:
            course.outcome, course.accepted, course.decision = Outcome.CANCELLED, None, "the task was cancelled"
            self._finish(course)
            raise
        except OmniError as error:
            course.decision = str(error)
        except Exception as error:  # noqa: BLE001 - one task stops no other, and none is lost
            course.outcome, course.accepted = Outcome.FAILED, None
            course.decision = f"the router itself failed: {type(error).__name__}, {visible(str(error)[:500])}"
        return self._finish(course)

    async def many(
        self, tasks: Iterable[Task] | AsyncIterable[Task], concurrency: int = 16
    ) -> AsyncGenerator[Done, None]:
        """Do tasks, so many at once at most, and give back what became of each as it comes.

        Whoever stops listening cancels the tasks that are under way. What the source of the tasks raises is raised once
        those before are done.
        """
        source, turn = _each(tasks), asyncio.Lock()
        results: asyncio.Queue[Done | None] = asyncio.Queue()
        room = asyncio.Semaphore(concurrency)

        async def work() -> None:
            while (task := await _next(source, turn)) is not None:
                done = await self.run(task)
                await room.acquire()
                results.put_nowait(done)

        workers = [asyncio.create_task(work()) for _ in range(concurrency)]
        for worker in workers:
            worker.add_done_callback(lambda _: results.put_nowait(None))
        try:
            at_work = concurrency
            while at_work:
                done = await results.get()
                if done is None:
                    at_work -= 1
                else:
                    room.release()
                    yield done
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _follow(self, course: _Course) -> None:
        """Take a task as far as it goes. Raises ``TaskUnusable``."""
        told = course.told = self._planner.tell(course.task)
        circumstances = Circumstances(
            unavailable=self._switchboard.unavailable(),
            budget_left_usd=self._budget.within_reach(told.ready.task_class.name),
            learned=self.learned,
            chance=self._chance(),
        )
        planned = course.planned = self._planner.plan(told, circumstances)
        while len(course.calls) < MOST_CALLS:
            match policy.decide(planned.route, course.attempts):
                case Call(step, reason):
                    await self._ask(course, planned, step, reason)
                case Accept(attempt, reason):
                    judged = _accept(course, attempt, f"{planned.route.reason}; {reason}")
                    await self._audit(course, planned, judged)
                    return
                case GiveUp(reason):
                    others = (
                        accounts.missed(planned.route.skipped, circumstances.unavailable) if course.attempts else ""
                    )
                    course.decision = "; ".join(filter(None, (reason, others)))
                    return
        course.decision = f"{len(course.calls)} calls were made without an end"

    async def _ask(self, course: _Course, planned: Planned, step: Step, reason: str) -> None:
        """Ask a model, and judge what it answers."""
        try:
            await self._switchboard.ask(step.model, _asking(planned), course.calls)
        finally:
            for called in course.calls[len(course.attempts) :]:
                course.attempts.append(self._attempt(called, reason))
                course.judged.append(None)
                reason = f"again after {accounts.end(course.attempts[-1])}"
        reply = course.calls[-1].reply
        if isinstance(reply, Answer):
            judged = course.judged[-1] = await _judged(course, planned, step.model, reply)
            course.attempts[-1] = course.attempts[-1].model_copy(
                update={
                    "outcome": Outcome.ACCEPTED if policy.counts(judged.checks, step.accept_at) else Outcome.REJECTED,
                    "checks": judged.checks,
                    "support": policy.support(judged.checks),
                    "normalised": judged.normalised.steps,
                }
            )

    async def _audit(self, course: _Course, planned: Planned, judged: _Judged) -> None:
        """Hold an accepted answer against the baseline's, for a share of the tasks that chance picks and for those that
        tried a chain to learn about it.
        """
        task_class = planned.told.ready.task_class
        baseline = auditor(task_class, self._planner.catalog, planned.route, judged.output)
        if baseline is None or not (planned.route.explored or self._chance() < task_class.audit_share):
            return
        calls = [*course.calls]
        try:
            await self._switchboard.ask(baseline, _asking(planned), calls)
        finally:
            asked = calls[len(course.calls) :]
            course.audit = audit_of(asked, judged.normalised, task_class, self._planner.catalog)
            course.findings += tuple(finding for call in asked for finding in call.findings)

    def _attempt(self, called: Called, reason: str) -> Attempt:
        """A call as a receipt tells it, before its output is judged: then it is one that nobody waited for."""
        model = self._planner.catalog.models[called.model]
        answer, failed = (called.reply, None) if isinstance(called.reply, Answer) else (None, called.reply)
        return Attempt(
            model=called.model,
            served_name=model.served_name,
            endpoint=model.endpoint,
            location=self._planner.catalog.location(called.model),
            started_at=called.started_at,
            latency_seconds=called.latency_seconds,
            reason=reason,
            outcome=Outcome.FAILED if failed and failed.kind is not Kind.CANCELLED else Outcome.CANCELLED,
            usage=called.usage,
            finish_reason=answer.finish_reason if answer else None,
            cost=called.cost,
            reserved_usd=called.reserved_usd,
            failure=failed.failure if failed else None,
            output_sha256=sha256(answer.text.encode()).hexdigest() if answer else None,
            output_text=answer.text if answer and self._store_text else None,
        )

    def _finish(self, course: _Course) -> Done:
        """The one receipt of a task, learnt from and recorded."""
        told, planned, attempts = course.told, course.planned, tuple(course.attempts)
        accepted = course.accepted
        cost_usd = accounts.total(attempts, course.audit)
        baseline = self._baseline(course)
        receipt = Receipt(
            id=course.id,
            task_id=course.task.id,
            task_key=course.task.key or course.task.id,
            task_class=told.ready.task_class.name if told else course.task.task_class or "",
            task_class_sha256=told.ready.sha256 if told else None,
            classified=told.classified if told else _NOT_TOLD,
            prompt_version=told.ready.task_class.prompt.version if told else None,
            prompt_sha256=planned.prompt.sha256 if planned else None,
            prompt_text=_prompt(planned) if planned and self._store_text else None,
            catalog_sha256=self._planner.catalog_sha256,
            started_at=course.started_at,
            ended_at=datetime.now(UTC),
            outcome=course.outcome,
            failure=None if accepted is not None else accounts.chain_of_reasons(attempts, course.decision),
            model=None if accepted is None else attempts[accepted].model,
            decision=course.decision,
            candidates=planned.route.candidates if planned else (),
            skipped=planned.route.skipped if planned else (),
            explored=planned.route.explored if planned else False,
            attempts=attempts,
            audit=course.audit,
            cost_usd=cost_usd,
            baseline=baseline,
            saved_usd=accounts.saved(course.outcome, baseline, cost_usd),
            budget_day=next((call.budget_day for call in course.calls if call.budget_day), None),
            findings=(*(finding for call in course.calls for finding in call.findings), *course.findings),
        )
        judged = None if accepted is None else course.judged[accepted]
        done = Done(receipt, judged.normalised.text if judged else None)
        self._record(done)
        tell_of(receipt)
        self._lesson.append(receipt)
        if len(self._lesson) >= LESSON:
            self._learn()
        return done

    def _learn(self) -> None:
        for receipt in self._lesson:
            self.learned.observe(receipt)
        self._lesson.clear()

    def _baseline(self, course: _Course) -> Baseline | None:
        """What the baseline would have cost on the tokens of the answer that counts. More tokens than there can be are
        no measure of what was saved.
        """
        if course.told is None or course.planned is None or course.accepted is None:
            return None
        name, usage = course.told.ready.task_class.baseline, course.attempts[course.accepted].usage
        model = self._planner.catalog.models.get(name) if name else None
        if name is None or model is None or usage is None:
            return None
        asking = _asking(course.planned)
        limit = self._planner.catalog.models[course.attempts[course.accepted].model].output_limit(asking.output_limit)
        possible = usage.input_tokens <= most_input_tokens(asking.prompt_bytes) and usage.output_tokens <= limit
        cost = price_call(model.price, usage, course.started_at) if possible else unmeasured_call(model.price)
        return Baseline(model=name, cost=cost)


async def _judged(course: _Course, planned: Planned, model: str, answer: Answer) -> _Judged:
    """An answer, unwrapped, and what its gates say of it."""
    ready = planned.told.ready
    normalised = normalise(answer.text, ready.task_class.output_format, ready.task_class.answer_key)
    output = Output(
        model, normalised.text, answer.finish_reason, normalised.value, normalised.answer, course.calls[-1].usage
    )
    earlier = tuple(judged.output for judged in course.judged if judged is not None)
    evidence = Evidence(course.task, ready.task_class, _prompt(planned), output, earlier, scorer=planned.route.scorer)
    return _Judged(normalised, output, await judge(ready.gates, evidence))


def _accept(course: _Course, accepted: int, decision: str) -> _Judged:
    """Let the output of one attempt count, and no other."""
    judged = course.judged[accepted]
    if judged is None:
        raise LookupError(f"the attempt {accepted} has no output that could be accepted")
    for number, attempt in enumerate(course.attempts):
        outcome = Outcome.ACCEPTED if number == accepted else Outcome.REJECTED
        if attempt.failure is None and attempt.outcome is not outcome:
            course.attempts[number] = attempt.model_copy(update={"outcome": outcome})
    course.outcome, course.accepted, course.decision = Outcome.ACCEPTED, accepted, decision
    return judged


def _asking(planned: Planned) -> Asking:
    task_class, prompt = planned.told.ready.task_class, planned.prompt
    return Asking(
        task_class=task_class.name,
        prompt=prompt,
        prompt_bytes=len(prompt.system.encode()) + len(prompt.user.encode()),
        output_limit=planned.output_limit,
        temperature=task_class.temperature,
        ceiling_usd=task_class.price_ceiling_usd,
    )


def _prompt(planned: Planned) -> str:
    """Both texts of a prompt, as gates and receipts have it."""
    return f"{planned.prompt.system}\n\n{planned.prompt.user}".strip()


async def _next(source: AsyncIterator[Task], turn: asyncio.Lock) -> Task | None:
    """The next task, one asker at a time; ``None`` where there is none."""
    async with turn:
        return await anext(source, None)


async def _each(tasks: Iterable[Task] | AsyncIterable[Task]) -> AsyncIterator[Task]:
    if isinstance(tasks, AsyncIterable):
        async for task in tasks:
            yield task
    else:
        for task in tasks:
            yield task
