"""A topic that records are brought to from elsewhere: whether it is the one that is meant, and what it takes and keeps.

Who brings them says in its own words what is refused: ``Refuse`` makes an error of why, a clause, and the way out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.rights import Operation, Resource, Right
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.values import readable
from omni_assets.contracts.wiring.near_miss import NearNames
from omni_assets.errors import OmniError

Refuse = Callable[[str, str], OmniError]

UNLIMITED = -1
_LARGEST_BATCH = 1_048_588  # Kafka's default of max.message.bytes


def declared(manifest: Manifest, name: str, grammar: Grammar, refuse: Refuse) -> Topic:
    """The topic as contracts declare it; refused where none does, or they are in conflict."""
    topic = manifest.topics.get(name)
    if topic is None:
        near = [each.name for each in NearNames(manifest.topics, grammar).of(name)]
        meant = " or ".join(f"`{each}`" for each in near)
        raise refuse(
            f"no contract declares `{name}`",
            f"Perhaps {meant} is meant." if near else "Declare it first; `omni topics` lists what is declared.",
        )
    if topic.blocked:
        raise refuse(f"`{name}` must be left alone: {topic.blocked}", "Mend its contracts first.")
    return topic


def present(
    topics: Mapping[str, ObservedTopic], name: str, bootstrap_servers: str, missing: str, refuse: Refuse
) -> ObservedTopic:
    """The topic as the broker has it; refused where it could not be seen whole. ``missing`` is what to do where it is
    not there."""
    found = topics.get(name)
    if found is None:
        raise refuse(f"there is no topic `{name}` at {bootstrap_servers}", missing)
    if found.unknown or not found.partitions:
        raise refuse(
            f"`{name}` could not be seen whole: {found.unknown or 'no partition was listed'}",
            "Nothing is copied blindly: give this principal leave to describe it, and try again.",
        )
    if found.internal:
        raise refuse(f"`{name}` belongs to the broker itself", "Name topics of your own.")
    return found


def to_copy(topic: str, group: str) -> tuple[Right, ...]:
    """What copying needs, besides a look. Whether it may write the transactional id, no broker tells beforehand."""
    return (Right(Operation.WRITE, Resource.TOPIC, topic), Right(Operation.READ, Resource.GROUP, group))


def may(admin: BrokerAdmin, needed: Iterable[Right], remedy: str, refuse: Refuse) -> None:
    """Refuses where this principal lacks one of the rights."""
    lacking = admin.lacking(needed)
    if lacking:
        raise refuse(f"this principal lacks {' and '.join(map(str, lacking))}", remedy)


def unable(right: Right) -> str:
    """What to know before where a right is lacking that only copying needs."""
    return f"This principal lacks {right}: nothing can be copied before it has that."


def largest_batch(topic: ObservedTopic) -> int:
    """The most bytes of a batch that the topic takes."""
    return _number(topic, "max.message.bytes") or _LARGEST_BATCH


def is_compacted(topic: ObservedTopic) -> bool:
    """Whether the topic takes no record without a key."""
    return "compact" in _value(topic, "cleanup.policy")


def stamps_itself(topic: ObservedTopic) -> bool:
    """Whether records have the time at which the broker got them, whatever they had before."""
    return _value(topic, "message.timestamp.type") == "LogAppendTime"


def kept_ms(topic: ObservedTopic) -> int | None:
    """How many milliseconds the topic keeps a record; ``UNLIMITED``, or ``None`` where it is not known.

    Where its policy is not known, it may delete what is old.
    """
    policy = _value(topic, "cleanup.policy")
    return _number(topic, "retention.ms") if not policy or "delete" in policy else UNLIMITED


def refuse_old(topic: ObservedTopic, oldest: datetime | None, noun: str, refuse: Refuse) -> None:
    """Refuses where the oldest ``noun`` is older than the broker takes: it would say no half-way."""
    limit = _number(topic, "message.timestamp.before.max.ms")
    if oldest is None or limit is None or stamps_itself(topic):
        return
    late = datetime.now(UTC) - oldest
    if late / timedelta(milliseconds=1) > limit:
        raise refuse(
            f"its oldest {noun} is {late.days:,} days old, and `{topic.name}` refuses what is older than "
            f"{readable('retention.ms', str(limit))}",
            "Raise message.timestamp.before.max.ms of the target.",
        )


def _value(topic: ObservedTopic, key: str) -> str:
    found = (topic.configs or {}).get(key)
    return "" if found is None or found.value is None else found.value


def _number(topic: ObservedTopic, key: str) -> int | None:
    try:
        return int(_value(topic, key))
    except ValueError:
        return None
