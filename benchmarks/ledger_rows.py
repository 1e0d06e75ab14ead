"""The projection of a ledger as it grows: tasks a second, bytes a row, and how either changes with their number.

Receipts are made beforehand and taken over in stretches of 1,000, as a worker's are; reading them from a broker is not
counted.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import parser, show
from omni_assets.projection.rows import LedgerPositionRow, LedgerStretch
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.support import receipts, task_receipts

_CLUSTER, _LEDGER, _STRETCH = "bench", "onex.evt.receipt-recorder.receipt-recorded.v1", 1_000


def stretches(tasks: int) -> Iterator[LedgerStretch]:
    """The receipts of so many tasks, in the order of the ledger."""
    at = LedgerPositionRow(_CLUSTER, _LEDGER, 0)
    for start in range(0, tasks, _STRETCH):
        rows = []
        for number in range(start, min(start + _STRETCH, tasks)):
            began = task_receipts.NOW + timedelta(milliseconds=10 * number)
            receipt = task_receipts.receipt(
                receipts.receipt_id(number),
                offset=number,
                started_at=began,
                ended_at=began + timedelta(milliseconds=250),
            )
            document = {**receipt.model_dump(mode="json", exclude={"routing"}), "routing": None}
            rows.append(task_row(document, "bench", LedgerPlace(_CLUSTER, _LEDGER, 0, number)))
        end = at._replace(position=start + len(rows), mark="")
        yield LedgerStretch(at, end, rows, [])
        at = end


def figures(tasks: int) -> dict[str, object]:
    """The last tenth of the tasks against the first, by the time of the processor: others may be at work on it."""
    taken = list(stretches(tasks))
    tenth = max(1, len(taken) // 10)
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as folder:
        projection = Projection(Path(folder))
        first, _, last = (_taken(projection, part) for part in (taken[:tenth], taken[tenth:-tenth], taken[-tenth:]))
        size = sum(each.stat().st_size for each in Path(folder).glob("projection.duckdb*"))
    return {
        "claim": f"the last tenth of {tasks:,} tasks against the first, processor time for each",
        "ratio": round(last.processor / first.processor, 2),
        "tasks_per_second_first": round(1 / first.clock),
        "tasks_per_second_last": round(1 / last.clock),
        "processor_milliseconds_per_task_first": round(1_000 * first.processor, 3),
        "processor_milliseconds_per_task_last": round(1_000 * last.processor, 3),
        "projection_bytes_per_task": round(size / tasks),
        "receipt_bytes": len(task_receipts.receipt(receipts.receipt_id(0)).model_dump_json()),
    }


class _Taken(NamedTuple):
    """Seconds that a task takes: by the clock, and of the processor."""

    clock: float
    processor: float


def _taken(projection: Projection, part: Sequence[LedgerStretch]) -> _Taken:
    tasks = sum(len(each.tasks) for each in part)
    clock, processor = time.perf_counter(), time.process_time()
    for each in part:
        assert projection.take_over_ledger([each])
    return _Taken((time.perf_counter() - clock) / max(tasks, 1), (time.process_time() - processor) / max(tasks, 1))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tasks", type=int, default=200_000)
    arguments = options.parse_args()
    show(arguments.format, figures(arguments.tasks))


if __name__ == "__main__":
    main()
