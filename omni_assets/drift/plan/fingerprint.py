"""A hash over everything that a plan rests on: when it differs, the plan is stale. Pure.

It covers the specs, the observed state of the topics concerned, the owner's rules for them, and what the broker honours
as far as it decides about them. It covers neither times nor health nor any other topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedTopic
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.drift.policy import Policy, Rule


def state_hash(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    topics: Iterable[str],
    policy: Policy,
    capabilities: Capabilities | None = None,
    flows: Flows | None = None,
) -> str:
    """SHA-256 in hex over what a plan for ``topics`` rests on. With ``flows``, which a deletion rests on, also over
    what the topics hold and who reads them."""
    names = sorted(set(topics))
    state = {
        "topics": {name: _topic(name, manifest, snapshot, capabilities or Capabilities("")) for name in names},
        "policy": _policy(policy),
        "flows": None if flows is None else {name: _flow(name, flows) for name in names},
        "min_age_to_delete": None if flows is None else policy.min_age_to_delete.total_seconds(),
    }
    return digest(state)


def digest(value: object) -> str:
    """SHA-256 in hex over a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def _topic(name: str, manifest: Manifest, snapshot: BrokerSnapshot, capabilities: Capabilities) -> dict[str, Any]:
    declared, observed = manifest.topics.get(name), snapshot.topics.get(name)
    keys = frozenset() if declared is None else frozenset(declared.spec.config)
    moves = _moves(declared, observed)
    return {
        "declared": None if declared is None else _spec(declared),
        "observed": None if observed is None else _observed(observed, keys),
        "brokers": len(snapshot.brokers) if moves else None,
        "replication_by_config": capabilities.replication_by_config if moves else None,
        "no_effect": sorted(capabilities.no_effect_keys & keys),
        "rejected": sorted(capabilities.rejected_keys & keys),
    }


def _moves(declared: Topic | None, observed: ObservedTopic | None) -> bool:
    """Whether the replication factor is one of the things that differ."""
    if declared is None or declared.spec.replication_factor is None:
        return False
    return observed is None or any(replicas != declared.spec.replication_factor for replicas in observed.replicas)


def _spec(topic: Topic) -> dict[str, Any]:
    spec = topic.spec
    return {
        "partitions": spec.partitions,
        "replication_factor": spec.replication_factor,
        "keyed": spec.keyed,
        "config": dict(spec.config),
        "blocked": bool(topic.blocked),
    }


def _observed(topic: ObservedTopic, keys: frozenset[str]) -> dict[str, Any]:
    configs = None
    if topic.configs is not None:
        configs = {
            key: [found.value, found.source, found.default]
            for key, found in topic.configs.items()
            if key in keys or found.source is ConfigSource.TOPIC
        }
    return {
        "id": topic.topic_id,
        "replicas": topic.replicas,
        "internal": topic.internal,
        "configs": configs,
        "unknown": bool(topic.unknown),
    }


def _policy(policy: Policy) -> dict[str, Any]:
    own = {name: _rule(getattr(policy, name)) for name in ("partitions", "replication_factor", "missing", "orphaned")}
    return {**own, "config": {key: _rule(rule) for key, rule in policy.config.items()}}


def _rule(rule: Rule) -> list[str | None]:
    return [rule.compare, rule.fix]


def _flow(name: str, flows: Flows) -> dict[str, Any]:
    offsets = flows.offsets.get(name)
    return {
        "offsets": None if offsets is None else [offsets.earliest, offsets.latest, bool(offsets.unknown)],
        "readers": sorted(group.name for group in flows.groups.values() if group.members and name in group.topics),
        "unknown": bool(flows.unknown),
    }
