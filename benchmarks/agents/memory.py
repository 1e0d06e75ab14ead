"""Memory of one worker over 100,000 tasks: what its process holds after each 10,000, as Linux counts it.

What it remembers is the last 100,000 events, of which none is worked on twice. So it grows until there are so many; the
benchmark goes on from there for as long again, where it should stay the same.
"""

from __future__ import annotations

import signal
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from benchmarks.agents.latency import PARTITIONS
from benchmarks.agents.stage import ANSWERED, Stage, stage
from benchmarks.measure import parser, show
from omni_assets.broker.connection import open_client

STEP = 10_000


def answered(stage: Stage) -> Consumer:
    """A reader of what is committed."""
    consumer: Consumer = open_client(
        Consumer, stage.context.connection, {"group.id": "memory", "isolation.level": "read_committed"}
    )
    consumer.assign([TopicPartition(ANSWERED, each, 0) for each in range(PARTITIONS)])
    return consumer


def mebibytes(process: int) -> float:
    """What a process holds now."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024


def held(tasks: int) -> list[float]:
    """MiB after each step."""
    found: list[float] = []
    with stage() as broker:
        worker, answers = broker.worker(), answered(broker)
        try:
            for first in range(0, tasks, STEP):
                broker.submit(range(first, first + STEP))
                left = STEP
                while left:
                    left -= sum(each.error() is None for each in answers.consume(left, 1.0))
                    assert worker.poll() is None, "the worker ended"
                found.append(mebibytes(worker.pid))
        finally:
            answers.close()
            worker.send_signal(signal.SIGTERM)
            worker.wait()
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tasks", type=int, default=200_000)
    arguments = options.parse_args()
    found = held(arguments.tasks)
    figures = {f"mib_at_{STEP * number}": round(mib) for number, mib in enumerate(found, 1)}
    show(arguments.format, {"claim": f"memory of one worker over {arguments.tasks} tasks", **figures})


if __name__ == "__main__":
    main()
