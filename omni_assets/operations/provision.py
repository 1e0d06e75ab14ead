"""Creating what is declared and missing. Existing topics are left alone, and each outcome is read back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.topics import NewTopicRequest, TopicError
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.errors import StateError, UnnamedBroker
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.outcomes import Outcome, TopicOutcome
from omni_assets.operations.recording import record_provisioning

READ_BACK_SECONDS = 10.0
"""Most seconds until a topic that was created must be listed: the brokers of a cluster learn of it one by one."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    """The truth about every declared topic. ``unrecorded`` is set where the log could not be written."""

    topics: tuple[TopicOutcome, ...]
    calls: int
    seconds: float
    unrecorded: StateError | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The number of topics by outcome, every outcome named."""
        found = Counter(each.outcome for each in self.topics)
        return {outcome.value: found[outcome] for outcome in Outcome}

    @property
    def clean(self) -> bool:
        """Whether every declared topic is there now."""
        return all(each.outcome in (Outcome.CREATED, Outcome.EXISTED) for each in self.topics)


def provision(context: Context, manifest: Manifest, *, trigger: str = "provision") -> Provisioning:
    """Create the declared topics that the broker does not have, and read back.

    One listing, a create request for every few hundred missing topics, and one more listing when any was missing.
    ``trigger`` says in the log who asked. Raises ``BrokerError``, and where something is missing
    ``ReadOnly`` and ``UnnamedBroker``.
    """
    started = time.monotonic()
    with BrokerAdmin(context.connection) as admin:
        outcomes = tuple(_outcomes(admin, manifest, context))
        cluster, calls = admin.cluster_id(), admin.calls
    unrecorded = None
    try:
        record_provisioning(context, cluster, trigger, outcomes)
    except StateError as error:
        unrecorded = error
    return Provisioning(outcomes, calls, time.monotonic() - started, unrecorded)


def _outcomes(admin: BrokerAdmin, manifest: Manifest, context: Context) -> Iterable[TopicOutcome]:
    present = admin.topic_names()
    missing = [topic for topic in manifest.topics.values() if topic.name not in present and not topic.blocked]
    if missing and context.origin is BrokerOrigin.ASSUMED:
        raise UnnamedBroker(context.bootstrap_servers, len(missing))
    answers = _create(admin, missing)
    created = [name for name, error in answers.items() if error is None]
    present_now = admin.await_topics(created, READ_BACK_SECONDS) if missing else present
    for topic in manifest.topics.values():
        yield _outcome(topic, topic.name in present, topic.name in present_now, answers.get(topic.name))


def _create(admin: BrokerAdmin, missing: list[Topic]) -> Mapping[str, TopicError | None]:
    """What the broker said to each creation, by name; ``None`` is yes."""
    requests = [
        NewTopicRequest(topic.name, topic.spec.partitions, topic.spec.replication_factor, topic.spec.config)
        for topic in missing
    ]
    return admin.create_topics(requests) if requests else {}


def _outcome(topic: Topic, before: bool, now: bool, error: TopicError | None) -> TopicOutcome:
    if before:
        return TopicOutcome(topic.name, Outcome.EXISTED)
    if topic.blocked:
        return TopicOutcome(topic.name, Outcome.SKIPPED, topic.blocked)
    if now and (error is None or error.existed):
        return TopicOutcome(topic.name, Outcome.CREATED if error is None else Outcome.EXISTED)
    why = error.message if error else "the broker said that it created the topic, and does not list it"
    return TopicOutcome(topic.name, Outcome.FAILED, why)
