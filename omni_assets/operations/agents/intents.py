"""Where the effects of a node's handler are written down before they happen: appended, and read back by whoever takes
over."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping

from omni_assets.agents.effects import MOST_INTENTS, Effects, Recalled, Sink
from omni_assets.agents.publishing import Outlet
from omni_assets.broker.connection import Connection
from omni_assets.broker.ledger import Appender, LedgerRecord
from omni_assets.broker.records import RecordReader, Span
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS, Target
from omni_assets.broker.worker import Outgoing
from omni_assets.contracts.model import Handler
from omni_assets.errors import BrokerRefused, BrokerTimeout

_READERS = "omni-worker-intents"  # a group in which nothing is ever committed


def effects_of(connection: Connection, handler: Handler, outlet: Outlet, partitions: Mapping[str, int]) -> Effects:
    """The effects of a handler. ``partitions`` says how many a topic has."""
    if not handler.effects:
        return Effects()
    appender = Appender(connection, Target(handler.intents, partitions[handler.intents]))

    def append(record: Outgoing) -> None:
        """Wait until every replica has it. Raises ``BrokerError`` and ``ReadOnly``."""
        headers = {name: (value or b"").decode() for name, value in record.headers}
        intent = LedgerRecord(headers["ce_id"], record.key, record.value or b"", headers)
        error = appender.append([intent]).errors.get(intent.id)
        if error is not None:
            call = f"to take an intent in {handler.intents}"
            raise BrokerTimeout(call, connection.timeout) if error.transient else BrokerRefused(call, error.message)

    return Effects(handler.effects, Sink(handler.intents, outlet.publish, append))


def recalled(connection: Connection, topic: str, partitions: Mapping[str, int], most: int = MOST_INTENTS) -> Recalled:
    """The newest intents of a topic, ``most`` of each partition; none where there is no topic. Raises ``BrokerError``.

    Whatever stands there under a key is one, be it committed or not: too many only lead to questions.
    """
    if not topic:
        return Recalled({}, whole=True)
    names: OrderedDict[str, str] = OrderedDict()
    with RecordReader(connection, topic, _READERS, committed=False) as reader:
        bounds = {each: reader.bounds(each) for each in range(partitions[topic])}
        spans = [Span(each, max(low, high - most), high) for each, (low, high) in bounds.items()]
        for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
            for record in batch.records:
                key = _key(record.key())
                names[key] = _name(record.value())
                names.move_to_end(key)
    return Recalled(names, whole=all(span.start == 0 for span in spans))


def _key(key: object) -> str:
    return key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else str(key or "")


def _name(value: object) -> str:
    """The effect that an intent is of; empty where it does not say so."""
    try:
        stated = json.loads(value) if isinstance(value, bytes) else None
    except (ValueError, RecursionError):
        return ""
    name = stated.get("effect") if isinstance(stated, dict) else None
    return name if isinstance(name, str) else ""
