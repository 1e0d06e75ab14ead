"""What a node may publish: what its contract names, of the shape that the topic's contract says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import JSON, Event, NotAnEvent, source_of, to_record
from omni_assets.agents.handlers import Said
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.traces import created, trace_extensions, trace_of
from omni_assets.broker.worker import Outgoing
from omni_assets.contracts.faults import short
from omni_assets.contracts.model import Manifest, Role
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.wiring.near_miss import NearNames
from omni_assets.telemetry.trace_context import TraceContext

BYTES = "application/octet-stream"
ORIGINAL_TOPIC = "ce_originaltopic"
"""The header of a record in a shadow topic that says where it would have gone."""

_MOST_NAMES = 5


class NotDeclared(Hopeless):
    """A node publishes a topic that its contract does not name. ``str()`` is a clause that names both."""


class Outlet:
    """The edge of one node: what it takes in, and what it may publish. ``now`` gives the time of its events."""

    def __init__(
        self,
        manifest: Manifest,
        node: str,
        payloads: Payloads,
        grammar: Grammar | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._node = node
        self._payloads = payloads
        self._grammar = grammar or Grammar()
        self._now = now
        published = {
            declaration.topic
            for contract in manifest.contracts
            if contract.node == node
            for declaration in contract.declarations
            if declaration.role is Role.PUBLISHES
        }
        letters = {name for name in published if self._grammar.is_dead_letter(manifest.topics[name].parts.kind)}
        self.topics = frozenset(published)
        """The topics that the node's contract lets it publish."""
        self.dead_letters = min(letters, default="")
        """Where what the node cannot handle goes; empty where its contract names no such topic."""
        self._answers = sorted(published - letters - _asides(manifest, node))

    def accept(self, topic: str, event: Event) -> None:
        """Raises ``PayloadUnfit`` where an event of ``topic`` is not what the topic's contract says."""
        self._payloads.check(topic, event)

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        """What a handler said as the record of an event that follows from ``cause``: it belongs to what that one
        belongs to, and to the same trace.

        Raises ``NotDeclared``, ``PayloadUnfit``, and ``Hopeless`` where no event can carry it.
        """
        topic = self._topic(said)
        with created(topic, event_id) as here:
            return self._made(topic, said, cause, event_id, key, here or trace_of(cause))

    def _made(
        self, topic: str, said: Said, cause: Event, event_id: str, key: bytes | None, place: TraceContext | None
    ) -> Outgoing:
        raw = isinstance(said.data, bytes)
        event = Event(
            id=event_id,
            source=source_of(self._node),
            type=topic,
            subject=cause.subject,
            time=self._now(),
            correlation_id=cause.correlation_id or cause.id,
            causation_id=cause.id,
            data=said.data if raw else _written(said.data),
            content_type=BYTES if raw and not self._payloads.judges(topic) else JSON,
            extensions=trace_extensions(place),
        )
        self._payloads.check(topic, event)
        try:
            record = to_record(event, key)
        except NotAnEvent as flaw:
            raise Hopeless(f"what it says for `{topic}` is no event: {flaw}") from None
        return Outgoing(topic, record.key, record.value, record.headers)

    def _topic(self, said: Said) -> str:
        if said.topic:
            if said.topic not in self.topics:
                raise NotDeclared(f"`{self._node}` may not publish `{short(said.topic)}`: {self._meant(said.topic)}")
            return said.topic
        if len(self._answers) != 1:
            raise NotDeclared(f"`{self._node}` does not say which topic it publishes: {self._named()}")
        return self._answers[0]

    def _meant(self, topic: str) -> str:
        near = self._near.of(topic, 1)
        return f"its contract names `{near[0].name}`" if near else self._named()

    def _named(self) -> str:
        names = [f"`{name}`" for name in self._answers[:_MOST_NAMES]]
        more = len(self._answers) - len(names)
        return f"its contract names {', '.join(names) or 'none'}" + (f" and {more} more" if more else "")

    @cached_property
    def _near(self) -> NearNames:
        return NearNames(self.topics, self._grammar)


def _asides(manifest: Manifest, node: str) -> set[str]:
    """Topics by which a node writes down its effects and asks people: no answers of its handler."""
    handlers = [each.handler for each in manifest.contracts if each.node == node and each.handler is not None]
    questions = {each.approvals.requests for each in handlers if each.approvals is not None}
    return questions | {each.intents for each in handlers}


class Shadow:
    """The edge of a node in a replay of which nothing is to reach anybody: what it says goes to one topic, with the one
    that was meant as the extension ``originaltopic``. What it cannot handle ends in its receipt alone.
    """

    dead_letters = ""

    def __init__(self, outlet: Outlet, topic: str) -> None:
        self._outlet = outlet
        self._topic = topic

    def accept(self, topic: str, event: Event) -> None:
        """As its outlet does."""
        self._outlet.accept(topic, event)

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        """What its outlet lets through, for the shadow's topic. Raises as that does."""
        meant = self._outlet.publish(said, cause, event_id, key)
        return meant._replace(topic=self._topic, headers=(*meant.headers, (ORIGINAL_TOPIC, meant.topic.encode())))


def _written(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as flaw:
        raise Hopeless(f"what it says is no JSON: {flaw}") from None
