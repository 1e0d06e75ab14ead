"""Creating what is declared and missing. Existing topics are left alone, and each outcome is read back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.topics import NewTopicRequest, TopicError
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.errors import BrokerError, StateError
from omni_assets.operations.context import Context
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
    ``trigger`` says in the log who asked. Raises ``UnnamedBroker``, ``BrokerError``, and
    ``ReadOnly`` where something is missing.
    """
    started = time.monotonic()
    with context.admin() as admin:
        outcomes = tuple(_outcomes(admin, manifest))
        cluster, calls = admin.cluster_id(), admin.calls
    unrecorded = None
    try:
        record_provisioning(context, cluster, trigger, outcomes)
    except StateError as error:
        unrecorded = error
    return Provisioning(outcomes, calls, time.monotonic() - started, unrecorded)


def _outcomes(admin: BrokerAdmin, manifest: Manifest) -> Iterable[TopicOutcome]:
    present = admin.topic_names()
    missing = [topic for topic in manifest.topics.values() if topic.name not in present and not topic.blocked]
    answers = _create(admin, missing)
    listed, unread = _read_back(admin, answers) if missing else (present, "")
    for topic in manifest.topics.values():
        if topic.name in present:
            yield TopicOutcome(topic.name, Outcome.EXISTED)
        elif topic.blocked:
            yield TopicOutcome(topic.name, Outcome.SKIPPED, topic.blocked)
        else:
            yield _outcome(topic.name, topic.name in listed, answers.get(topic.name), unread)


def _create(admin: BrokerAdmin, missing: list[Topic]) -> Mapping[str, TopicError | None]:
    """What the broker said to each creation, by name; ``None`` is yes."""
    requests = [
        NewTopicRequest(topic.name, topic.spec.partitions, topic.spec.replication_factor, topic.spec.config)
        for topic in missing
    ]
    return admin.create_topics(requests) if requests else {}


def _read_back(admin: BrokerAdmin, answers: Mapping[str, TopicError | None]) -> tuple[frozenset[str], str]:
    """What the broker lists afterwards, and why it could not be asked: what was created must be told all the same."""
    maybe_created = [name for name, error in answers.items() if error is None or error.silent]
    try:
        return admin.await_topics(maybe_created, READ_BACK_SECONDS), ""
    except BrokerError as error:
        return frozenset(), error.message


def _outcome(topic: str, listed: bool, answer: TopicError | None, unread: str) -> TopicOutcome:
    """The outcome for a topic that was missing. What is listed afterwards is there, whatever the answer was."""
    ours = answer is None or answer.silent
    if listed:
        return TopicOutcome(topic, Outcome.CREATED if ours else Outcome.EXISTED)
    if answer is not None and answer.existed:
        return TopicOutcome(topic, Outcome.EXISTED)
    if answer is not None:
        return TopicOutcome(topic, Outcome.FAILED, answer.message)
    why = f"could not be read back: {unread}" if unread else "is not listed afterwards"
    return TopicOutcome(topic, Outcome.FAILED, f"the broker said that it created the topic, which {why}")
