"""The ledger: every receipt in the topic that one node's contract owns.

A receipt that could not be published stays remembered as such, and is published on the next occasion. One that was
written and not acknowledged may be written again: readers tell by the receipt's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from omni_assets.broker import ledger
from omni_assets.broker.ledger import LedgerRecord
from omni_assets.broker.transfer import Target
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.text import count
from omni_assets.errors import BrokerError, BrokerRefused, OmniError, UnnamedBroker
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.targets import target_of
from omni_assets.projection.rows import PublicationRow, ReceiptRow
from omni_assets.projection.store import Projection
from omni_assets.router.receipt_schema import schema_name

ENVIRONMENT = "ce_omnienvironment"
"""The header of a receipt that names the profile which it was made under."""

_EVENT_KIND = "evt"
_LOCK_FILE = "ledger.lock"
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Publishing:
    """What became of publishing: how many receipts the ledger has now (``published``), how many wait (``waiting``), and
    why, as a sentence.

    ``why`` is empty where none waits. ``expected`` says that nothing is wrong with that: no broker of this project is
    there, or writing is forbidden.
    """

    topic: str | None = None
    published: int = 0
    waiting: int = 0
    why: str = ""
    expected: bool = False


class NoLedger(Exception):
    """There is no topic to publish to; the message is a sentence with the way out."""


def publish(context: Context, manifest: Manifest | None = None) -> Publishing:
    """Publish every receipt of this environment that no ledger has. Raises ``StateError``.

    Whatever is wrong with the broker is told in what is returned: a task is done all the same.
    """
    projection = Projection(context.home)
    waiting = projection.unpublished_count(context.environment)
    if not waiting:
        return Publishing()
    if context.connection.read_only:
        return Publishing(waiting=waiting, why="OMNI_READONLY=1 forbids every write.", expected=True)
    if context.origin is BrokerOrigin.ASSUMED:
        why = "No broker is named, and none of this project runs: `omni broker start` starts one."
        return Publishing(waiting=waiting, why=why, expected=True)
    try:
        topic = ledger_topic(manifest or context.manifest(), context.settings.router.ledger_node)
        cluster, target = found(context, topic)
        with _alone(context):
            return _published(context, projection, cluster, target)
    except NoLedger as error:
        return Publishing(waiting=waiting, why=str(error))
    except (BrokerError, UnnamedBroker) as error:
        return Publishing(waiting=waiting, why=_sentence(error))


def ledger_topic(manifest: Manifest, node: str) -> Topic:
    """The topic that holds the ledger: the event that ``node`` publishes. Raises ``NoLedger``."""
    topics = [
        topic
        for topic in manifest.topics.values()
        if topic.parts.kind == _EVENT_KIND and any(each.node == node for each in topic.publishers)
    ]
    if not topics:
        raise NoLedger(
            f"No contract of a node `{node}` publishes an event, so there is no ledger: declare its topic, or name "
            "another node as router.ledger_node in the settings."
        )
    if len(topics) > 1:
        raise NoLedger(
            f"The node `{node}` publishes {count(len(topics), 'event')}, and the ledger is one topic: name a node that "
            "publishes it alone as router.ledger_node in the settings."
        )
    if topics[0].blocked:
        raise NoLedger(f"The ledger `{topics[0].name}` must be left alone: {topics[0].blocked}.")
    return topics[0]


def found(context: Context, topic: Topic) -> tuple[str, Target]:
    """The cluster, and the topic as it has it. It is never created here.

    Raises ``NoLedger``, ``BrokerError``, and ``UnnamedBroker`` where nobody named the broker.
    """
    with context.admin() as admin:
        snapshot = admin.snapshot((topic.name,))
    seen = snapshot.topics.get(topic.name)
    if seen is None:
        raise NoLedger(f"The ledger `{topic.name}` is not at {context.bootstrap_servers}: `omni provision` creates it.")
    if not seen.partitions:
        raise BrokerRefused(f"to show the ledger {topic.name}", seen.unknown or "no partition was listed")
    return cluster_of(snapshot), target_of(seen)


class _alone:  # noqa: N801 - a context manager that reads as a word
    """The only one of this project that publishes. Raises ``NoLedger`` where another does."""

    def __init__(self, context: Context) -> None:
        from filelock import FileLock

        self._seconds = context.connection.timeout
        self._lock = FileLock(context.home / _LOCK_FILE)

    def __enter__(self) -> None:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=self._seconds)
        except Timeout:
            raise NoLedger(f"Another omni process has been publishing for {self._seconds:g} s.") from None

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _published(context: Context, projection: Projection, cluster: str, target: Target) -> Publishing:
    published, refused, why = 0, 0, ""
    while rows := projection.unpublished(context.environment, skip=refused, limit=_PAGE):
        appended = ledger.append(context.connection, target, [_record(row, target.name, context) for row in rows])
        now = datetime.now(UTC)
        projection.record_publications(
            PublicationRow(receipt, cluster, target.name, *place, now) for receipt, place in appended.places.items()
        )
        published += len(appended.places)
        refused += len(rows) - len(appended.places)
        error = next(iter(appended.errors.values()), None)
        if error is not None and not why:
            why = f"The ledger `{target.name}` did not take {count(len(appended.errors), 'receipt')}: {error}."
        if error is not None and error.transient:
            break
    left = projection.unpublished_count(context.environment)
    return Publishing(target.name, published, left, why if left else "")


def _record(row: ReceiptRow, topic: str, context: Context) -> LedgerRecord:
    """A receipt as a CloudEvent in Kafka's binary mode."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": row.id,
        "ce_source": f"/omni-assets/{context.settings.router.ledger_node}",
        "ce_type": topic,
        "ce_subject": row.task_id,
        "ce_time": row.ended_at.isoformat(),
        "ce_dataschema": schema_name(row.version),
        ENVIRONMENT: row.environment,
        "content-type": "application/json",
    }
    return LedgerRecord(row.id, row.task_key or row.task_id, row.document.encode(), headers)


def _sentence(error: OmniError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


def waiting_sentence(publishing: Publishing) -> str:
    """What a person should know of receipts that wait."""
    which = "1 receipt waits" if publishing.waiting == 1 else f"{publishing.waiting:,} receipts wait"
    return f"{which} for the ledger. {publishing.why}"


def findings(publishing: Publishing) -> Sequence[str]:
    """Sentences about what should not be so."""
    return () if publishing.expected or not publishing.waiting else (waiting_sentence(publishing),)
