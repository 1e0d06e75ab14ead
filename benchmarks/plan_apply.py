"""Planning and applying 1,000 fixes, against the raw admin calls that they need.

Each topic has lost its retention. Baseline: the same requests by the plain client, each over all topics at once:
topics, configs, consumer groups and offsets for the plan; topics and configs before the change; the change; and all of
the first again to read back. Measured: a plan, and then carrying it out, with everything that makes it safe (the
journal before and after, the projection). Beside it, `omni drift` as a process against the same work in this one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from benchmarks.measure import compare, parser, show
from benchmarks.observe import write_contracts
from omni_assets.broker.connection import open_client
from omni_assets.broker.local import lifecycle
from omni_assets.operations.apply import apply
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.observe import drift
from omni_assets.operations.plan import make_plan
from omni_assets.operations.provision import provision
from omni_assets.processes.ports import free_port

_DECLARED, _LOST = "259200000", "86400000"


def alter(client: AdminClient, topics: Iterable[str], retention: str) -> None:
    """Give each topic a retention, in one request."""
    entry = ConfigEntry("retention.ms", retention, incremental_operation=AlterConfigOpType.SET)
    resources = [ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry]) for name in topics]
    for future in client.incremental_alter_configs(resources, request_timeout=30).values():
        future.result(30)


def look(client: AdminClient) -> None:
    """What there is, as the plain client tells it."""
    names = client.list_topics(timeout=30).topics
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    for future in client.describe_configs(resources, request_timeout=30).values():
        future.result(30)


def flow(client: AdminClient) -> None:
    """What moves, as the plain client tells it: groups, and the ends and newest records of all partitions."""
    client.list_consumer_groups(request_timeout=30).result(30)
    topics = client.list_topics(timeout=30).topics
    partitions = [TopicPartition(name, number) for name, found in topics.items() for number in found.partitions]
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.max_timestamp()):
        for future in client.list_offsets(dict.fromkeys(partitions, spec), request_timeout=30).values():
            future.result(30)


def figures(context: Context, rounds: int) -> list[dict[str, object]]:
    """The comparison on a broker that has every declared topic, each with too short a retention."""
    manifest = context.manifest()
    provision(context, manifest)
    drift(context, manifest)
    client = open_client(AdminClient, context.connection)
    steps: list[int] = []
    taken: dict[str, list[float]] = {"plan": [], "apply": []}
    calls: list[int] = []

    def raw() -> None:
        look(client)
        flow(client)
        look(client)
        alter(client, manifest.topics, _DECLARED)
        look(client)
        flow(client)
        alter(client, manifest.topics, _LOST)

    def measured() -> None:
        started = time.perf_counter()
        planned = make_plan(context, manifest)
        done = time.perf_counter()
        applied = apply(context, manifest, planned.plan)
        taken["plan"].append(done - started)
        taken["apply"].append(time.perf_counter() - done)
        assert applied.clean, applied.counts
        steps.append(len(applied.carried))
        calls.append(planned.calls + applied.calls)
        alter(client, manifest.topics, _LOST)

    alter(client, manifest.topics, _LOST)
    comparison = compare(f"plan and apply {len(manifest.topics)} fixes", raw, measured, rounds)
    parts = {f"{name}_seconds": round(statistics.median(seconds[1:]), 3) for name, seconds in taken.items()}
    return [{**comparison.document(), **parts, "steps": steps[-1], "broker_calls": calls[-1]}]


def wall(context: Context, folder: Path, environ: dict[str, str], rounds: int) -> dict[str, object]:
    """`omni drift` as a process of its own, against the same in this one."""
    manifest = context.manifest()
    command = [str(Path(sys.executable).with_name("omni")), "drift", "--format", "json"]

    def whole() -> None:
        ended = subprocess.run(command, cwd=folder, env=environ, check=False, capture_output=True)
        assert ended.returncode in (0, 1), ended.stderr

    claim = f"omni drift over {len(manifest.topics)} topics, as a process"
    return compare(claim, lambda: drift(context, manifest), whole, rounds).document()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--topics", type=int, default=1000)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as name:
        folder = Path(name)
        write_contracts(folder / "contracts", arguments.topics)
        (folder / "omni.toml").write_text("[reconcile]\nmax_changed_share = 1.0\n", encoding="utf-8")
        environ = {"OMNI_HOME": str(folder / "state"), "OMNI_CONTRACTS": str(folder / "contracts")}
        broker = lifecycle.start(folder / "state", port=free_port("127.0.0.1"))
        try:
            context = resolve(bootstrap_servers=broker.bootstrap_servers, environ=environ, folder=folder)
            found = figures(context, arguments.rounds)
            alter(open_client(AdminClient, context.connection), context.manifest().topics, _DECLARED)
            process = {**environ, "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
            show(arguments.format, *found, wall(context, folder, process, arguments.rounds))
        finally:
            lifecycle.stop(folder / "state")


if __name__ == "__main__":
    main()
