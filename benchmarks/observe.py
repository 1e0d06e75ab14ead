"""Observing and diffing 1,000 topics, against the raw admin calls alone.

Baseline: one listing and one DescribeConfigs over all topics with the plain client. Measured: a snapshot and its diff;
then the same with everything projected into DuckDB, first (all rows new) and again (nothing changed).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from benchmarks.measure import Comparison, compare, parser, show
from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.connection import open_client
from omni_assets.broker.local import lifecycle, probe
from omni_assets.drift.diff import diff
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.observe import drift
from omni_assets.operations.provision import provision


def write_contracts(folder: Path, topics: int) -> None:
    """``topics`` declared topics, ten a contract."""
    for number in range(0, topics, 10):
        path = folder / f"node-{number}" / "contract.yaml"
        path.parent.mkdir(parents=True)
        names = "".join(
            f"    - {{topic: onex.evt.node-{number}.event-{each}.v1, partitions: 3, retention: 3d}}\n"
            for each in range(10)
        )
        path.write_text(f"name: node-{number}\nevent_bus:\n  publish_topics:\n{names}", encoding="utf-8")


def figures(context: Context, rounds: int) -> list[dict[str, object]]:
    """The comparisons on a broker that has every declared topic."""
    manifest = context.manifest()
    provision(context, manifest)
    client = open_client(AdminClient, context.connection)

    def raw() -> None:
        names = client.list_topics(timeout=30).topics
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        for future in client.describe_configs(resources, request_timeout=30).values():
            future.result(30)

    calls = 0

    def observed() -> None:
        nonlocal calls
        with BrokerAdmin(context.connection) as admin:
            assert not diff(manifest, admin.snapshot())
            calls = admin.calls

    def projected() -> None:
        assert not drift(context, manifest).rows

    found: list[Comparison] = [
        compare(f"observe and diff {len(manifest.topics)} topics", raw, observed, rounds),
        compare(f"observe, diff and project {len(manifest.topics)} topics", raw, projected, rounds),
    ]
    return [{**each.document(), "broker_calls": calls} for each in found]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--topics", type=int, default=1000)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as name:
        folder = Path(name)
        write_contracts(folder / "contracts", arguments.topics)
        environ = {"OMNI_HOME": str(folder / "state"), "OMNI_CONTRACTS": str(folder / "contracts")}
        broker = lifecycle.start(folder / "state", port=probe.free_port("127.0.0.1"))
        try:
            context = resolve(bootstrap_servers=broker.bootstrap_servers, environ=environ, folder=folder)
            show(arguments.format, *figures(context, arguments.rounds))
        finally:
            lifecycle.stop(folder / "state")


if __name__ == "__main__":
    main()
