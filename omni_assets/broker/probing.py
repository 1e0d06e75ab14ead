"""What a broker honours, learnt by trying it on a throw-away topic.

A probe that is killed leaves its topic behind; its name holds when it was made, and a later probe removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from time import sleep, time
from typing import Any

from omni_assets.broker import offsets, reading, writing
from omni_assets.broker.calls import Calls
from omni_assets.broker.capabilities import Capabilities, fingerprint
from omni_assets.broker.codes import REJECTIONS
from omni_assets.broker.observation import topic_id
from omni_assets.broker.topics import PROBE_PREFIX, ConfigChange, NewTopicRequest, TopicError

LEFT_BEHIND_SECONDS = 300.0
"""How old a probe's topic must be until another probe takes it for one that was left behind."""

TRIED: Mapping[str, tuple[str, str]] = {
    "cleanup.policy": ("compact", "delete"),
    "compression.type": ("gzip", "lz4"),
    "delete.retention.ms": ("87654321", "98765432"),
    "file.delete.delay.ms": ("54321", "65432"),
    "flush.bytes": ("262143", "262142"),
    "flush.messages": ("98765", "87654"),
    "flush.ms": ("98765", "87654"),
    "index.interval.bytes": ("8192", "16384"),
    "max.compaction.lag.ms": ("987654321", "876543210"),
    "max.message.bytes": ("987654", "876543"),
    "message.downconversion.enable": ("false", "true"),
    "message.format.version": ("2.8-IV1", "2.7-IV2"),
    "message.timestamp.after.max.ms": ("3600001", "3600002"),
    "message.timestamp.before.max.ms": ("987654321", "876543210"),
    "message.timestamp.difference.max.ms": ("987654321", "876543210"),
    "message.timestamp.type": ("LogAppendTime", "CreateTime"),
    "min.cleanable.dirty.ratio": ("0.6", "0.7"),
    "min.compaction.lag.ms": ("12345", "23456"),
    "min.insync.replicas": ("2", "1"),
    "preallocate": ("true", "false"),
    "retention.bytes": ("987654321", "876543210"),
    "retention.local.target.bytes": ("987654321", "876543210"),
    "retention.local.target.ms": ("87654321", "76543210"),
    "retention.ms": ("87654321", "98765432"),
    "segment.bytes": ("16777216", "33554432"),
    "segment.index.bytes": ("1048576", "2097152"),
    "segment.jitter.ms": ("1234", "2345"),
    "segment.ms": ("87654321", "98765432"),
    "unclean.leader.election.enable": ("true", "false"),
    "write.caching": ("true", "false"),
}
"""The keys that are tried, each with two values that a broker takes which honours it; one differs from what holds."""

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_NO_CONFIGS = "the configs of the throw-away topic could not be described"


@dataclass(slots=True)
class _Trial:
    """What became of the keys so far."""

    accepted: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    failed: TopicError | None = None


def probe(calls: Calls) -> Capabilities:
    """What this broker honours; see ``BrokerAdmin.probe``."""
    if calls.connection.read_only:
        return Capabilities(calls.reach().id, unknown="not probed, since probing is a write and OMNI_READONLY=1 is set")
    _sweep(calls, calls.metadata().topics)
    cluster = calls.reach().id
    name = f"{PROBE_PREFIX}{int(time())}.{token_hex(4)}"
    try:
        refused = writing.create_topics(calls, [NewTopicRequest(name, 1)])[name]
        if refused is not None:
            return Capabilities(cluster, unknown=f"not probed, since the throw-away topic was not created: {refused}")
        return _learnt(calls, cluster, name)
    finally:
        writing.delete_topics(calls, {name: None})


def _sweep(calls: Calls, names: Iterable[str]) -> None:
    """Remove what killed probes left behind; another probe's topic that is still in use is younger."""
    old = time() - LEFT_BEHIND_SECONDS
    left = [name for name in names if (made := _made_at(name)) is not None and made < old]
    writing.delete_topics(calls, dict.fromkeys(left))


def _made_at(name: str) -> int | None:
    """When a probe made the topic of this name, in seconds since the epoch, or ``None`` where no probe did."""
    stamp, _, random = name.removeprefix(PROBE_PREFIX).partition(".")
    ours = name.startswith(PROBE_PREFIX) and len(random) == 8 and stamp.isascii() and stamp.isdecimal()
    return int(stamp) if ours else None


def _learnt(calls: Calls, cluster: str, name: str) -> Capabilities:
    before = _configs(calls, name)
    if isinstance(before, TopicError):
        return Capabilities(cluster, unknown=f"not probed, since {_NO_CONFIGS}: {before}")
    values = {key: second if before.get(key) == first else first for key, (first, second) in TRIED.items()}
    trial = _Trial()
    _try(calls, name, {key: value for key, value in values.items() if key in before}, trial)
    for key, value in values.items():
        if key not in before:
            _try(calls, name, {key: value}, trial)
    if trial.failed is not None and not trial.accepted:
        return Capabilities(cluster, unknown=f"not probed, since its configs could not be set: {trial.failed}")
    described = _described(calls, name)
    return Capabilities(
        cluster,
        version=fingerprint(before),
        probed_at=datetime.now(UTC),
        no_effect_keys=_without_effect(calls, name, before, trial.accepted),
        rejected_keys=frozenset(trial.rejected),
        topic_ids=described and topic_id(described) is not None,
        replication_by_config=described and _replicates(calls, name, len(described.partitions[0].replicas)),
        max_timestamp=_tells_newest(calls, name),
    )


def _described(calls: Calls, name: str) -> Any | None:
    answer = next(each for _, each in reading.describe_topics(calls, [name]))
    return None if isinstance(answer, TopicError) else answer


def _configs(calls: Calls, name: str) -> Mapping[str, str | None] | TopicError:
    """The values of all keys, once the brokers know the topic."""
    for pause in (*_PAUSES, None):
        answer = next(each for _, each in reading.describe_configs(calls, [name]))
        if not isinstance(answer, TopicError):
            return {key: entry.value for key, entry in answer.items()}
        if pause is None or not (answer.absent or answer.transient):
            break
        sleep(pause)
    return answer


def _try(calls: Calls, name: str, values: Mapping[str, str], trial: _Trial) -> None:
    """Set all values in one call, and by halves where that is refused, since one bad key fails all of them."""
    if not values or trial.failed is not None:
        return
    error = writing.alter_configs(calls, {name: ConfigChange(values)}, {name: None})[name]
    if error is None:
        trial.accepted |= values.keys()
    elif error.code not in REJECTIONS:
        trial.failed = error
    elif len(values) == 1:
        trial.rejected |= values.keys()
    else:
        items = list(values.items())
        middle = len(items) // 2
        _try(calls, name, dict(items[:middle]), trial)
        _try(calls, name, dict(items[middle:]), trial)


def _without_effect(
    calls: Calls, name: str, before: Mapping[str, str | None], accepted: Iterable[str]
) -> frozenset[str]:
    """Which accepted keys read as if nothing had been set, after the brokers had a while to tell each other."""
    unmoved = frozenset(accepted)
    for pause in (0.0, *_PAUSES):
        sleep(pause)
        after = _configs(calls, name)
        if isinstance(after, TopicError):
            return frozenset()
        unmoved = frozenset(key for key in unmoved if after.get(key) == before.get(key))
        if not unmoved & before.keys():
            break
    return unmoved


def _replicates(calls: Calls, name: str, replicas: int) -> bool | None:
    """Whether the number of replicas is a config, tried with the number that is there, which moves nothing."""
    error = writing.set_replication(calls, {name: replicas}, {name: None})[name]
    if error is None:
        return True
    return False if error.code in REJECTIONS else None


def _tells_newest(calls: Calls, name: str) -> bool | None:
    seen, untold = offsets.topic_offsets(calls, {name: [0]}, newest=True)
    return None if seen[name].unknown else not untold
