"""The pure part of drift alone, over values in memory: the diff, flows against contracts, and a plan.

Baseline: one pass over the same topics that compares partitions and each declared value as text, and judges nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from types import MappingProxyType

from benchmarks.measure import compare, parser, show
from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.contracts.model import Declaration, Location, Manifest, Role, Topic, TopicName, TopicSpec
from omni_assets.drift.diff import diff
from omni_assets.drift.flow import Earlier, flow_drift, joined
from omni_assets.drift.plan import build
from omni_assets.drift.policy import BUILT_IN_POLICY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = {"retention.ms": "604800000", "cleanup.policy": "delete", "max.message.bytes": "1048588"}
KEYS = 30
"""Config keys that a broker reports of each topic."""


def declared(number: int) -> Topic:
    node, reader = f"node-{number // 10}", f"node-{number // 10 + 1}"
    name = f"onex.evt.{node}.event-{number}.v1"
    path = str(PurePosixPath("contracts", node, "contract.yaml"))
    place = Declaration(name, Role.PUBLISHES, node, "event_bus.publish_topics[]", Location(path, number % 10 + 4, 7))
    reading = Declaration(name, Role.SUBSCRIBES, reader, "event_bus.subscribe_topics[]", place.location)
    spec = TopicSpec(3, 3, None, MappingProxyType(CONFIG))
    return Topic(name, TopicName("evt", node, f"event-{number}", 1), spec, (place,), (reading,))


def present(name: str, changed: bool) -> ObservedTopic:
    inherited = {f"some.key.{number}": ObservedConfig("1", ConfigSource.DEFAULT, "1") for number in range(KEYS)}
    values = {**CONFIG, "retention.ms": "3600000"} if changed else CONFIG
    own = {key: ObservedConfig(value, ConfigSource.TOPIC) for key, value in values.items()}
    return ObservedTopic(name, (3, 3) if changed else (3, 3, 3), configs={**inherited, **own})


def world(topics: int, changed: int) -> tuple[Manifest, BrokerSnapshot, Flows]:
    """Contracts, a broker on which every ``changed``-th topic differs and has an orphan of nearly its name, flows."""
    manifest = Manifest((), MappingProxyType({each.name: each for each in map(declared, range(topics))}), ())
    seen = {name: present(name, bool(changed) and not number % changed) for number, name in enumerate(manifest.topics)}
    orphans = [name.replace("event-", "event_") for name in list(seen)[:: changed or topics + 1]] if changed else []
    seen |= {name: ObservedTopic(name, (3,)) for name in orphans}
    offsets = {name: TopicOffsets((0,) * 3, (7,) * 3, NOW - timedelta(hours=1)) for name in seen}
    groups = {
        f"node-{number}-workers": ObservedGroup(
            f"node-{number}-workers",
            "stable",
            1,
            {(f"onex.evt.node-{number - 1}.event-{each}.v1", 0): 7 for each in range(number * 10 - 10, number * 10)},
        )
        for number in range(1, topics // 10 + 1)
    }
    snapshot = BrokerSnapshot("cluster", "127.0.0.1:9092", NOW, (0, 1, 2), MappingProxyType(seen), 3, 0.1)
    return manifest, snapshot, Flows(NOW, offsets, groups)


def figures(topics: int, rounds: int) -> list[dict[str, object]]:
    found = []
    for changed, what in ((0, "all in sync"), (10, "a tenth of them drifted, as many orphans")):
        manifest, snapshot, flows = world(topics, changed)

        def raw(manifest: Manifest = manifest, snapshot: BrokerSnapshot = snapshot) -> int:
            differing = 0
            for name, topic in manifest.topics.items():
                seen = snapshot.topics[name]
                differing += seen.partitions != topic.spec.partitions
                for key, value in topic.spec.config.items():
                    differing += (seen.configs or {})[key].value != value
            return differing

        def differences(manifest: Manifest = manifest, snapshot: BrokerSnapshot = snapshot) -> object:
            return diff(manifest, snapshot)

        def flowing(manifest: Manifest = manifest, snapshot: BrokerSnapshot = snapshot, flows: Flows = flows) -> object:
            return flow_drift(manifest, snapshot, flows, Earlier(flows))

        rows = diff(manifest, snapshot)

        def planning(manifest: Manifest = manifest, snapshot: BrokerSnapshot = snapshot, rows: object = rows) -> object:
            return build(manifest, snapshot, rows, BUILT_IN_POLICY, environment="local", made_at=NOW)  # type: ignore[arg-type]

        every = joined(rows, flow_drift(manifest, snapshot, flows, Earlier(flows)))
        for claim, work in (("diff", differences), ("flows", flowing), ("plan", planning))[: 3 if changed else 2]:
            comparison = compare(f"{claim}: {topics:,} topics, {what}", raw, work, rounds)
            found.append({**comparison.document(), "rows": len(every)})
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--topics", type=int, default=10_000)
    arguments = options.parse_args()
    show(arguments.format, *figures(arguments.topics, arguments.rounds))


if __name__ == "__main__":
    main()
