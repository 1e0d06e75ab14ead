"""Creating what is declared and missing. Existing topics are left alone, and each outcome is read back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.topics import NewTopicRequest, TopicError
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.text import count
from omni_assets.drift.plan import another_cluster
from omni_assets.errors import BrokerError, PlanHeldBack, ReadOnly, StateError
from omni_assets.operations.context import Context
from omni_assets.operations.memory import meant
from omni_assets.operations.outcomes import Outcome, TopicOutcome
from omni_assets.operations.recording import ProvisioningLog

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
        return _provision(context, admin, manifest, admin.topic_names(), trigger, started)


def provision_unasked(context: Context, manifest: Manifest, *, trigger: str) -> Provisioning:
    """The same where no person asked for it now: nothing is created on another cluster than the one that is meant.

    Raises ``PlanHeldBack`` where something is missing there, ``StateError``, and as ``provision``.
    """
    started = time.monotonic()
    with context.admin() as admin:
        present = admin.topic_names()
        missing = _missing(manifest, present)
        brake = another_cluster(meant(context), admin.cluster_id(), context.bootstrap_servers) if missing else None
        if brake is not None:
            raise PlanHeldBack(f"{count(len(missing), 'missing topic')} not created: {brake.message}", brake.remedy)
        return _provision(context, admin, manifest, present, trigger, started)


def _missing(manifest: Manifest, present: Collection[str]) -> list[Topic]:
    return [topic for topic in manifest.topics.values() if topic.name not in present and not topic.blocked]


def _provision(
    context: Context, admin: BrokerAdmin, manifest: Manifest, present: frozenset[str], trigger: str, started: float
) -> Provisioning:
    missing = _missing(manifest, present)
    if missing and context.connection.read_only:
        raise ReadOnly(f"creating {missing[0].name}" + (f" and {len(missing) - 1} more" if missing[1:] else ""))
    log = ProvisioningLog(context, admin.cluster_id(), trigger)
    log.begin(topic.name for topic in missing)
    answers = _create(admin, missing)
    listed, unread = _read_back(admin, answers) if missing else (present, {})
    outcomes = tuple(
        _outcome(
            topic, topic.name in present, topic.name in listed, answers.get(topic.name), unread.get(topic.name, "")
        )
        for topic in manifest.topics.values()
    )
    log.end(outcomes)
    return Provisioning(outcomes, admin.calls, time.monotonic() - started, log.trouble)


def _create(admin: BrokerAdmin, missing: list[Topic]) -> Mapping[str, TopicError | None]:
    """What the broker said to each creation, by name; ``None`` is yes."""
    requests = [
        NewTopicRequest(topic.name, topic.spec.partitions, topic.spec.replication_factor, topic.spec.config)
        for topic in missing
    ]
    return admin.create_topics(requests) if requests else {}


def _read_back(
    admin: BrokerAdmin, answers: Mapping[str, TopicError | None]
) -> tuple[frozenset[str], Mapping[str, str]]:
    """What the broker lists afterwards, and why, by name, others could not be seen: what was created must be told all
    the same.
    """
    maybe_created = [name for name, error in answers.items() if error is None or error.undecided]
    try:
        listed = admin.await_topics(maybe_created, READ_BACK_SECONDS)
        hidden = admin.hidden([name for name in maybe_created if name not in listed])
    except BrokerError as error:
        return frozenset(), dict.fromkeys(maybe_created, error.message)
    return listed, {name: f"{each.message} to describe it" for name, each in hidden.items() if not each.existed}


def _outcome(topic: Topic, before: bool, listed: bool, answer: TopicError | None, unread: str) -> TopicOutcome:
    """The outcome for a declared topic. What is listed afterwards is there, whatever the answer was; of what is not,
    only a refusal says that it failed."""
    if before:
        return TopicOutcome(topic.name, Outcome.EXISTED)
    if topic.blocked:
        return TopicOutcome(topic.name, Outcome.SKIPPED, topic.blocked)
    if listed and (answer is None or answer.undecided):
        return TopicOutcome(topic.name, Outcome.CREATED)
    if listed or (answer is not None and answer.existed):
        return TopicOutcome(topic.name, Outcome.EXISTED)
    if answer is not None and not answer.undecided:
        return TopicOutcome(topic.name, Outcome.FAILED, answer.message)
    said = "the broker said that it created the topic" if answer is None else answer.message
    why = f"it could not be read back: {unread}" if unread else "it is not listed yet"
    return TopicOutcome(topic.name, Outcome.UNCONFIRMED, f"{said}, and {why}")
