"""Clusters that nobody wrote contracts for, as values: names of every kind, own and inherited settings, groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from hypothesis import strategies as st

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.broker.topics import is_internal
from omni_assets.contracts.manifest import SpecPolicy
from omni_assets.contracts.model import TopicSettings
from omni_assets.contracts.naming import DEFAULT_KINDS
from omni_assets.contracts.values import normalise

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = ("router", "review", "reviews", "mailer", "job-done", "job-complete", "null", "on", "a1", "x")

lasting = st.one_of(st.just("-1"), st.integers(0, 2**63 - 1).map(str), st.sampled_from(["604800000", "86400000"]))
sizes = st.one_of(st.just("-1"), st.integers(0, 2**63 - 1).map(str), st.sampled_from(["1048588", "1073741824"]))
values = {
    "cleanup.policy": st.sampled_from(["delete", "compact", "compact,delete", "delete, compact"]),
    "compression.type": st.sampled_from(["producer", "zstd", "none", "no", "null", "1e3"]),
    "local.retention.ms": st.one_of(st.just("-2"), lasting),
    "max.message.bytes": sizes,
    "message.timestamp.type": st.sampled_from(["CreateTime", "LogAppendTime"]),
    "min.cleanable.dirty.ratio": st.sampled_from(["0.5", "0.50", "1", "-0"]),
    "min.insync.replicas": st.integers(1, 5).map(str),
    "preallocate": st.sampled_from(["true", "false"]),
    "retention.bytes": sizes,
    "retention.ms": lasting,
}
"""What brokers tell of a topic."""

FOR_ALL = ("cleanup.policy", "min.insync.replicas", "retention.ms")
"""Keys that every topic here has, since the settings of a project may have defaults for them."""

hostile = st.text(max_size=12)
well_formed = st.builds(
    "onex.{}.{}.{}.v{}".format,
    st.sampled_from(DEFAULT_KINDS),
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
    st.integers(1, 3),
)
on_a_broker = st.one_of(
    well_formed,
    well_formed.map(lambda name: name.replace("-", "_").upper()),
    well_formed.map(lambda name: f"dev.{name}"),
    st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True),
    st.sampled_from(["true", "123", "1e3", "null", "__consumer_offsets", "_schemas"]),
)
impossible = st.one_of(
    hostile.filter(bool),
    well_formed.map(lambda name: f" {name}"),
    well_formed.map(lambda name: f"{{env}}.{name}"),
    well_formed.map(lambda name: f"kafka://host:9092/{name}"),
    well_formed.map(lambda name: f"{name}\n    - {name}1"),
)
names = st.one_of(on_a_broker, on_a_broker, impossible)
groups = st.one_of(
    st.sampled_from([*WORDS, "router-2", "omni-rescue.0123", "console-consumer-4711"]),
    hostile,
    st.builds("{}\nname: {}".format, hostile, st.sampled_from(WORDS)),
)
sources = st.sampled_from([ConfigSource.TOPIC, ConfigSource.TOPIC, ConfigSource.DEFAULT, ConfigSource.BROKER])


@st.composite
def configs(draw: st.DrawFn) -> MappingProxyType[str, ObservedConfig]:
    """The effective settings of one topic, now and then an odd one."""
    keys = sorted({*FOR_ALL, *draw(st.sets(st.sampled_from(sorted(values)), max_size=3))})
    found = {key: ObservedConfig(draw(values[key]), draw(sources), draw(st.none() | values[key])) for key in keys}
    for key, value in draw(st.dictionaries(hostile, hostile, max_size=1)).items():
        found.setdefault(key, ObservedConfig(value, draw(sources)))
    return MappingProxyType(found)


@st.composite
def topics(draw: st.DrawFn, name: str) -> ObservedTopic:
    """A topic that was seen whole, with the same number of replicas everywhere."""
    partitions, replicas = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    return ObservedTopic(name, (replicas,) * partitions, is_internal(name), configs=draw(configs()))


@st.composite
def clusters(draw: st.DrawFn) -> tuple[BrokerSnapshot, Flows]:
    """A snapshot of a cluster, and what moves on it."""
    listed = draw(st.lists(names, max_size=5, unique=True))
    snapshot = BrokerSnapshot(
        draw(hostile), "broker:9092", NOW, (1, 2, 3), {name: draw(topics(name)) for name in sorted(listed)}, 3, 0.1
    )
    offsets = {
        name: TopicOffsets((0,), (draw(st.integers(0, 2)),), draw(st.none() | st.just(NOW - timedelta(days=99))))
        for name in listed
    }
    committing = draw(st.dictionaries(groups, st.sets(st.sampled_from([*listed, "gone"]), max_size=3), max_size=3))
    observed = {
        group: ObservedGroup(group, "empty", 0, {(topic, 0): 1 for topic in read}) for group, read in committing.items()
    }
    return snapshot, Flows(NOW, offsets, observed)


@st.composite
def policies(draw: st.DrawFn) -> SpecPolicy:
    """What a project's settings give the topics whose contracts leave it open, by kind."""
    return SpecPolicy({kind: draw(defaults()) for kind in DEFAULT_KINDS}.__getitem__)


@st.composite
def defaults(draw: st.DrawFn) -> TopicSettings:
    """Those of one kind."""
    keys = draw(st.sets(st.sampled_from(FOR_ALL)))
    config = {key: normalise(key, draw(values[key])) for key in sorted(keys)}
    return TopicSettings(draw(st.none() | st.integers(1, 4)), config=config)
