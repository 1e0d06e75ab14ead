"""What one observation of the broker saw."""

from __future__ import annotations

from typing import Any

from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.cli.tables import Line, paragraph
from omni_assets.cli.views.drift import moment
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count


def snapshot_lines(snapshot: BrokerSnapshot, width: int | None) -> list[Line]:
    """A line for each topic that could not be seen whole, and one that counts all."""
    lines = [
        line
        for topic in snapshot.topics.values()
        if topic.unknown
        for line in paragraph(f"unknown {topic.name}: {topic.unknown}", width, "magenta")
    ]
    counts = _counts(snapshot)
    unknown = f", {counts['unknown']:,} unknown" if counts["unknown"] else ""
    seen = f"{count(counts['topics'], 'topic')}{unknown} on {count(len(snapshot.brokers), 'broker')}"
    total = f"{seen} at {snapshot.bootstrap_servers} {spent(snapshot.seconds, snapshot.calls)}"
    return [*lines, *paragraph(total, width)]


def snapshot_document(snapshot: BrokerSnapshot) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "cluster_id": snapshot.cluster_id,
        "bootstrap_servers": snapshot.bootstrap_servers,
        "observed_at": moment(snapshot.observed_at),
        "brokers": list(snapshot.brokers),
        "topics": [_topic(snapshot.topics[name]) for name in sorted(snapshot.topics)],
        "counts": _counts(snapshot),
        "calls": snapshot.calls,
        "seconds": snapshot.seconds,
    }


def _counts(snapshot: BrokerSnapshot) -> dict[str, int]:
    topics = snapshot.topics.values()
    return {
        "topics": snapshot.public_topics,
        "internal": sum(topic.internal for topic in topics),
        "unknown": sum(bool(topic.unknown) for topic in topics),
    }


def _topic(topic: ObservedTopic) -> dict[str, Any]:
    configs = topic.configs
    return {
        "name": topic.name,
        "partitions": topic.partitions,
        "replication_factor": topic.replication_factor,
        "internal": topic.internal,
        "configs": None
        if configs is None
        else {
            key: {"value": config.value, "source": config.source.value, "default": config.default}
            for key, config in sorted(configs.items())
        },
        "unknown": topic.unknown or None,
    }
