"""Creating what is declared and missing. Existing topics are left alone, and each outcome is read back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.errors import StateError
from omni_assets.operations.context import Context
from omni_assets.operations.recording import record_provisioning


class Outcome(StrEnum):
    """What became of a declared topic."""

    CREATED = "created"
    EXISTED = "existed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TopicOutcome:
    """The outcome for one topic. ``error`` says why it failed or was skipped, as a clause; else empty."""

    topic: str
    outcome: Outcome
    error: str = ""


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
    ``trigger`` says in the log who asked. Raises ``BrokerError``, and ``ReadOnly`` where something is missing.
    """
    started = time.monotonic()
    with BrokerAdmin(context.connection) as admin:
        cluster = admin.cluster_id()
        outcomes = tuple(_outcomes(admin, manifest))
        calls = admin.calls
    unrecorded = None
    try:
        record_provisioning(context, cluster, trigger, outcomes)
    except StateError as error:
        unrecorded = error
    return Provisioning(outcomes, calls, time.monotonic() - started, unrecorded)


def _outcomes(admin: BrokerAdmin, manifest: Manifest) -> Iterable[TopicOutcome]:
    present = admin.topic_names()
    missing = [topic for topic in manifest.topics.values() if topic.name not in present and not topic.blocked]
    refused = _create(admin, missing)
    present_now = admin.topic_names() if missing else present
    for topic in manifest.topics.values():
        yield _outcome(topic, topic.name in present, topic.name in present_now, refused)


def _create(admin: BrokerAdmin, missing: list[Topic]) -> Mapping[str, str]:
    """Why the broker refused a topic, by name, for those that it did."""
    if not missing:
        return {}
    requests = [
        NewTopicRequest(topic.name, topic.spec.partitions, topic.spec.replication_factor, topic.spec.config)
        for topic in missing
    ]
    return {name: error.message for name, error in admin.create_topics(requests).items() if error is not None}


def _outcome(topic: Topic, before: bool, now: bool, refused: Mapping[str, str]) -> TopicOutcome:
    if before:
        return TopicOutcome(topic.name, Outcome.EXISTED)
    if topic.blocked:
        return TopicOutcome(topic.name, Outcome.SKIPPED, topic.blocked)
    if now:
        raced = topic.name in refused
        return TopicOutcome(topic.name, Outcome.EXISTED if raced else Outcome.CREATED)
    return TopicOutcome(topic.name, Outcome.FAILED, refused.get(topic.name, "the broker does not list it afterwards"))
