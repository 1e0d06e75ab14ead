"""Memory of one worker over many tasks: what its process holds, as Linux counts it.

It remembers the last 100,000 events, of which none is worked on twice, and grows by that until there are so many; with
twice as many ``--tasks`` one sees it stay the same from there. The process that only works is measured after each
10,000 tasks; beside it stands the most that ``omni worker`` holds, which projects the ledger into DuckDB meanwhile.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from benchmarks.agents.latency import PARTITIONS
from benchmarks.agents.stage import ANSWERED, Stage, stage
from benchmarks.measure import parser, show
from omni_assets.broker.connection import open_client

STEP = 10_000
NOW, MOST = "VmRSS:", "VmHWM:"


def answered(stage: Stage) -> Consumer:
    """A reader of what is committed."""
    consumer: Consumer = open_client(
        Consumer, stage.context.connection, {"group.id": "memory", "isolation.level": "read_committed"}
    )
    consumer.assign([TopicPartition(ANSWERED, each, 0) for each in range(PARTITIONS)])
    return consumer


def mebibytes(process: int, which: str) -> int:
    """What a process holds now, or held at most."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(which))) // 1024


def held(tasks: int, which: str, begin: Callable[[Stage], subprocess.Popen[bytes]]) -> list[int]:
    """MiB after each step."""
    found: list[int] = []
    with stage() as broker:
        worker, answers = begin(broker), answered(broker)
        try:
            for first in range(0, tasks, STEP):
                broker.submit(range(first, first + STEP))
                left = STEP
                while left:
                    left -= sum(each.error() is None for each in answers.consume(left, 1.0))
                    assert worker.poll() is None, "the worker ended"
                found.append(mebibytes(worker.pid, which))
        finally:
            answers.close()
            worker.send_signal(signal.SIGTERM)
            worker.wait()
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tasks", type=int, default=100_000)
    arguments = options.parse_args()
    alone = held(arguments.tasks, NOW, lambda broker: broker.loop())
    projecting = held(arguments.tasks, MOST, lambda broker: broker.worker())
    show(
        arguments.format,
        {
            "claim": f"memory of one worker over {arguments.tasks} tasks",
            **{f"mib_at_{STEP * number}": mib for number, mib in enumerate(alone, 1)},
            "peak_mib_of_omni_worker": projecting[-1],
        },
    )


if __name__ == "__main__":
    main()
