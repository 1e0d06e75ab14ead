"""Observing a broker at several sizes, against the raw admin calls alone.

Baseline: the same listings, descriptions and offsets, asked for with a plain client that is opened for it, all at once,
and thrown away.
Measured: a snapshot, flows (offsets, times of the newest records, consumer groups) and what differs; then what `omni
drift` does, where what is known from earlier is read and everything is projected into DuckDB, nothing changed.
``peak_mib`` is the most memory that a process of its own holds which reads the contracts and looks once, as Linux
counts it (``ru_maxrss`` would count the parent's).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

from benchmarks.measure import compare, parser, show
from omni_assets.broker.connection import open_client
from omni_assets.broker.local import lifecycle
from omni_assets.drift.diff import diff
from omni_assets.drift.flow import Earlier, flow_drift
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.observe import drift
from omni_assets.operations.provision import provision
from omni_assets.processes.ports import free_port

GROUPS = 100
PARTITIONS = 3
Key = TypeVar("Key")

_SECONDS = 60
_LOOK = """
from pathlib import Path
from omni_assets.operations.context import resolve
from omni_assets.operations.observe import look
context = resolve()
with context.admin() as admin:
    look(context, admin, context.manifest())
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")))
"""


def write_contracts(folder: Path, topics: int) -> None:
    """``topics`` declared topics, ten a contract."""
    for number in range(0, topics, 10):
        path = folder / f"node-{number}" / "contract.yaml"
        path.parent.mkdir(parents=True)
        names = "".join(
            f"    - {{topic: onex.evt.node-{number}.event-{each}.v1, partitions: {PARTITIONS}, retention: 3d}}\n"
            for each in range(10)
        )
        path.write_text(f"name: node-{number}\nevent_bus:\n  publish_topics:\n{names}", encoding="utf-8")


@contextmanager
def stage(topics: int) -> Iterator[tuple[Context, dict[str, str]]]:
    """A broker of its own that has every declared topic and some groups; the environment for processes that look."""
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as name:
        folder = Path(name)
        write_contracts(folder / "contracts", topics)
        broker = lifecycle.start(folder / "state", port=free_port("127.0.0.1"))
        environ = {
            "OMNI_HOME": str(folder / "state"),
            "OMNI_CONTRACTS": str(folder / "contracts"),
            "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        }
        try:
            context = resolve(environ=environ, folder=folder)
            provision(context, context.manifest())
            read(context, sorted(context.manifest().topics))
            yield context, environ
        finally:
            lifecycle.stop(folder / "state")


def read(context: Context, names: Sequence[str]) -> None:
    """Committed offsets of a few groups, each on ten topics."""
    client = open_client(AdminClient, context.connection)
    for number in range(min(GROUPS, len(names) // 10)):
        offsets = [TopicPartition(name, 0, 0) for name in names[number * 10 : number * 10 + 10]]
        group = ConsumerGroupTopicPartitions(f"group-{number}", offsets)
        client.alter_consumer_group_offsets([group])[group.group_id].result(_SECONDS)


def batched(keys: Sequence[Key], size: int) -> Iterator[Sequence[Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def raw(client: AdminClient) -> int:
    """The plain calls; how many requests they were."""
    limit = {"request_timeout": _SECONDS}
    topics = client.list_topics(timeout=_SECONDS).topics
    names = [name for name in topics if not name.startswith("__")]
    keys = [TopicPartition(name, each) for name in names for each in topics[name].partitions]
    groups = [each.group_id for each in client.list_consumer_groups(**limit).result(_SECONDS).valid]
    asked = [
        client.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in part], **limit)
        for part in batched(list(topics), 250)
    ]
    asked += [client.describe_consumer_groups(list(part), **limit) for part in batched(groups, 200)]
    asked += [client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(each)], **limit) for each in groups]
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.max_timestamp()):
        asked += [client.list_offsets(dict.fromkeys(part, spec), **limit) for part in batched(keys, 2_000)]
    for answers in asked:
        for future in answers.values():
            future.result(_SECONDS)
    return len(asked) + 2


def figures(topics: int, rounds: int) -> list[dict[str, object]]:
    """The comparisons at one size."""
    with stage(topics) as (context, environ):
        manifest = context.manifest()
        calls = raw_calls = 0

        def plainly() -> None:
            nonlocal raw_calls
            raw_calls = raw(open_client(AdminClient, context.connection))

        def observed() -> None:
            nonlocal calls
            with context.admin() as admin:
                snapshot, flows = admin.look(manifest.topics)
                diff(manifest, snapshot)
                flow_drift(manifest, snapshot, flows, Earlier())
                assert sum(not each.unknown for each in flows.offsets.values()) >= topics
                calls = admin.calls

        looked = compare(f"observe {topics} topics, what moves on them, and what differs", plainly, observed, rounds)
        projected = compare(
            f"the same of {topics} topics, projected", plainly, lambda: drift(context, manifest), rounds
        )
        child = subprocess.run(
            [sys.executable, "-c", _LOOK], env={**os.environ, **environ}, check=True, capture_output=True, text=True
        )
        peak = int(child.stdout) // 1024
        counts = {"broker_calls": calls, "raw_calls": raw_calls}
        return [{**looked.document(), **counts, "peak_mib": peak}, {**projected.document(), **counts}]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--topics", type=int, nargs="+", default=[1_000], metavar="N", help="sizes to measure")
    arguments = options.parse_args()
    show(arguments.format, *(each for topics in arguments.topics for each in figures(topics, arguments.rounds)))


if __name__ == "__main__":
    main()
