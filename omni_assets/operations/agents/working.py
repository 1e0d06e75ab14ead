"""The workers of a project's nodes: each node that has a handler works on what it subscribes, until nothing is left or
until it is ended."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from omni_assets.agents.attempts import Patience
from omni_assets.agents.breaker import Breaker
from omni_assets.agents.daemons import Daemons
from omni_assets.agents.drain import Drain
from omni_assets.agents.handlers import Handle, llm_handler, python_handler
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.publishing import Outlet
from omni_assets.agents.room import Room
from omni_assets.agents.routing import RoutingTopics, router_handler, routing_topics
from omni_assets.agents.runner import run
from omni_assets.agents.seen import Seen
from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.agents.working import Gate, Post, Working
from omni_assets.broker.worker import Received, Seat
from omni_assets.contracts.model import Contract, Handler, HandlerKind, Manifest, Role
from omni_assets.contracts.payloads import payloads
from omni_assets.errors import DeadLettersHeld, HandlerUnusable, InputError, UnknownName
from omni_assets.operations.agents.approving import approvals_of
from omni_assets.operations.agents.call_log import calls_of
from omni_assets.operations.agents.intents import effects_of, recalled
from omni_assets.operations.agents.noted import known
from omni_assets.operations.context import Context
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.routing.ledger import NoLedger, ledger_topic
from omni_assets.operations.routing.opening import opened
from omni_assets.operations.targets import readable

CONCURRENCY = 16
"""Calls of handlers that run at once in one worker where nobody says otherwise."""

IDLE_SECONDS = 1.0
"""How long nothing has to come before a drain ends."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Staffed:
    """A node that has a handler, and the topics that it works on."""

    node: str
    handler: Handler
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """What was committed for one node: tasks by outcome."""

    node: str
    tasks: Mapping[TaskOutcome, int]


@dataclass(frozen=True, slots=True)
class Stint:
    """What the workers of some nodes do, and until when: with ``idle_seconds`` until nothing came for so
    long for any of them, since what one of them says may be what another one works on.

    A ``replay`` is done beside live work, in seats and with receipts of its own: of ``spans`` the records that are
    ``wanted``. ``edge`` is where what a node says goes. ``begun`` is called whenever partitions were assigned, before
    anything is worked on.
    """

    staff: tuple[Staffed, ...]
    slot: int = 0
    idle_seconds: float | None = None
    replay: str = ""
    spans: Mapping[tuple[str, int], range] | None = None
    wanted: Callable[[Received], bool] = lambda _: True
    edge: Callable[[Outlet], Edge] = lambda outlet: outlet
    begun: Callable[[], None] = lambda: None


class Edge(Gate, Protocol):
    """The edge of a node, and where what it cannot handle goes; empty where that is nowhere."""

    @property
    def dead_letters(self) -> str:
        """The topic of its dead letters."""


def staffed(manifest: Manifest, nodes: Sequence[str] = ()) -> tuple[Staffed, ...]:
    """The nodes that have a handler and subscribe something, by name; of those named, all.

    Raises ``UnknownName``, and ``HandlerUnusable`` where a named one has none.
    """
    found = {each.node: each for each in map(_staffed, manifest.contracts) if each is not None}
    known = {contract.node for contract in manifest.contracts}
    for name in nodes:
        if name not in known:
            raise UnknownName(name, get_close_matches(name, sorted(known), 1))
        if name not in found:
            raise HandlerUnusable(name, "its contract names no handler that can be used, or subscribes nothing")
    return tuple(found[name] for name in sorted(nodes or found))


async def work(
    context: Context,
    *,
    nodes: Sequence[str] = (),
    slot: int = 0,
    concurrency: int = CONCURRENCY,
    drain: bool = False,
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
    environ: Mapping[str, str] = os.environ,
) -> tuple[Worked, ...]:
    """Work for the nodes, in the seats of one slot; with ``drain`` until nothing is left, else until it is cancelled.

    Raises ``InputError``, ``BrokerError`` (``WorkerReplaced`` where another took one of the seats), what opening a
    router raises, and ``DeadLettersHeld``.
    """
    manifest = context.manifest()
    staff = staffed(manifest, nodes)
    if not staff:
        raise InputError("no contract names a handler, so there is nothing to work for.", "docs/agents.md shows one.")
    ledger = _ledger(context, manifest)
    for each in staff:
        if ledger in each.topics:
            raise HandlerUnusable(each.node, f"it subscribes `{ledger}`, so the receipt of each of its tasks is a task")
    stint = Stint(staff, slot, IDLE_SECONDS if drain else None)
    return await work_for(context, manifest, stint, concurrency=concurrency, patience=patience, environ=environ)


async def work_for(
    context: Context,
    manifest: Manifest,
    stint: Stint,
    *,
    concurrency: int = CONCURRENCY,
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
    environ: Mapping[str, str] = os.environ,
) -> tuple[Worked, ...]:
    """Work through a stint, or until it is cancelled. Raises as ``work`` does.

    Where the worker of a node stops before its dead letters are a flood, those of other nodes come to their end first,
    if their stint has one.
    """
    ledger = _ledger(context, manifest)
    cluster, partitions = await asyncio.to_thread(_present, context, manifest, stint.staff, ledger)
    shapes, room = Payloads(payloads(manifest)), Room(concurrency)
    held: list[DeadLettersHeld] = []
    seats = {each.node: Seat(each.node, each.topics, stint.slot, stint.replay, stint.spans) for each in stint.staff}
    drain = None if stint.idle_seconds is None else Drain((s.member for s in seats.values()), stint.idle_seconds)
    async with _handlers(context, manifest, stint.staff, environ) as handlers, AsyncExitStack() as logs:

        async def one(each: Staffed) -> Worked:
            outlet = Outlet(manifest, each.node, shapes, context.grammar())
            edge = stint.edge(outlet)
            kind, letters = each.handler.kind, edge.dead_letters
            post = Post(each.node, kind, cluster, ledger, letters, context.environment, stint.replay)
            breaker = Breaker(each.node, context.settings.agents.breaker)
            window = context.settings.agents.idempotency_window
            seen = Seen(window)
            # A replay has its effects where live work has them: what happened already is found, and not repeated.
            effects = effects_of(context.connection, each.handler, outlet, partitions)
            approvals = approvals_of(context.connection, each.node, each.handler)

            told: Mapping[int, int] = {}

            def prepared() -> Callable[[], None]:
                nonlocal told
                stint.begun()
                noted = known(
                    context.connection,
                    ledger,
                    partitions[ledger],
                    each.node,
                    window=window,
                    replay=stint.replay,
                    since=told,
                )
                told = noted.upto
                intents = recalled(context.connection, each.handler.intents, partitions)

                def recall() -> None:
                    seen.recall(noted.seen)
                    breaker.recall(noted.outcomes, noted.hidden)
                    effects.recall(intents)

                return recall

            calls = logs.enter_context(calls_of(context.home, seats[each.node].member))
            _log.info("a worker begins", extra={"facts": {"node": each.node, "member": seats[each.node].member}})
            working = Working(post, handlers[each.node], edge, seen, patience, room, effects, approvals, calls)
            try:
                settled = await run(
                    context.connection,
                    seats[each.node],
                    working.work,
                    drain=drain,
                    prepared=prepared,
                    wanted=stint.wanted,
                    around=breaker.around,
                    leaving=effects.leave,
                    alive=effects.alive,
                )
            except DeadLettersHeld as error:
                if drain is None:
                    raise
                held.append(error)
                return Worked(each.node, {})
            ended = {outcome.value: number for outcome, number in sorted(settled.items())}
            _log.info("a worker has ended", extra={"facts": {"node": each.node, **ended}})
            return Worked(each.node, settled)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(each)) for each in stint.staff]
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
    if held:
        raise held[0]
    return tuple(task.result() for task in tasks)


def _staffed(contract: Contract) -> Staffed | None:
    """The intents that a node writes are no records that it works on."""
    if contract.handler is None:
        return None
    subscribed = {each.topic for each in contract.declarations if each.role is Role.SUBSCRIBES}
    topics = subscribed - {contract.handler.intents}
    if not topics:
        return None
    return Staffed(contract.node, contract.handler, tuple(sorted(topics)))


def _ledger(context: Context, manifest: Manifest) -> str:
    try:
        return ledger_topic(manifest, context.settings.router.ledger_node).name
    except NoLedger as missing:
        raise InputError(f"receipts of tasks have no place to go. {missing}") from None


def _present(
    context: Context, manifest: Manifest, staff: Iterable[Staffed], ledger: str
) -> tuple[str, Mapping[str, int]]:
    """The cluster, and how many partitions the topics have. Nothing is worked on where one is missing."""
    names = {each.node for each in staff}
    wanted = {ledger} | {
        declaration.topic
        for contract in manifest.contracts
        if contract.node in names
        for declaration in contract.declarations
    }
    with context.admin() as admin:
        snapshot = admin.snapshot(tuple(sorted(wanted)))
    missing = sorted(name for name in wanted if name not in snapshot.topics)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(
            f"`{missing[0]}`{more} is not at {context.bootstrap_servers}, so nothing is worked on.",
            "`omni provision` creates what the contracts declare.",
        )
    return cluster_of(snapshot), {name: readable(snapshot.topics[name]) for name in wanted}


@asynccontextmanager
async def _handlers(
    context: Context, manifest: Manifest, staff: Iterable[Staffed], environ: Mapping[str, str]
) -> AsyncIterator[Mapping[str, Handle]]:
    """What works for each node. A router is opened where a node needs one."""
    async with AsyncExitStack() as stack:
        threads = Daemons()
        asking = [each for each in staff if each.handler.kind is not HandlerKind.PYTHON]
        router = await stack.enter_async_context(opened(context, environ=environ)) if asking else None
        handlers: dict[str, Handle] = {}
        for each in staff:
            if each.handler.kind is HandlerKind.PYTHON:
                handlers[each.node] = python_handler(each.handler.entry, threads)
            elif router is not None and each.handler.kind is HandlerKind.ROUTER:
                handlers[each.node] = router_handler(router, _routing_topics(manifest, each.node))
            elif router is not None:
                handlers[each.node] = llm_handler(router, each.handler.task_class)
        yield handlers


def _routing_topics(manifest: Manifest, node: str) -> RoutingTopics:
    """Where a router says what: told from the events that its topics name. Raises ``HandlerUnusable``."""
    published = {
        manifest.topics[each.topic].parts.event: each.topic
        for contract in manifest.contracts
        if contract.node == node
        for each in contract.declarations
        if each.role is Role.PUBLISHES
    }
    try:
        return routing_topics(published)
    except KeyError as missing:
        raise HandlerUnusable(
            node, f"it is a router, and publishes no topic of the event `{missing.args[0]}`"
        ) from None
