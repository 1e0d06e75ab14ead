"""Records that agents work on again: a part of one topic, with new receipts that point to the old ones.

Which part is fixed at the start and kept on the broker, beside how far each node has come: a replay that was killed is
gone on with by its id, from wherever, and each record has one receipt in it. Live work is not touched by it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from uuid import uuid4

from omni_assets.agents.publishing import Outlet, Shadow
from omni_assets.broker import replays
from omni_assets.broker.replays import Plan, PlanTooLarge
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.broker.worker import Received
from omni_assets.contracts.model import Manifest, Role
from omni_assets.errors import BrokerError, InputError, ReadOnly, ReplayRefused, UnknownName
from omni_assets.operations.agents.ranges import Bound, spans
from omni_assets.operations.agents.working import CONCURRENCY, Edge, Staffed, Stint, Worked, staffed, work_for
from omni_assets.operations.context import Context
from omni_assets.operations.routing.ledger import NoLedger, ledger_topic

_ID = re.compile(r"[0-9a-f]{12}")
_PROVISION = "`omni provision` creates what the contracts declare."


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What is to be worked on again: the records of ``topic`` from ``start`` up to, and without, ``end`` (or what is
    there now), by all ``nodes`` that have a handler and subscribe it, or by those that are named.

    With ``key`` the records of that key alone. With ``shadow`` what comes of them goes to that topic and nowhere else.
    Nodes that have effects outside the bus take part only ``with_effects``, and what one of them has not worked on yet
    is left out then.
    """

    topic: str
    start: Bound
    end: Bound | None = None
    nodes: tuple[str, ...] = ()
    key: str | None = None
    shadow: str = ""
    with_effects: bool = False


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did, in this go: tasks by node and outcome.

    ``left`` are offsets that were not come to, for which it can be gone on with. ``kept`` is why the broker still has
    the plan of one that has ended, as a sentence; empty where it has not.
    """

    plan: Plan
    worked: tuple[Worked, ...]
    left: int
    seconds: float
    kept: str = ""


def prepare(context: Context, request: ReplayRequest) -> Plan:
    """What a replay would do; nothing is written.

    Raises ``ReplayRefused`` where it must not be done, ``InputError`` and ``BrokerError``.
    """
    manifest = context.manifest()
    if request.topic not in manifest.topics:
        raise UnknownName(request.topic, get_close_matches(request.topic, manifest.topics, 1))
    staff = _staff(manifest, request)
    with context.admin() as admin:
        topics = admin.topics(sorted({request.topic, request.shadow} - {""}))
    _may_shadow(context, manifest, topics, request)
    partitions = _partitions(context, topics, request)
    log = replays.reach(context.connection, request.topic, partitions)
    start = _offsets(context, request, log, request.start)
    end = _offsets(context, request, log, _ends(log) if request.end is None else request.end)
    end = _before_live_work(context, request.topic, staff, end)
    nodes = tuple(each.node for each in staff)
    return Plan(uuid4().hex[:12], request.topic, spans(log, start, end), nodes, request.key, request.shadow)


def resumable(context: Context, replay: str) -> Plan:
    """What a replay that has not ended is about. Raises ``InputError`` where there is none, and ``BrokerError``."""
    if _ID.fullmatch(replay) is None:
        raise InputError(f"`{replay}` is no id of a replay.", "It has twelve signs, such as 3f2a9c1b77de.")
    with context.admin() as admin:
        plan = replays.kept(context.connection, replay)
        topics = {} if plan is None else admin.topics([plan.topic])
    if plan is None:
        raise InputError(
            f"no replay `{replay}` is unfinished at {context.bootstrap_servers}.",
            "It has ended, or the broker has forgotten it: brokers keep it for a week, unless they are told otherwise.",
        )
    seen = topics.get(plan.topic)
    log = replays.reach(context.connection, plan.topic, seen.partitions or 0) if seen is not None else {}
    for each, span in plan.spans.items():
        if each not in log or log[each].stop < span.stop:
            raise ReplayRefused(plan.topic, "it was made anew since that replay was begun", "Begin another one.")
    return plan


async def replay(
    context: Context,
    request: ReplayRequest,
    *,
    concurrency: int = CONCURRENCY,
    begun: Callable[[Plan], None] = lambda _: None,
    told: Callable[[int], None] = lambda _: None,
    environ: Mapping[str, str] = os.environ,
) -> Replayed:
    """Work on the records again, up to the end of the range. ``begun`` hears what it is about as soon as it can be gone
    on with, ``told`` how many records were read so far, by all nodes together.

    Raises ``ReplayRefused``, ``ReadOnly`` and what ``work`` raises.
    """
    plan = await asyncio.to_thread(prepare, context, request)
    await asyncio.to_thread(begin, context, plan)
    begun(plan)
    return await go_on(context, plan, concurrency=concurrency, told=told, environ=environ)


def begin(context: Context, plan: Plan) -> None:
    """Have the broker keep what was prepared, so that it can be gone on with from now on.

    Raises ``ReplayRefused``, ``ReadOnly`` and ``BrokerError``.
    """
    if context.connection.read_only:
        raise ReadOnly(f"replaying {plan.topic}")
    try:
        replays.keep(context.connection, plan)
    except PlanTooLarge:
        raise ReplayRefused(plan.topic, "its nodes or its key are more than can be kept", "Name fewer nodes.") from None


async def go_on(
    context: Context,
    plan: Plan,
    *,
    concurrency: int = CONCURRENCY,
    told: Callable[[int], None] = lambda _: None,
    environ: Mapping[str, str] = os.environ,
) -> Replayed:
    """A replay that was begun, from where each node stands to its end; afterwards the broker has nothing of it.

    Raises as ``replay`` does.
    """
    started = time.monotonic()
    if not plan.spans:
        return Replayed(plan, (), 0, 0.0)
    manifest = context.manifest()
    staff = tuple(replace(each, topics=(plan.topic,)) for each in staffed(manifest, plan.nodes))
    worked = await work_for(
        context, manifest, _stint(context, plan, staff, told), concurrency=concurrency, environ=environ
    )
    left = await asyncio.to_thread(replays.left, context.connection, plan)
    kept = "" if left else await asyncio.to_thread(_forgotten, context, plan)
    return Replayed(plan, worked, left, time.monotonic() - started, kept)


def _staff(manifest: Manifest, request: ReplayRequest) -> tuple[Staffed, ...]:
    """Who works on the topic. Raises ``ReplayRefused``."""
    topic = request.topic
    staff = tuple(each for each in staffed(manifest, request.nodes) if topic in each.topics)
    deaf = sorted(set(request.nodes) - {each.node for each in staff})
    if deaf:
        raise ReplayRefused(topic, f"`{deaf[0]}` does not work on it", f"`omni explain {topic}` shows who does.")
    if not staff:
        raise ReplayRefused(topic, "no node that has a handler subscribes it", "Give one that does a handler.")
    outside = [each for each in staff if each.handler.effects]
    if outside and request.shadow:
        raise ReplayRefused(
            topic,
            f"`{outside[0].node}` has effects outside the bus, which no shadow topic keeps in",
            "Name other nodes, or replay it without a shadow topic.",
        )
    if outside and not request.with_effects:
        effects = ", ".join(f"`{each}`" for each in outside[0].handler.effects)
        raise ReplayRefused(
            topic,
            f"`{outside[0].node}` has effects outside the bus ({effects})",
            "Name other nodes, or say that it may have them: what is found to have happened is not repeated.",
        )
    return staff


def _may_shadow(
    context: Context, manifest: Manifest, topics: Mapping[str, ObservedTopic], request: ReplayRequest
) -> None:
    """Raises ``ReplayRefused`` where results must not go to the shadow topic."""
    shadow = request.shadow
    if not shadow:
        return
    readers = sorted(
        contract.node
        for contract in manifest.contracts
        for each in contract.declarations
        if each.topic == shadow and each.role is Role.SUBSCRIBES
    )
    other = "Name a topic that nobody subscribes."
    if readers:
        raise ReplayRefused(request.topic, f"its shadow topic `{shadow}` is subscribed by `{readers[0]}`", other)
    if shadow == _ledger(context, manifest):
        raise ReplayRefused(request.topic, f"its shadow topic `{shadow}` is the ledger of receipts", other)
    if shadow not in topics:
        raise ReplayRefused(
            request.topic, f"its shadow topic `{shadow}` is not at {context.bootstrap_servers}", "Create it first."
        )


def _ledger(context: Context, manifest: Manifest) -> str:
    try:
        return ledger_topic(manifest, context.settings.router.ledger_node).name
    except NoLedger:
        return ""


def _partitions(context: Context, topics: Mapping[str, ObservedTopic], request: ReplayRequest) -> int:
    seen = topics.get(request.topic)
    if seen is None:
        raise ReplayRefused(request.topic, f"it is not at {context.bootstrap_servers}", _PROVISION)
    if not seen.partitions:
        raise ReplayRefused(request.topic, f"its partitions were not seen: {seen.unknown or 'none is listed'}", "")
    return seen.partitions


def _offsets(context: Context, request: ReplayRequest, log: Mapping[int, range], bound: Bound) -> Mapping[int, int]:
    """A bound as offsets. Raises ``ReplayRefused`` for a partition that there is none of, and ``BrokerError``."""
    if isinstance(bound, datetime):
        return replays.since(context.connection, request.topic, len(log), bound)
    beyond = sorted(bound.keys() - log.keys())
    if beyond:
        raise ReplayRefused(
            request.topic, f"it has no partition {beyond[0]}", f"Its partitions are 0 to {len(log) - 1}."
        )
    return bound


def _before_live_work(
    context: Context, topic: str, staff: Iterable[Staffed], end: Mapping[int, int]
) -> Mapping[int, int]:
    """No further than those have come that have effects: live work might have the same ones at the same time, and
    neither would find those of the other.
    """
    for each in staff:
        if each.handler.effects:
            come = replays.come_to(context.connection, each.node, topic)
            end = {partition: min(offset, come.get(partition, 0)) for partition, offset in end.items()}
    return end


def _ends(log: Mapping[int, range]) -> Mapping[int, int]:
    return {each: span.stop for each, span in log.items()}


def _stint(context: Context, plan: Plan, staff: tuple[Staffed, ...], told: Callable[[int], None]) -> Stint:
    read = itertools.count(1)
    key = None if plan.key is None else plan.key.encode()

    def wanted(received: Received) -> bool:
        told(next(read))
        return key is None or received.key == key

    def still_there() -> None:
        """Positions that were read before the plan was gone are those of this replay; later ones would be none."""
        if replays.kept(context.connection, plan.id) is None:
            raise InputError(f"the replay `{plan.id}` was ended by another process.", "Nothing is left to do.")

    def edge(outlet: Outlet) -> Edge:
        return Shadow(outlet, plan.shadow) if plan.shadow else outlet

    return Stint(
        staff,
        idle_seconds=0.0,
        replay=plan.id,
        spans={(plan.topic, each): span for each, span in plan.spans.items()},
        wanted=wanted,
        edge=edge,
        begun=still_there,
    )


def _forgotten(context: Context, plan: Plan) -> str:
    try:
        replays.forget(context.connection, plan)
    except BrokerError as error:
        return str(error)
    return ""
