"""From submit to result: how long until a reader of what is committed has the answer to a task, while a worker runs.

One task at a time, each a moment after the answer to the one before. The clock runs from before its event is produced
until the event that answers it was read.
"""

from __future__ import annotations

import signal
import statistics
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.agents.stage import ANSWERED, ASKED, Stage, stage
from benchmarks.measure import parser, show
from omni_assets.agents.events import Event, from_record, to_record
from omni_assets.broker.connection import open_client
from omni_assets.broker.transfer import PARTITIONER

PARTITIONS = 3
PAUSE = 0.005
_SECONDS = 60.0


class Asking:
    """Somebody who submits tasks, and reads what came of them."""

    def __init__(self, stage: Stage) -> None:
        connection = stage.context.connection
        self._producer: Producer = open_client(Producer, connection, {"partitioner": PARTITIONER, "linger.ms": 0})
        self._consumer: Consumer = open_client(
            Consumer,
            connection,
            {"group.id": "latency", "isolation.level": "read_committed", "fetch.wait.max.ms": 20},
        )
        self._consumer.assign([TopicPartition(ANSWERED, each, 0) for each in range(PARTITIONS)])

    def seconds(self, number: int) -> float:
        """From the submission of a task until its answer."""
        asked = f"e{number}"
        key, value, headers = to_record(Event(asked, "/latency", ASKED, data=b'{"text": "?"}'), b"key-%d" % number)
        started = time.perf_counter()
        self._producer.produce(ASKED, value, key, headers=list(headers))
        self._producer.poll(0)
        while time.perf_counter() - started < _SECONDS:
            answer = self._consumer.poll(0.1)
            if answer is None or answer.error() is not None:
                continue
            if from_record(answer.key(), answer.value(), answer.headers()).causation_id == asked:  # type: ignore[arg-type]
                return time.perf_counter() - started
        raise SystemExit(f"the answer to {asked} did not come within {_SECONDS:g} s")

    def close(self) -> None:
        self._consumer.close()


def figures(tasks: int) -> dict[str, object]:
    """A worker that runs already: its first answers are not counted."""
    with stage() as found:
        worker, asking = found.worker(), Asking(found)
        try:
            for number in range(20):
                asking.seconds(-1 - number)
            taken = []
            for number in range(tasks):
                time.sleep(PAUSE * (number * 7 % 11))  # in step with nothing that the worker does
                taken.append(1_000 * asking.seconds(number))
        finally:
            asking.close()
            worker.send_signal(signal.SIGTERM)
            worker.wait()
    shares = statistics.quantiles(taken, n=100)
    return {
        "claim": f"from submit to result, {tasks} tasks one after the other, while a worker runs",
        "median_ms": round(statistics.median(taken), 1),
        "95th_percentile_ms": round(shares[94], 1),
        "99th_percentile_ms": round(shares[98], 1),
        "target_ms": 50,
    }


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tasks", type=int, default=1_000)
    arguments = options.parse_args()
    show(arguments.format, figures(arguments.tasks))


if __name__ == "__main__":
    main()
