"""Dagster events of one ``reconcile`` run, by the number of topics: the same for ten and for a thousand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import parser, show
from benchmarks.observe import write_contracts
from omni_assets.broker.local import lifecycle
from omni_assets.operations import dagster_home
from omni_assets.processes.ports import free_port


def events(topics: int) -> dict[str, object]:
    """One run on an empty embedded broker, so that every topic is created on the way."""
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as name:
        folder = Path(name)
        write_contracts(folder / "contracts", topics)
        broker = lifecycle.start(folder / "state", port=free_port("127.0.0.1"))
        environ = {
            **os.environ,
            "OMNI_HOME": str(folder / "state"),
            "OMNI_CONTRACTS": str(folder / "contracts"),
            "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "DAGSTER_HOME": str(dagster_home.prepare(folder / "state")),
        }
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "omni_assets.pipeline.reconcile"],
                cwd=folder,
                env=environ,
                check=True,
                capture_output=True,
            )
        finally:
            lifecycle.stop(folder / "state")
    document = json.loads(ended.stdout)
    return {
        "claim": f"one reconcile run over {topics} topics",
        "events": document["events"],
        "created": document["provisioned"]["created"],
        "run_seconds": document["seconds"],
    }


def main() -> None:
    arguments = parser(__doc__).parse_args()
    show(arguments.format, *(events(topics) for topics in (10, 100, 1_000)))


if __name__ == "__main__":
    main()
