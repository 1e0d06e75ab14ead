"""A model asked on behalf of a task: within its endpoint's concurrency, its circuit breaker and the budget.

Each call, and each call that is not made, is an attempt with its cost. What fails for now is tried again after a wait
that grows, with chance in it so that tasks which failed together do not come back together.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from omni_assets.credentials import Redactor
from omni_assets.errors import ExtraMissing
from omni_assets.router.calling.addresses import Address, address
from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.calling.health import Breaker, Health, Patience, look
from omni_assets.router.calling.replies import Answer, Question
from omni_assets.router.catalog import Catalog, Endpoint, Model, Price
from omni_assets.router.money import pricing
from omni_assets.router.money.budget import Budget, Refusal, Reservation
from omni_assets.router.observed import asked
from omni_assets.router.prompt import Prompt
from omni_assets.router.receipt import Cost
from omni_assets.router.values import Usage, dollars

if TYPE_CHECKING:
    from omni_assets.router.calling.client import Client

SECONDS_FOR_MONEY = 10.0
"""The most that a call waits for what other calls have reserved and may give back."""

_LOOKS_FOR_MONEY = 0.05


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often a call that failed for now is made again, and the seconds between: the first wait, the longest, and the
    longest that an endpoint may ask for (``longest_asked``) without being given up.
    """

    retries: int = 2
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_asked: float = 30.0

    def wait(self, retry: int, asked: float | None, chance: float) -> float | None:
        """Seconds before a retry, the first being 0; ``None`` where none is made. ``chance`` is from 0 to 1.

        Waits double, and a half of each is left to chance: "equal jitter" of
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
        """
        if retry >= self.retries or (asked is not None and asked > self.longest_asked):
            return None
        grown = min(self.first_wait * 2.0**retry, self.longest_wait)
        return max(grown * (0.5 + chance / 2), asked or 0.0)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a model is asked for a task, and what it may cost at most: ``None`` without a ceiling. ``temperature`` is as
    in ``Question``.
    """

    task_class: str
    prompt: Prompt
    prompt_bytes: int
    output_limit: int
    temperature: float
    ceiling_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a model, made or not, and what came of it. ``findings`` are clauses about its endpoint."""

    model: str
    started_at: datetime
    latency_seconds: float
    reply: Answer | Failed
    cost: Cost
    usage: Usage | None
    reserved_usd: Decimal | None = None
    budget_day: str | None = None
    findings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Line:
    """The way to one endpoint."""

    endpoint: Endpoint
    base_url: str
    client: Client
    breaker: Breaker
    free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.free = asyncio.Semaphore(self.endpoint.concurrency)


class Switchboard:
    """The ways to all endpoints of a catalog. Open it and use it within one event loop, and close it."""

    def __init__(
        self,
        catalog: Catalog,
        environ: Mapping[str, str],
        budget: Budget,
        patience: Patience,
        persistence: Persistence,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._catalog = catalog
        self._budget = budget
        self._patience = patience
        self._persistence = persistence
        self._chance = chance
        self._addresses = {name: address(name, each, environ) for name, each in catalog.endpoints.items()}
        self._lines: dict[str, _Line] = {}

    async def open(self) -> tuple[Health, ...]:
        """Open the way to every endpoint whose address is known, and look at each: one that cannot be used now is left
        alone for a while. Raises ``ExtraMissing``.
        """
        known = {name: at for name, at in self._addresses.items() if isinstance(at, Address)}
        redactor = Redactor(at.key for at in known.values() if at.key)
        for name, at in known.items():
            endpoint = self._catalog.endpoints[name]
            self._lines[name] = _Line(endpoint, at.base_url, _client(endpoint, at, redactor), Breaker(self._patience))
        looks = (look(name, line.client, self._served(name)) for name, line in self._lines.items())
        found = await asyncio.gather(*looks)
        for health in found:
            if health.problem is not None:
                self._lines[health.endpoint].breaker.trip(health.problem)
        return tuple(found)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(line.client.close() for line in self._lines.values()))
        self._lines.clear()

    def unavailable(self) -> Mapping[str, str]:
        """The models that cannot be asked now, and why, as clauses."""
        reasons = {name: self._why_not(name) for name in self._addresses}
        return {
            name: why for name, model in self._catalog.models.items() if (why := reasons[model.endpoint]) is not None
        }

    async def ask(self, model: str, asking: Asking, calls: list[Called]) -> None:
        """Ask a model, and again where it failed for now. Each call is added to ``calls``, which holds those of the
        task before: the call that was cut off too, when this is cancelled or fails.
        """
        retry = 0
        while True:
            called = await self._call(model, asking, calls)
            calls.append(called)
            if isinstance(called.reply, Answer) or retry >= called.reply.nature.retries:
                return
            wait = self._persistence.wait(retry, called.reply.retry_after, self._chance())
            if wait is None:
                return
            await asyncio.sleep(wait)
            retry += 1

    async def _call(self, name: str, asking: Asking, calls: list[Called]) -> Called:
        model = self._catalog.models[name]
        line = self._lines.get(model.endpoint)
        if line is None:
            return _not_made(
                name, model.price, Kind.UNAVAILABLE, self._why_not(model.endpoint) or "nothing leads to its endpoint"
            )
        limit = model.output_limit(asking.output_limit)
        async with line.free:
            at = datetime.now(UTC)
            most = pricing.most_usd(model.price, asking.prompt_bytes, limit, at)
            if (why := _over_ceiling(most, asking.ceiling_usd, calls)) is not None:
                return _not_made(name, model.price, Kind.OVER_CEILING, why)
            reserved = await self._reserved(asking.task_class, most)
            if isinstance(reserved, Refusal):
                return _not_made(name, model.price, Kind.OVER_BUDGET, reserved.reason)
            if not line.breaker.admit():
                self._budget.settle(reserved, Decimal(0))
                return _not_made(name, model.price, Kind.UNAVAILABLE, line.breaker.why_not() or "its endpoint is down")
            question = Question(model.served_name, asking.prompt.system, asking.prompt.user, limit, asking.temperature)
            started = time.perf_counter()
            with asked(name, model, line.base_url, question) as tell:
                try:
                    reply = await line.client.ask(question)
                except BaseException as error:
                    line.breaker.abandoned()
                    calls.append(self._called(name, model, at, started, _cut_off(error), reserved))
                    raise
                _tell(line.breaker, reply)
                called = self._called(name, model, at, started, reply, reserved)
                tell(reply, called.latency_seconds, called.usage)
            return called

    def _called(
        self, name: str, model: Model, at: datetime, started: float, reply: Answer | Failed, reserved: Reservation
    ) -> Called:
        """A call that was made, with its reservation settled."""
        latency = time.perf_counter() - started
        usage, cost = _charged(model.price, reply, at)
        finding = self._budget.settle(reserved, cost.usd)
        clauses = (*(reply.findings if isinstance(reply, Answer) else ()), *((finding,) if finding else ()))
        findings = tuple(f"{name} at {model.endpoint}: {clause}" for clause in clauses)
        return Called(name, at, latency, reply, cost, usage, reserved.usd, reserved.day, findings)

    async def _reserved(self, task_class: str, most: Decimal | None) -> Reservation | Refusal:
        """Money for a call. Where others have reserved it, it is waited for: most calls cost less than they could."""
        deadline = time.monotonic() + SECONDS_FOR_MONEY
        while True:
            reserved = self._budget.reserve(task_class, most)
            if isinstance(reserved, Reservation) or not reserved.passing or time.monotonic() > deadline:
                return reserved
            await asyncio.sleep(_LOOKS_FOR_MONEY * (0.5 + self._chance()))

    def _why_not(self, endpoint: str) -> str | None:
        at = self._addresses[endpoint]
        if isinstance(at, str):
            return at
        line = self._lines.get(endpoint)
        return line.breaker.why_not() if line is not None else None

    def _served(self, endpoint: str) -> Iterator[str]:
        return (model.served_name for model in self._catalog.models.values() if model.endpoint == endpoint)


def _client(endpoint: Endpoint, at: Address, redactor: Redactor) -> Client:
    try:
        from omni_assets.router.calling.client import Client
    except ImportError:
        raise ExtraMissing("router", "asking a model") from None
    return Client(endpoint, at, redactor)


def _cut_off(error: BaseException) -> Failed:
    """Why nobody knows what became of a call. The error's own words may hold what must not be told."""
    if isinstance(error, asyncio.CancelledError):
        return Failed(Kind.CANCELLED, "the task was cancelled")
    return Failed(Kind.MALFORMED, f"the reply could not be taken ({type(error).__name__})")


def _not_made(model: str, price: Price | None, kind: Kind, why: str) -> Called:
    """A call that is not made, and costs nothing."""
    return Called(model, datetime.now(UTC), 0.0, Failed(kind, why), pricing.free_call(price), pricing.NO_TOKENS)


def _over_ceiling(most: Decimal | None, ceiling: Decimal | None, calls: Sequence[Called]) -> str | None:
    """Why a call could take its task beyond its price ceiling; ``None`` where it cannot."""
    if ceiling is None:
        return None
    if most is None:
        return f"what it can cost is not known, and {dollars(ceiling)} is the most for one task"
    spent = at_most(calls)
    if spent + most <= ceiling:
        return None
    return f"it can cost {dollars(most)}, {dollars(spent)} is spent, and {dollars(ceiling)} is the most for one task"


def at_most(calls: Iterable[Called]) -> Decimal:
    """What calls may have cost: where it is not known, all that was reserved for it."""
    counted = (call.reserved_usd if call.cost.usd is None else call.cost.usd for call in calls)
    return sum((each for each in counted if each is not None), Decimal(0))


def _charged(price: Price | None, reply: Answer | Failed, at: datetime) -> tuple[Usage | None, Cost]:
    """The tokens of a call and what they cost."""
    if reply.usage is not None:
        return reply.usage, pricing.price_call(price, reply.usage, at)
    if isinstance(reply, Failed) and not reply.nature.charged:
        return pricing.NO_TOKENS, pricing.free_call(price)
    return None, pricing.unmeasured_call(price)


def _tell(breaker: Breaker, reply: Answer | Failed) -> None:
    """Tell a breaker what became of a call. An endpoint that refuses is up."""
    if isinstance(reply, Failed) and reply.nature.transient:
        breaker.failed(reply.message)
    else:
        breaker.succeeded()
