"""The usual way beside it: one Dagster run for each task, on an instance that keeps its runs in SQLite.

In one process, one after the other, without a daemon: each run gives the text of its task back and reports it. A run
that the daemon starts is a process of its own, which takes seconds before its first step.
"""

import os
import statistics
import tempfile
import time

import dagster as dg

from benchmarks.measure import parser, show

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@dg.op
def answer(context: dg.OpExecutionContext, text: str) -> None:
    context.log_event(dg.AssetMaterialization("answered", metadata={"text": text}))


@dg.job
def one_task() -> None:
    answer()


def figures(tasks: int, rounds: int) -> dict[str, object]:
    """Each round on an instance of its own."""
    rates = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="omni-bench-") as home, dg.DagsterInstance.local_temp(home) as instance:
            started = time.perf_counter()
            for number in range(tasks):
                config = {"ops": {"answer": {"inputs": {"text": f"task {number}"}}}, **_QUIET}
                assert one_task.execute_in_process(run_config=config, instance=instance).success
            rates.append(tasks / (time.perf_counter() - started))
    return {
        "claim": f"{tasks} tasks, one Dagster run for each, in one process",
        "tasks_per_second": round(statistics.median(rates), 1),
        "rounds": rounds,
    }


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--tasks", type=int, default=100)
    arguments = options.parse_args()
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    show(arguments.format, figures(arguments.tasks, arguments.rounds))


if __name__ == "__main__":
    main()
