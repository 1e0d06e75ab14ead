"""Alerts as CloudEvents in the topic that the contract of one node owns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256

from omni_assets.broker import ledger
from omni_assets.broker.ledger import LedgerRecord
from omni_assets.broker.transfer import Target
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count
from omni_assets.errors import BrokerRefused, BrokerTimeout, InputError
from omni_assets.operations.context import Context
from omni_assets.projection.rows import AlertRow

_EVENT_KIND = "evt"
_LARGEST_BATCH = 1_000_000


def alert_topic(manifest: Manifest, node: str) -> str:
    """The topic of alerts: the one event that ``node`` publishes. Raises ``InputError`` where that is none or several,
    or may not be touched.
    """
    topics = [
        topic
        for topic in manifest.topics.values()
        if topic.parts.kind == _EVENT_KIND and any(each.node == node for each in topic.publishers)
    ]
    if len(topics) != 1:
        raise InputError(
            f"the node `{node}` publishes {count(len(topics), 'event')}, and alerts go to one topic.",
            "Name a node that publishes it alone as alerts.node in the settings.",
        )
    if topics[0].blocked:
        raise InputError(f"`{topics[0].name}` must be left alone: {topics[0].blocked}.", "Mend its contracts.")
    return topics[0].name


def append(context: Context, topic: str, node: str, rows: Sequence[AlertRow]) -> None:
    """Append an event for each alert, in their order. What was appended before, and not noted, has the same id.

    Raises ``BrokerError``, ``UnnamedBroker``, ``ReadOnly`` and ``InputError``.
    """
    with context.admin() as admin:
        seen = admin.snapshot((topic,)).topics.get(topic)
    if seen is None or not seen.partitions:
        raise InputError(f"the topic of alerts `{topic}` is not at {context.bootstrap_servers}.", _PROVISION)
    target = Target(topic, seen.partitions, _LARGEST_BATCH)
    errors = ledger.append(context.connection, target, [record(row, topic, node) for row in rows]).errors
    error = next(iter(errors.values()), None)
    if error is not None:
        call = f"to take an alert in {topic}"
        raise BrokerTimeout(call, context.connection.timeout) if error.transient else BrokerRefused(call, error.message)


def record(row: AlertRow, topic: str, node: str) -> LedgerRecord:
    """An alert as a CloudEvent in Kafka's binary mode. Its key is that of the alert: all that is said of one thing
    stands in one partition, in order.
    """
    event_id = sha256("\0".join((row.environment, row.key, row.occasion, _moment(row))).encode()).hexdigest()[:32]
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": f"/omni-assets/{node}",
        "ce_type": topic,
        "ce_subject": row.key,
        "ce_time": _moment(row),
        "content-type": "application/json",
    }
    document = {
        "version": 1,
        "environment": row.environment,
        "key": row.key,
        "kind": row.kind,
        "severity": row.severity,
        "occasion": row.occasion,
        "owner": row.owner,
        "title": row.title,
        "text": row.text,
        "since": row.since.astimezone(UTC).isoformat(),
    }
    return LedgerRecord(event_id, row.key, json.dumps(document).encode(), headers)


def _moment(row: AlertRow) -> str:
    return row.decided_at.astimezone(UTC).isoformat()


_PROVISION = "`omni provision` creates what the contracts declare."
