"""Everything that is known about one topic: who, where, settings, findings, near names, and what its broker had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from omni_assets.contracts.mentions import Mentions
from omni_assets.contracts.model import Declaration, Finding, Topic
from omni_assets.contracts.wiring.graph import Ends, wire
from omni_assets.contracts.wiring.near_miss import Near, NearNames
from omni_assets.errors import StateError
from omni_assets.operations.check import check, scope
from omni_assets.operations.context import Context
from omni_assets.operations.observe import OpenDrift
from omni_assets.operations.recording import stored_drift

MOST_NEAR = 5


@dataclass(frozen=True, slots=True)
class LastSeen:
    """What was projected last of the broker: the topic's open drift."""

    bootstrap_servers: str
    observed_at: datetime
    drift: tuple[OpenDrift, ...]


@dataclass(frozen=True, slots=True)
class NearName:
    """A declared name that is nearly the one asked for, and a declaration of it."""

    near: Near
    declaration: Declaration


@dataclass(frozen=True, slots=True)
class Explanation:
    """``topic`` and ``ends`` are ``None`` for a name that no contract declares, ``topic`` alone for a declared one that
    breaks the grammar. ``seen`` is ``None`` where no broker was observed yet."""

    name: str
    topic: Topic | None
    ends: Ends | None
    findings: tuple[Finding, ...]
    near: tuple[NearName, ...]
    seen: LastSeen | None


def explain(context: Context, name: str) -> Explanation:
    """Everything known about ``name``, which need not be declared. As in a contract, an environment's placeholder or a
    broker's address in front of it is left out.

    Raises ``PathNotFound``, ``NoContracts`` and ``SettingsError``.
    """
    report = check(scope(context, ()))
    wiring = wire(report.manifest, context.grammar())
    ends = {**wiring.topics, **wiring.misnamed}
    mention = Mentions(context.grammar()).sole(name)
    name = mention.written if mention and name not in ends else name
    names = NearNames(ends, context.grammar())
    return Explanation(
        name,
        report.manifest.topics.get(name),
        ends.get(name),
        tuple(each for each in report.findings if each.topic == name or name in each.near[:1]),
        tuple(NearName(near, _declaration(ends[near.name])) for near in names.of(name, MOST_NEAR)),
        _seen(context, name),
    )


def _declaration(ends: Ends) -> Declaration:
    return (ends.publishers or ends.subscribers)[0]


def _seen(context: Context, name: str) -> LastSeen | None:
    try:
        observation, drift = stored_drift(context)
    except StateError:
        return None  # nothing was projected yet, or cannot be read: `omni drift` says which
    about = tuple(OpenDrift(*each) for each in drift if each[0].topic == name)
    return LastSeen(observation.bootstrap_servers, observation.observed_at, about)
