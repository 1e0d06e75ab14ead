"""Every benchmark, one after the other: what ``make bench`` runs. ``CORPUS`` in the environment names the contracts."""

from __future__ import annotations

import os
import subprocess
import sys

_CORPUS = os.environ.get("CORPUS", "../shared/corpus")

BENCHMARKS: tuple[tuple[str, ...], ...] = (
    ("benchmarks.agents.cold",),
    ("benchmarks.agents.latency",),
    ("benchmarks.agents.memory",),
    ("benchmarks.agents.run_per_task",),
    ("benchmarks.agents.telemetry",),
    ("benchmarks.agents.throughput",),
    ("benchmarks.contracts_extract", _CORPUS),
    ("benchmarks.contracts_scale", _CORPUS),
    ("benchmarks.near_miss", _CORPUS),
    ("benchmarks.import_time",),
    ("benchmarks.drift_diff",),
    ("benchmarks.event_log",),
    ("benchmarks.ledger_rows",),
    ("benchmarks.observe",),
    ("benchmarks.pages", _CORPUS),
    ("benchmarks.plan_apply",),
    ("benchmarks.reconcile",),
    ("benchmarks.registry_scan",),
    ("benchmarks.report",),
    ("benchmarks.routing.live",),
    ("benchmarks.routing.overhead",),
    ("benchmarks.start",),
)


def main() -> None:
    for module, *arguments in BENCHMARKS:
        print(f"python -m {' '.join((module, *arguments))}", flush=True)
        subprocess.run([sys.executable, "-m", module, *arguments], check=True)


if __name__ == "__main__":
    main()
