"""From submit to result where nobody works yet: the sensor of ``omni up`` finds the task, Dagster starts a run, and the
run works on it. Each task comes when the run for the one before it has ended.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time

from benchmarks.agents.latency import Asking
from benchmarks.agents.stage import Stage, stage
from benchmarks.measure import parser, show

REST = 15.0  # until the run has ended, for want of tasks


def up(stage: Stage) -> subprocess.Popen[str]:
    """``omni up``, once its UI answers."""
    running = subprocess.Popen(
        [sys.executable, "-m", "omni_assets.cli.main", "up"],
        cwd=stage.folder,
        env={**os.environ, **stage.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if re.search(r"https?://127\.0\.0\.1:\d+", line):
            return running
    raise SystemExit("omni up ended")


def figures(rounds: int) -> dict[str, object]:
    taken = []
    with stage() as found:
        running, asking = up(found), Asking(found)
        try:
            for number in range(rounds):
                time.sleep(REST)
                taken.append(asking.seconds(number))
        finally:
            asking.close()
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=60)
    return {
        "claim": "from submit to result, where a run of Dagster has to be started",
        "median_seconds": round(statistics.median(taken), 1),
        "longest_seconds": round(max(taken), 1),
        "rounds": rounds,
    }


def main() -> None:
    arguments = parser(__doc__, rounds=5).parse_args()
    show(arguments.format, figures(arguments.rounds))


if __name__ == "__main__":
    main()
