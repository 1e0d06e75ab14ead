"""Contracts and findings as compact JSON, to be read back without the work that led to them.

The path of a contract is not stored: it is the reader's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from omni_assets.contracts.model import (
    NO_SETTINGS,
    After,
    Approvals,
    Contract,
    Declaration,
    Finding,
    Handler,
    HandlerKind,
    Location,
    Outside,
    Payload,
    Role,
    Severity,
    TopicSettings,
)
from omni_assets.contracts.rules import RULES

_ROLES = {role.value: role for role in Role}
_SEVERITIES = {severity.value: severity for severity in Severity}
_NOT_STORED = (ValueError, KeyError, TypeError, RecursionError)
_RULES = {rule.code: rule for rule in RULES}


def stored(contract: Contract) -> str:
    """The contract as JSON. ``restored`` is its inverse."""
    return json.dumps(
        [
            contract.node,
            _place(contract.location),
            [_declaration(each) for each in contract.declarations],
            [_declaration(each) for each in contract.misnamed],
            [[each.topic, each.role.value, _place(each.location)] for each in contract.outside],
            [_finding(each, contract.location.path) for each in contract.findings],
            contract.digest,
            _handler(contract.handler),
            [[each.node, *_place(each.location)] for each in contract.order],
            [_payload(each) for each in contract.payloads],
            contract.description,
        ],
        separators=(",", ":"),
    )


def restored(text: str | None, path: str) -> Contract | None:
    """The contract that was stored, as that at ``path``; ``None`` where ``text`` is none that was."""
    if text is None:
        return None
    try:
        return _contract(json.loads(text), path)
    except _NOT_STORED:
        return None


def stored_findings(findings: Iterable[Finding]) -> str:
    """Findings as JSON. ``restored_findings`` is its inverse."""
    return json.dumps([_finding(each, "") for each in findings], separators=(",", ":"))


def restored_findings(text: str | None) -> tuple[Finding, ...] | None:
    """The findings that were stored; ``None`` where ``text`` is none that was."""
    if text is None:
        return None
    try:
        return tuple([_to_finding(each, "") for each in json.loads(text)])
    except _NOT_STORED:
        return None


def _contract(document: Any, path: str) -> Contract:
    node, (line, column), declarations, misnamed, outside, findings, digest, handler, order, payloads, said = document
    return Contract(
        node,
        Location(path, line, column),
        tuple([_to_declaration(each, node, path) for each in declarations]),
        tuple([_to_finding(each, path) for each in findings]),
        digest,
        tuple([_to_declaration(each, node, path) for each in misnamed]),
        tuple([Outside(topic, _ROLES[role], Location(path, *place)) for topic, role, place in outside]),
        _to_handler(handler, path),
        tuple([After(name, Location(path, *place)) for name, *place in order]),
        tuple([_to_payload(each, path) for each in payloads]),
        said,
    )


def _place(location: Location) -> tuple[int, int]:
    return location.line, location.column


def _declaration(each: Declaration) -> list[Any]:
    settings = each.settings
    whole = (settings.partitions, settings.replication_factor, settings.keyed, settings.expected_every)
    stated = [*whole, dict(settings.config)] if settings else 0
    return [each.topic, each.role.value, each.form, *_place(each.location), stated]


def _to_declaration(stored: list[Any], node: str, path: str) -> Declaration:
    topic, role, form, line, column, stated = stored
    settings = NO_SETTINGS
    if stated:
        partitions, replication_factor, keyed, every, config = stated
        settings = TopicSettings(partitions, replication_factor, keyed, MappingProxyType(config), every)
    return Declaration(topic, _ROLES[role], node, form, Location(path, line, column), settings)


def _handler(handler: Handler | None) -> list[Any] | int:
    if handler is None:
        return 0
    beside = handler.effects, handler.intents, handler.approvals, handler.sample
    return [handler.kind.value, *_place(handler.location), handler.task_class, handler.entry, *beside]


def _to_handler(stored: Any, path: str) -> Handler | None:
    if not stored:
        return None
    kind, line, column, task_class, entry, effects, intents, topics, sample = stored
    approvals = Approvals(*topics) if topics else None
    place = Location(path, line, column)
    return Handler(HandlerKind(kind), place, task_class, entry, tuple(effects), intents, approvals, sample)


def _payload(each: Payload) -> list[Any]:
    return [each.topic, *_place(each.location), each.schema, each.schema_ref, each.example, each.flaw]


def _to_payload(stored: list[Any], path: str) -> Payload:
    topic, line, column, *texts = stored
    return Payload(topic, Location(path, line, column), *texts)


def _finding(each: Finding, base: str) -> list[Any]:
    related = [[_far(place, base), what] for place, what in each.related]
    where = _far(each.location, base)
    return [each.rule.code, each.message, where, each.severity.value, each.topic, related, each.fix, each.near]


def _to_finding(stored: list[Any], base: str) -> Finding:
    code, message, where, severity, topic, related, fix, near = stored
    return Finding(
        _RULES[code],
        message,
        _to_far(where, base),
        _SEVERITIES[severity],
        topic,
        tuple([(_to_far(place, base), what) for place, what in related]),
        fix,
        tuple(near),
    )


def _far(location: Location, base: str) -> tuple[int, int] | tuple[int, int, str]:
    """A place; its path only where it is another than ``base``."""
    near = location.line, location.column
    return near if location.path == base else (*near, location.path)


def _to_far(stored: list[Any], base: str) -> Location:
    line, column, *path = stored
    return Location(path[0] if path else base, line, column)
