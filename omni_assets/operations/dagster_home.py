"""The Dagster instance of a state folder: its folder, and the ``dagster.yaml`` that it works by."""

from __future__ import annotations

from pathlib import Path

from omni_assets.errors import StateFolderUnusable, reason
from omni_assets.operations.files import write_whole

INSTANCE_FILE = "dagster.yaml"

OURS = "# Written by `omni up`, and kept up to date by it while this line is here; remove the line to keep changes."
INSTANCE = f"""{OURS}
# Events and runs are in SQLite files beside this one.

telemetry:
  enabled: false
nux:
  enabled: false  # no newsletter over the page

# Nothing here writes to standard output; events say it all, and no file is left behind for each step.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager

concurrency:
  runs:
    max_concurrent_runs: 2
  # Runs that share a pool wait for each other: of those that change the broker one works at a time.
  pools:
    default_limit: 1
    granularity: run

run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  cancel_timeout_seconds: 60
  max_runtime_seconds: 3600
  poll_interval_seconds: 60

# Ticks every few seconds would otherwise pile up. Old runs are deleted by the job `tidy`, and by `omni tidy`.
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 2
      failure: 30
      success: 90

# Assets say by when they are to be written again; the daemon holds them to it.
freshness:
  enabled: true

# A sensor that waits for a slow broker holds up no other.
sensors:
  use_threads: true
  num_workers: 4
schedules:
  use_threads: true
  num_workers: 2
"""


def prepare(home: Path) -> Path:
    """The ``DAGSTER_HOME`` of a state folder, with a ``dagster.yaml`` that is whole and current.

    A file without our first line is somebody's own and stays as it is. Raises ``StateError``.
    """
    folder = home / "dagster"
    file = folder / INSTANCE_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = file.read_text(encoding="utf-8", errors="replace") if file.exists() else OURS
        if present.startswith(OURS) and present != INSTANCE:
            write_whole(str(file), INSTANCE.encode())
    except OSError as error:
        raise StateFolderUnusable(str(folder), reason(error)) from None
    return folder
