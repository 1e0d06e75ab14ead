"""What it costs to be seen: echo tasks by one worker that tells nobody, against one that sends traces and metrics.

Told in time of a processor, which a busy machine changes little; one worker's tasks are bound by one.

The collector is a process of its own that takes everything and keeps nothing. Beside it, in one process, what a task
does for telemetry where nobody listens: its facts, its three spans, its reading.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.agents.stage import Stage, stage
from benchmarks.measure import parser, show
from omni_assets.agents.events import Event
from omni_assets.agents.observed import observed
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.traces import created
from omni_assets.broker.assignment import Partition, Place
from omni_assets.telemetry import metrics, signals

_COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Takes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
print(server.server_port, flush=True)
server.serve_forever()
"""
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@contextmanager
def collector() -> Iterator[str]:
    """Where it listens."""
    process = subprocess.Popen([sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def cost(found: Stage, tasks: int, endpoint: str) -> float:
    """Microseconds of a processor for a task, without what a worker needs that has none."""
    os.environ.pop(_ENDPOINT, None)
    found.submit(range(tasks))
    if endpoint:
        os.environ[_ENDPOINT] = endpoint
    try:
        some, none = _processor_seconds(found), _processor_seconds(found)
    finally:
        os.environ.pop(_ENDPOINT, None)
    assert len({each.id for each in found.receipts() if each.outcome == "done"}) == tasks
    return (some - none) / tasks * 1e6


def _processor_seconds(found: Stage) -> float:
    worker = found.worker("--drain")
    _, status, used = os.wait4(worker.pid, 0)
    worker.returncode = os.waitstatus_to_exitcode(status)
    assert worker.returncode == 0
    return used.ru_utime + used.ru_stime


def throughput(tasks: int, rounds: int) -> dict[str, object]:
    """The two in turn, each on a broker of its own."""
    costs: dict[bool, list[float]] = {False: [], True: []}
    with collector() as endpoint:
        for _ in range(rounds):
            for told, of_kind in costs.items():
                with stage() as found:
                    of_kind.append(cost(found, tasks, endpoint if told else ""))
    return {
        "claim": f"{tasks} echo tasks by one worker that sends traces and metrics, against one that tells nobody",
        "ratio": round(statistics.median(on / off for off, on in zip(costs[False], costs[True], strict=True)), 2),
        "microseconds_told": round(statistics.median(costs[True])),
        "microseconds_untold": round(statistics.median(costs[False])),
        "rounds": rounds,
    }


def unheard(tasks: int) -> dict[str, object]:
    """What a task does for nobody, in microseconds of a processor."""
    event = Event("e", "/omni-assets/echo", "onex.cmd.echo.echo-requested.v1")
    context = TaskContext("0" * 32, "echo", Place(Partition(event.type, 0, 0), 7))
    started = time.process_time()
    for _ in range(tasks):
        with observed(context, event):
            with signals.span("attempt", attributes={"omni.attempt": 1}), created(event.type, "r"):
                pass
            signals.record(metrics.TASK_DURATION, 0.1, {"omni.node": "echo", "omni.outcome": "done"})
    seconds = time.process_time() - started
    return {
        "claim": "what a task does for telemetry where nobody listens",
        "microseconds": round(seconds / tasks * 1e6, 1),
    }


def main() -> None:
    options = parser(__doc__, rounds=5)
    options.add_argument("--tasks", type=int, default=10_000)
    arguments = options.parse_args()
    show(arguments.format, throughput(arguments.tasks, arguments.rounds), unheard(10 * arguments.tasks))


if __name__ == "__main__":
    main()
