"""What an AsyncAPI 3 document says of topics, as contracts can state it; and what of it they cannot. Pure.

A document describes an application: its operations are those of one node, unless they say whose they are. It was
written by others: whatever is not as it should be is left out, and told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from omni_assets.contracts.asyncapi.payload_schemas import NotStatable, stated_schema
from omni_assets.contracts.asyncapi.references import LeadsNowhere, References, Steps
from omni_assets.contracts.asyncapi.vocabulary import ACTIONS, EXTENSION, pointer, stored
from omni_assets.contracts.faults import short
from omni_assets.contracts.model import Role, TopicSettings
from omni_assets.contracts.naming import MAX_LENGTH
from omni_assets.contracts.values import InvalidValue, normalise, positive

_ROLES = {action: role for role, action in ACTIONS.items()}
_OUTSIDE = {role.value: role for role in Role}
_LARGEST = {"partitions": 2**31 - 1, "replicas": 2**15 - 1}
_ON_A_BROKER = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_LENGTH}}}")
_NO_NAME = "application"
_WORD_BREAK = re.compile(r"[^a-z0-9]+")


class LeftOut(NamedTuple):
    """What of a document no contract states: the place, as a JSON pointer, and a clause that says why."""

    place: str
    why: str


class Channel(NamedTuple):
    """A channel that is a topic. ``schema`` and ``example`` are JSON text, or empty."""

    topic: str
    settings: TopicSettings
    outside: frozenset[Role]
    schema: str
    example: str


class End(NamedTuple):
    """A node at one end of a topic."""

    node: str
    role: Role
    topic: str


@dataclass(frozen=True, slots=True)
class Described:
    """What a document describes: topics by name, their ends, what each node is for, and what was left out."""

    channels: Mapping[str, Channel]
    ends: tuple[End, ...]
    purposes: Mapping[str, str]
    left_out: tuple[LeftOut, ...]


def described(document: Mapping[str, Any]) -> Described:
    """What the data of a document (``parsing.parsed``) says, in its order. Never fails: see ``left_out``."""
    return _Reading(document).described()


class _NoTopic(ValueError):
    """A channel that is no topic; ``str()`` is a clause that says why."""


class _Reading:
    """One document while it is read."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._references = References(document)
        self._topics: dict[Steps, str] = {}
        self._left_out: dict[LeftOut, None] = {}

    def described(self) -> Described:
        channels: dict[str, Channel] = {}
        for name in _mapping(self._document.get("channels")):
            try:
                channel = self._channel(("channels", name))
            except (LeadsNowhere, _NoTopic) as why:
                self._leave(("channels", name), str(why))
                continue
            if channel.topic in channels:
                self._leave(("channels", name), f"another channel is the topic `{short(channel.topic)}`, too")
                continue
            channels[channel.topic] = channel
        ends = dict.fromkeys(
            end for name in _mapping(self._document.get("operations")) for end in self._ends(("operations", name))
        )
        reached = {end.topic for end in ends}
        for at, topic in self._topics.items():
            if topic in channels and topic not in reached:
                self._leave(at, f"no operation sends to or receives from `{short(topic)}`, so nobody declares it")
                del channels[topic]
        return Described(MappingProxyType(channels), tuple(ends), self._purposes(), tuple(self._left_out))

    def _channel(self, at: Steps) -> Channel:
        """Raises ``LeadsNowhere`` and ``_NoTopic``."""
        found = self._references.followed(self._references.value(at), at)
        channel = _mapping(found.value)
        bindings = _mapping(self._at(channel, "bindings", found.at))
        if bindings and "kafka" not in bindings:
            raise _NoTopic(f"it is bound to {short(', '.join(bindings), 60)}, and not to Kafka")
        kafka = _mapping(bindings.get("kafka"))
        topic = kafka.get("topic") or channel.get("address")
        if not isinstance(topic, str) or not topic:
            raise _NoTopic("it has no address that is a text, so its topic is not known")
        if "{" in topic:
            raise _NoTopic(f"`{short(topic)}` holds a parameter, and contracts name each topic")
        if not _ON_A_BROKER.fullmatch(topic):
            raise _NoTopic(f"no broker takes the name `{short(topic)}`")
        for by in found.by:
            self._topics[by] = topic
        extension = _mapping(channel.get(EXTENSION))
        messages = [*self._messages(found.at, channel)]
        schema, example = self._payload(at, messages)
        return Channel(
            topic,
            TopicSettings(
                self._whole(at, kafka, "partitions"),
                self._whole(at, kafka, "replicas"),
                self._keyed(at, extension, messages),
                MappingProxyType(dict(sorted(self._config(at, kafka)))),
                self._every(at, extension),
            ),
            frozenset(self._outside(at, extension)),
            schema,
            example,
        )

    def _messages(self, at: Steps, channel: Mapping[str, Any]) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
        """The messages of a channel, and where each stands."""
        for name in _mapping(channel.get("messages")):
            here = (*at, "messages", name)
            try:
                found = self._references.followed(self._references.value(here), here)
            except LeadsNowhere as why:
                self._leave(here, str(why))
                continue
            message = _mapping(found.value)
            if "traits" in message:
                self._leave(found.at, "its traits are not read")
            yield found.at, message

    def _payload(self, at: Steps, messages: list[tuple[Steps, Mapping[str, Any]]]) -> tuple[str, str]:
        payloads = [(*here, "payload") for here, message in messages if "payload" in message]
        example = next((each for _, message in messages for each in _examples(message)), "")
        if not payloads:
            return "", example
        if len(payloads) < len(messages):
            self._leave(at, "one of its messages says nothing of its payload, so its schema is that of none")
            return "", example
        try:
            stated = stated_schema(self._references, payloads)
        except (NotStatable, LeadsNowhere) as why:
            self._leave(at, str(why))
            return "", example
        for each in stated.loose:
            self._leave(at, f"its schema stays as it is where {each}")
        return _json(stated.schema), example

    def _whole(self, at: Steps, kafka: Mapping[str, Any], key: str) -> int | None:
        value = kafka.get(key)
        if value is None:
            return None
        try:
            return positive(value, _LARGEST[key])
        except InvalidValue as why:
            self._leave(at, f"`{key}` cannot be used: {why}")
            return None

    def _config(self, at: Steps, kafka: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for key, value in _mapping(kafka.get("topicConfiguration")).items():
            if key.startswith("x-"):
                continue
            text = stored(value)
            try:
                yield key, normalise(key, text)
            except InvalidValue as why:
                self._leave(at, f"`{short(key, 60)}` cannot be used: {why if text is not None else 'it is no value'}")

    def _keyed(
        self, at: Steps, extension: Mapping[str, Any], messages: list[tuple[Steps, Mapping[str, Any]]]
    ) -> bool | None:
        keyed = extension.get("keyed")
        if isinstance(keyed, bool):
            return keyed
        if keyed is not None:
            self._leave(at, f"`{EXTENSION}.keyed` is neither true nor false")
        bound = (_mapping(_mapping(message.get("bindings")).get("kafka")) for _, message in messages)
        return True if any("key" in each for each in bound) else None

    def _every(self, at: Steps, extension: Mapping[str, Any]) -> int | None:
        every = extension.get("expected_every_ms")
        if every is None:
            return None
        try:
            return positive(every, 2**63 - 1)
        except InvalidValue as why:
            self._leave(at, f"`{EXTENSION}.expected_every_ms` cannot be used: {why}")
            return None

    def _outside(self, at: Steps, extension: Mapping[str, Any]) -> Iterator[Role]:
        stated = extension.get("outside", [])
        for each in stated if isinstance(stated, list) else [stated]:
            if isinstance(each, str) and each in _OUTSIDE:
                yield _OUTSIDE[each]
            else:
                self._leave(at, f"`{EXTENSION}.outside` names `{short(str(each), 60)}`, which is no end of a topic")

    def _ends(self, at: Steps) -> Iterator[End]:
        try:
            found = self._references.followed(self._references.value(at), at)
            operation = _mapping(found.value)
            reply = _mapping(self._at(operation, "reply", found.at))
        except LeadsNowhere as why:
            self._leave(at, str(why))
            return
        action = operation.get("action")
        role = _ROLES.get(action) if isinstance(action, str) else None
        if role is None:
            self._leave(at, "its action is neither `send` nor `receive`")
            return
        if "traits" in operation:
            self._leave(at, "its traits are not read")
        node = self._node(operation)
        yield from self._end(node, role, operation.get("channel"), at)
        if reply.get("channel") is not None:
            yield from self._end(node, role.other, reply["channel"], (*at, "reply"))

    def _end(self, node: str, role: Role, channel: Any, at: Steps) -> Iterator[End]:
        if not isinstance(channel, dict) or not isinstance(channel.get("$ref"), str):
            self._leave(at, "its channel is no reference")
            return
        try:
            found = self._references.followed(channel, at)
        except LeadsNowhere as why:
            self._leave(at, str(why))
            return
        topic = next((self._topics[by] for by in found.by if by in self._topics), None)
        if topic is None:
            self._leave(at, f"`{short(channel['$ref'])}` is no channel that is read")
            return
        yield End(node, role, topic)

    def _node(self, operation: Mapping[str, Any]) -> str:
        stated = _mapping(operation.get(EXTENSION)).get("node")
        if isinstance(stated, str) and stated.strip():
            return stated
        title = _mapping(self._document.get("info")).get("title")
        return _WORD_BREAK.sub("-", str(title or "").lower()).strip("-") or _NO_NAME

    def _purposes(self) -> Mapping[str, str]:
        tags = _mapping(self._document.get("info")).get("tags")
        named = [_mapping(each) for each in tags] if isinstance(tags, list) else []
        return MappingProxyType(
            {
                each["name"]: each["description"]
                for each in reversed(named)
                if isinstance(each.get("name"), str) and isinstance(each.get("description"), str)
            }
        )

    def _at(self, mapping: Mapping[str, Any], key: str, at: Steps) -> Any:
        """What stands under a key, a reference followed. Raises ``LeadsNowhere``."""
        return self._references.followed(mapping.get(key), (*at, key)).value

    def _leave(self, at: Steps, why: str) -> None:
        self._left_out[LeftOut(pointer(*at), why)] = None


def _examples(message: Mapping[str, Any]) -> Iterator[str]:
    stated = message.get("examples")
    for each in stated if isinstance(stated, list) else []:
        if isinstance(each, dict) and "payload" in each:
            yield _json(each["payload"])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
