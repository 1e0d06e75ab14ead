"""Clusters that nobody wrote contracts for, as values: names of every kind, own and inherited settings, groups.

Names come from strategies, which know odd texts. Settings are drawn by a generator of its own, from few values each:
what one of them does to another is met often then, and by strategies hardly ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
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

VALUES = {
    "cleanup.policy": ("delete", "compact", "compact,delete", "delete, compact"),
    "compression.type": ("producer", "zstd", "no", "null", "1e3"),
    "local.retention.ms": ("-2", "-1", "0", "86400000"),
    "max.message.bytes": ("1048588", "1073741824", "1"),
    "message.timestamp.type": ("CreateTime", "LogAppendTime"),
    "min.cleanable.dirty.ratio": ("0.5", "0.50", "1", "-0"),
    "min.insync.replicas": ("1", "2"),
    "preallocate": ("true", "false"),
    "retention.bytes": ("-1", "0", "1073741824", "9223372036854775807"),
    "retention.ms": ("604800000", "86400001", "-1", "0"),
}
"""What brokers tell of a topic."""

WITH_DEFAULTS = ("cleanup.policy", "min.insync.replicas", "retention.ms")
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
names = st.lists(well_formed | on_a_broker | impossible, max_size=4)
groups = st.one_of(
    st.sampled_from([*WORDS, "router-2", "omni-rescue.0123", "console-consumer-4711"]),
    hostile,
    st.builds("{}\nname: {}".format, hostile, st.sampled_from(WORDS)),
)
SOURCES = (ConfigSource.TOPIC, ConfigSource.DEFAULT, ConfigSource.BROKER, ConfigSource.UNKNOWN)
seeds = st.integers(0, 2**32 - 1)


def topic(name: str, chance: Random, odd: Mapping[str, str]) -> ObservedTopic:
    """A topic that was seen whole, with as many replicas everywhere; ``odd`` are settings of its own."""
    keys = {*WITH_DEFAULTS, *chance.sample(sorted(VALUES), 3)}
    own = {key: ObservedConfig(value, ConfigSource.TOPIC) for key, value in odd.items() if key not in VALUES}
    known = {
        key: ObservedConfig(chance.choice(VALUES[key]), chance.choice(SOURCES), chance.choice((None, *VALUES[key])))
        for key in sorted(keys)
    }
    replicas = (chance.randint(1, 3),) * chance.randint(1, 4)
    return ObservedTopic(name, replicas, is_internal(name), configs=MappingProxyType({**own, **known}))


@st.composite
def clusters(draw: st.DrawFn) -> tuple[BrokerSnapshot, Flows]:
    """A snapshot of a cluster, and what moves on it."""
    chance = Random(draw(seeds))
    made = [
        f"onex.{chance.choice(DEFAULT_KINDS)}.{chance.choice(WORDS)}.{chance.choice(WORDS)}.v{chance.randint(1, 2)}"
        for _ in range(4)
    ]
    listed = sorted({*made, *draw(names)})
    odd = draw(st.dictionaries(hostile, hostile, max_size=1))
    snapshot = BrokerSnapshot(
        draw(hostile), "broker:9092", NOW, (1, 2, 3), {name: topic(name, chance, odd) for name in listed}, 3, 0.1
    )
    newest = (None, NOW - timedelta(days=99), NOW)
    offsets = {name: TopicOffsets((0,), (chance.randint(0, 2),), chance.choice(newest)) for name in listed}
    observed = {
        group: ObservedGroup(group, "empty", 0, {(name, 0): 1 for name in chance.sample([*listed, "gone"], 2)})
        for group in draw(st.lists(groups, max_size=3))
    }
    return snapshot, Flows(NOW, offsets, observed)


@st.composite
def policies(draw: st.DrawFn) -> SpecPolicy:
    """What a project's settings give the topics whose contracts leave it open, by kind."""
    chance = Random(draw(seeds))
    return SpecPolicy({kind: _defaults(chance) for kind in DEFAULT_KINDS}.__getitem__)


def _defaults(chance: Random) -> TopicSettings:
    keys = [key for key in WITH_DEFAULTS if chance.random() < 0.6]
    config = {key: normalise(key, chance.choice(VALUES[key])) for key in keys}
    return TopicSettings(chance.choice((None, 1, 4)), config=config)
