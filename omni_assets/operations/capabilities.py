"""What the broker honours: asked once for each version of each cluster, and remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.capabilities import Capabilities, fingerprint
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.operations.context import Context
from omni_assets.operations.memory import Memory, cluster_of
from omni_assets.projection.rows import CapabilitiesRow
from omni_assets.projection.store import Projection


def current(memory: Memory, snapshot: BrokerSnapshot) -> Memory:
    """The same memory without capabilities that another version of the broker had."""
    known = memory.capabilities
    if known is None or known.version == _version(snapshot):
        return memory
    return replace(memory, capabilities=None)


def probe(context: Context, admin: BrokerAdmin, snapshot: BrokerSnapshot) -> Capabilities:
    """Ask the broker by a throw-away topic, and remember what was learnt. Raises ``BrokerError``, ``StateError``."""
    learnt = admin.probe()
    if learnt.probed:
        at = learnt.probed_at or datetime.now(UTC)
        row = CapabilitiesRow(cluster_of(snapshot), learnt.version, at, json.dumps(learnt.document(), sort_keys=True))
        Projection(context.home).record_capabilities(row)
    return learnt


def _version(snapshot: BrokerSnapshot) -> str:
    """The version as the keys of any topic tell it; empty where no topic was seen whole."""
    seen = next((topic.configs for topic in snapshot.topics.values() if topic.configs and not topic.internal), None)
    return "" if seen is None else fingerprint(seen)
