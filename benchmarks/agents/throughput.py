"""Tasks a second of one worker: echo tasks that are there already, each ended by a result and a receipt.

By the receipts themselves, from where the first task began to where the last one ended; beside it the whole process
``omni worker --drain``, with its start and the second in which it waits for more, and what it takes to do nothing.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.agents.stage import Stage, stage
from benchmarks.measure import parser, show


def seconds(stage: Stage) -> float:
    """Of a worker that works until nothing is left."""
    started = time.perf_counter()
    assert stage.worker("--drain").wait() == 0
    return time.perf_counter() - started


def figures(tasks: int, rounds: int) -> dict[str, object]:
    """Each round on a broker of its own."""
    rates, submitting, idle, whole = [], [], [], []
    for _ in range(rounds):
        with stage() as found:
            idle.append(seconds(found))
            started = time.perf_counter()
            found.submit(range(tasks))
            submitting.append(tasks / (time.perf_counter() - started))
            whole.append(seconds(found))
            receipts = found.receipts()
            assert len({each.id for each in receipts if each.outcome == "done"}) == len(receipts) == tasks
            began, ended = min(each.started_at for each in receipts), max(each.ended_at for each in receipts)
            rates.append(tasks / (ended - began).total_seconds())
    return {
        "claim": f"{tasks} echo tasks by one worker",
        "tasks_per_second": round(statistics.median(rates)),
        "least": round(min(rates)),
        "target": 1_000,
        "process_seconds": round(statistics.median(whole), 2),
        "process_seconds_for_none": round(statistics.median(idle), 2),
        "submitted_per_second": round(statistics.median(submitting)),
        "rounds": rounds,
    }


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--tasks", type=int, default=10_000)
    arguments = options.parse_args()
    show(arguments.format, figures(arguments.tasks, arguments.rounds))


if __name__ == "__main__":
    main()
