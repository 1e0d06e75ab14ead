"""Whether everything that is declared works: on a broker of its own that creates no topic by itself, each topic takes a
record and gives it back, and each function in Python does the example of what it subscribes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from uuid import uuid4

from omni_assets.agents.approvals import NO_APPROVALS, Approvals
from omni_assets.agents.attempts import words_of
from omni_assets.agents.daemons import Daemons
from omni_assets.agents.effects import Effects, Sink
from omni_assets.agents.events import Event, to_record
from omni_assets.agents.handlers import function_of, python_handler
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.publishing import Outlet
from omni_assets.agents.task_context import TaskContext
from omni_assets.broker import ledger
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.ledger import LedgerRecord
from omni_assets.broker.local import lifecycle
from omni_assets.broker.local.watch import Watch
from omni_assets.broker.transfer import Target
from omni_assets.broker.worker import Outgoing
from omni_assets.contracts.faults import short
from omni_assets.contracts.model import Contract, Handler, HandlerKind, Manifest, Payload, Role
from omni_assets.contracts.payloads import payloads
from omni_assets.errors import OmniError
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision

SOURCE = "/omni-assets/smoke"
HANDLER_SECONDS = 60.0
"""How long a handler may take for its example."""

_AT_ONCE = 8


_ADDRESS = "OMNI_BOOTSTRAP_SERVERS"
_BEGINS_SECONDS, _ASKS_SECONDS = 0.3, 1.0  # clients begin and ask in threads of their own, a moment later


@dataclass(frozen=True, slots=True)
class Tried:
    """A topic, or a handler by its node and the topic of its example. ``why`` says as a clause what is wrong with it,
    empty where it works.
    """

    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Smoke:
    """What works. ``untried`` are the nodes whose function has no example to do."""

    topics: tuple[Tried, ...]
    handlers: tuple[Tried, ...]
    untried: tuple[str, ...]
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether everything that was tried works."""
        return not any(each.why for each in (*self.topics, *self.handlers))


def smoke(paths: Sequence[str] = (), *, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> Smoke:
    """Try everything that the contracts declare; nothing of it touches a broker that is there already.

    Raises ``InputError`` for contracts that cannot be read, and ``ProcessError`` where no broker can be started.
    """
    started = time.monotonic()
    with _stage(paths, environ, folder) as context:
        manifest = context.manifest()
        stated = payloads(manifest)
        provisioned = {each.topic: each.error or "" for each in provision(context, manifest, trigger="smoke").topics}
        with ThreadPoolExecutor(_AT_ONCE) as several:
            topics = tuple(
                several.map(
                    lambda name: Tried(name, provisioned[name] or _there_and_back(context, manifest, name, stated)),
                    manifest.topics,
                )
            )
        with Watch(context.bootstrap_servers) as watch, _pointed(watch.bootstrap_servers):
            handlers, untried = asyncio.run(_handlers(context, manifest, stated, watch))
    return Smoke(topics, handlers, untried, time.monotonic() - started)


@contextmanager
def _stage(paths: Sequence[str], environ: Mapping[str, str], folder: Path | None) -> Iterator[Context]:
    """The contracts of the project, with a broker and a state folder that are gone at the end."""
    sources = resolve(paths, environ=environ, folder=folder).sources
    with ExitStack() as afterwards:
        home = Path(tempfile.mkdtemp(prefix="omni-smoke-"))
        afterwards.callback(shutil.rmtree, home, ignore_errors=True)
        afterwards.callback(lifecycle.stop, home)
        broker = lifecycle.start(home, port=0)
        own = {name: value for name, value in environ.items() if not name.startswith("OMNI_")}
        place = {"OMNI_HOME": str(home), _ADDRESS: broker.bootstrap_servers, "OMNI_ENV": "local"}
        yield resolve(sources, environ={**own, **place}, folder=folder)


def _there_and_back(context: Context, manifest: Manifest, name: str, stated: Mapping[str, Payload]) -> str:
    """What keeps a record from coming back out of a topic, as a clause; empty where nothing does."""
    event = _example(name, stated.get(name))
    _, value, headers = to_record(event, None)
    facts = {header: fact.decode() for header, fact in headers}
    partitions = manifest.topics[name].spec.partitions or 1
    record = LedgerRecord(event.id, "smoke", value, facts)
    try:
        done = ledger.append(context.connection, Target(name, partitions), [record])
        if done.errors:
            return f"it does not take a record: {done.errors[event.id]}"
        found = any(each.headers.get("ce_id") == event.id for each in ledger.read(context.connection, name, partitions))
    except OmniError as error:
        return error.message.rstrip(".")
    return "" if found else "the record that it took does not come back"


async def _handlers(
    context: Context, manifest: Manifest, stated: Mapping[str, Payload], watch: Watch
) -> tuple[tuple[Tried, ...], tuple[str, ...]]:
    shapes = Payloads(stated)
    tried: list[Tried] = []
    untried: list[str] = []
    told: set[str] = set()
    threads = Daemons()
    for contract in manifest.contracts:
        if contract.handler is None or contract.handler.kind is not HandlerKind.PYTHON:
            continue
        examples = [topic for topic in _subscribed(contract) if topic in stated and stated[topic].example]
        if not examples:
            untried.append(contract.node)
        outlet = Outlet(manifest, contract.node, shapes, context.grammar())
        for topic in examples:
            why = await _does(contract.node, contract.handler, outlet, _example(topic, stated[topic]), threads)
            tried.append(Tried(f"{contract.node} on {topic}", why))
        if examples and (strange := sorted(await _touched(watch, contract) - told)):
            told.update(strange)  # a client that is left open asks again while other nodes are tried
            tried.append(Tried(f"{contract.node} by itself", _strayed(strange[0], contract)))
    return tuple(tried), tuple(untried)


async def _does(node: str, handler: Handler, outlet: Outlet, event: Event, threads: Executor) -> str:
    """What keeps a function from doing an example, as a clause; empty where nothing does. No effect is had: one that
    comes so far as to write down what it is about to do has done its example.
    """
    context = TaskContext(event.id, node, Place(Partition(event.type, 0), 0))
    effects = Effects(handler.effects, Sink(handler.intents, outlet.publish, _reached))
    approvals = Approvals(node, handler.approvals.requests) if handler.approvals else NO_APPROVALS
    try:
        handle = python_handler(handler.entry, threads)
        outlet.accept(event.type, event)
        async with asyncio.timeout(HANDLER_SECONDS):
            with _sampled(handler), effects.begin(event, context, {}) as steps:
                handled = await handle(event, replace(context, steps=steps))
        for number, said in enumerate(approvals.said(handled, event, context)):
            outlet.publish(said, event, f"{event.id}-{number}", None)
    except _Reached:
        return ""
    except TimeoutError:
        return f"it did not end within {HANDLER_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - whatever a handler does
        return words_of(error).rstrip(".") or type(error).__name__
    return ""


async def _touched(watch: Watch, contract: Contract) -> frozenset[str]:
    """The topics that clients of a node's own asked for, and that its contract does not name."""
    before = watch.clients
    await asyncio.sleep(_BEGINS_SECONDS)
    if watch.clients > before:
        await asyncio.sleep(_ASKS_SECONDS)
    return watch.take() - _named(contract)


def _strayed(topic: str, contract: Contract) -> str:
    near = get_close_matches(topic, sorted(_named(contract)), 1)
    meant = f": perhaps `{near[0]}` is meant" if near else ""
    return f"a client of its own asks for `{short(topic)}`, which its contract does not name{meant}"


def _named(contract: Contract) -> frozenset[str]:
    return frozenset(each.topic for each in contract.declarations)


@contextmanager
def _pointed(bootstrap_servers: str) -> Iterator[None]:
    """Handlers with a client of their own find the broker by this variable."""
    before = os.environ.get(_ADDRESS)
    os.environ[_ADDRESS] = bootstrap_servers
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ADDRESS]
        else:
            os.environ[_ADDRESS] = before


@contextmanager
def _sampled(handler: Handler) -> Iterator[None]:
    """What the examples of a handler are about, made anew in a folder of its own, with the variables that say where it
    is: both are gone at the end.
    """
    if not handler.sample:
        yield
        return
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="omni-sample-", ignore_cleanup_errors=True) as folder:
        os.environ.update(function_of(handler.sample)(Path(folder)))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


class _Reached(Exception):
    """A handler comes to an effect, and its intent is as its contract says."""


def _reached(_: Outgoing) -> None:
    raise _Reached


def _example(topic: str, payload: Payload | None) -> Event:
    number = uuid4().hex
    data = payload.example if payload is not None and payload.example else "{}"
    return Event(number, SOURCE, topic, None, datetime.now(UTC), number, None, data.encode())


def _subscribed(contract: Contract) -> list[str]:
    return sorted({each.topic for each in contract.declarations if each.role is Role.SUBSCRIBES})
