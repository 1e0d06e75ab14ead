"""How long one waits: ``omni --help``, ``omni demo`` to its end, and ``omni up`` to an answering UI.

The help is compared with an interpreter that does nothing; the other two are plain seconds, once a round.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import compare, parser, show

ROOT = Path(__file__).resolve().parent.parent
OMNI = (sys.executable, "-m", "omni_assets.cli.main")


def help_text(rounds: int) -> dict[str, object]:
    """``omni --help`` in a fresh process."""
    found = compare(
        "omni --help",
        lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        lambda: subprocess.run([*OMNI, "--help"], check=True, capture_output=True),
        rounds,
    )
    return {**found.document(), "target_seconds": 0.4}


def demo(rounds: int) -> dict[str, object]:
    """``omni demo`` from its start to its end."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run([*OMNI, "demo"], cwd=ROOT, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return {"claim": "omni demo", "seconds": round(statistics.median(taken), 1), "rounds": rounds, "target_seconds": 60}


def up(rounds: int) -> dict[str, object]:
    """``omni up`` until its UI answers, and from SIGTERM until it is gone, in a new state folder each time."""
    ready, gone = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="omni-bench-") as home:
            started = time.perf_counter()
            running = subprocess.Popen(
                [*OMNI, "up"],
                cwd=ROOT,
                env={**os.environ, "OMNI_HOME": home},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert running.stdout is not None
            for line in running.stdout:
                if re.search(r"https?://127\.0\.0\.1:\d+", line):
                    break
            ready.append(time.perf_counter() - started)
            stopping = time.perf_counter()
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=60)
            gone.append(time.perf_counter() - stopping)
    return {
        "claim": "omni up to an answering UI",
        "seconds": round(statistics.median(ready), 1),
        "seconds_to_end": round(statistics.median(gone), 1),
        "rounds": rounds,
        "target_seconds": 30,
    }


def main() -> None:
    arguments = parser(__doc__, rounds=3).parse_args()
    show(arguments.format, help_text(arguments.rounds * 5), demo(arguments.rounds), up(arguments.rounds))


if __name__ == "__main__":
    main()
