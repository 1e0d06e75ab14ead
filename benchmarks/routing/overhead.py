"""What the router adds to a call, and how long a routing decision takes without one.

Baseline: a bare ``openai`` client, so many tasks, so many at a time, against an endpoint on loopback that is a process
of its own and answers at once.
Measured: the same prompts through the router: class, prompt, route, reservation, call, settlement, gates and receipt.
Nothing is recorded. Both open their client anew each time; the router looks at its endpoint's health too.

The decision is timed by itself, over eight models: the class told, the prompt filled, the route chosen.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import openai

from benchmarks.measure import compare, parser, show
from omni_assets.router.catalog import Catalog, Endpoint, Model, StatedPrice
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.learning.learned import Learned
from omni_assets.router.money.budget import BUDGET_FILE, Budget
from omni_assets.router.planning import Circumstances, Planner
from omni_assets.router.prompt import render
from omni_assets.router.runtime import Router
from omni_assets.router.task import Task
from omni_assets.router.task_class import CloudPolicy, GateUse, PromptTemplate, TaskClass
from omni_assets.router.values import Location, OutputFormat
from omni_assets.settings import BudgetSettings

MODELS = 8
ANSWER = '{"label": "billing"}'
TASK_CLASS = TaskClass(
    name="sorting",
    description="Gives a ticket one of four labels.",
    quality_floor=0.9,
    prompt=PromptTemplate(
        version=1,
        system="You sort support tickets. Answer with JSON only.",
        user='Choose one label out of billing, bug, feature, other.\n\n{text}\n\nAnswer like this: {{{{"label": …}}}}',
    ),
    gates=tuple(GateUse(gate=gate) for gate in ("not-empty", "not-truncated", "valid-json", "matches-schema")),
    output_format=OutputFormat.JSON,
    output_schema={"type": "object", "properties": {"label": {"enum": ["billing", "bug", "feature", "other"]}}},
    answer_key="label",
    max_output_tokens=50,
    cloud=CloudPolicy.ALLOWED,
    baseline="model-7",
    audit_share=0.0,
    explore_share=0.0,
)


def tasks(count: int) -> Iterator[Task]:
    """Tasks of about 30 to 300 tokens."""
    for number in range(count):
        text = f"Ticket {number}: I was charged twice for the order {number * 7919}. " * (1 + number % 16)
        yield Task(id=f"task-{number}", task_class="sorting", inputs={"text": text})


def catalog(base_url: str, at_once: int) -> Catalog:
    """Eight models at one endpoint, each dearer than the one before."""
    endpoint = Endpoint(base_url=base_url, location=Location.CLOUD, concurrency=at_once)
    return Catalog(
        endpoints={"loopback": endpoint},
        models={
            f"model-{number}": Model(
                endpoint="loopback",
                served_name=f"model-{number}",
                context_window=32_768,
                price=StatedPrice(input=Decimal(number + 1), output=Decimal(4 * (number + 1))),
            )
            for number in range(MODELS)
        },
    )


async def bare(base_url: str, count: int, at_once: int) -> None:
    """The calls by the plain client."""
    messages = [
        [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        for prompt in (render(task, TASK_CLASS) for task in tasks(count))
    ]
    turn = asyncio.Semaphore(at_once)
    async with openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:

        async def ask(asked: list[dict[str, str]]) -> None:
            async with turn:
                answer = await client.chat.completions.create(
                    model="model-0",
                    messages=asked,  # type: ignore[arg-type]
                    max_tokens=TASK_CLASS.max_output_tokens,
                    temperature=TASK_CLASS.temperature,
                )
                assert answer.choices[0].message.content == ANSWER

        await asyncio.gather(*map(ask, messages))


async def routed(base_url: str, folder: Path, count: int, at_once: int) -> None:
    """The same through the router."""
    budget = Budget(folder / BUDGET_FILE, BudgetSettings(per_day_usd=Decimal(1_000_000)))
    planner = Planner(catalog(base_url, at_once), {TASK_CLASS.name: TASK_CLASS}, by_rules)
    try:
        async with Router(planner, Learned(), budget, {}) as router:
            failures = [done.receipt.failure async for done in router.many(tasks(count), at_once)]
    finally:
        budget.close()
    assert failures == [None] * count, next(failure for failure in failures if failure)


def decisions(count: int) -> list[float]:
    """Seconds that each of so many decisions takes."""
    planner = Planner(catalog("http://127.0.0.1:9", 1), {TASK_CLASS.name: TASK_CLASS}, by_rules)
    learned, chance, seconds = Learned(), random.Random(0), []  # noqa: S311 - no secret
    for task in tasks(count):
        started = time.perf_counter()
        planner.plan(planner.tell(task), Circumstances({}, Decimal(1), learned, chance.random()))
        seconds.append(time.perf_counter() - started)
    return seconds


class _Loopback(asyncio.Protocol):
    """Answers each request at once, whatever it asks."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head := self._received.find(b"\r\n\r\n") + 4) > 3:
            length = self._received[:head].lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            if len(self._received) < head + int(length or 0):
                return
            self._received = self._received[head + int(length or 0) :]
            self._transport.write(_REPLY)  # type: ignore[attr-defined]


_COMPLETION = json.dumps(
    {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 1,
        "model": "model-0",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop", "logprobs": None}
        ],
        "usage": {"prompt_tokens": 150, "completion_tokens": 6, "total_tokens": 156},
    }
).encode()
_REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_COMPLETION) + _COMPLETION
)


async def serve() -> None:
    """Serve on a free port of loopback, which is printed, until the process is ended."""
    server = await asyncio.get_running_loop().create_server(_Loopback, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def loopback() -> Iterator[str]:
    """The address of an endpoint in a process of its own."""
    command = [sys.executable, "-c", f"import asyncio; from {__spec__.name} import serve; asyncio.run(serve())"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tasks", type=int, default=1000)
    options.add_argument("--at-once", type=int, default=100)
    arguments = options.parse_args()
    count, at_once = arguments.tasks, arguments.at_once
    with loopback() as base_url, tempfile.TemporaryDirectory() as folder:
        overhead = compare(
            f"{count:,} tasks, {at_once} at a time, through the router against a bare client",
            lambda: asyncio.run(bare(base_url, count, at_once)),
            lambda: asyncio.run(routed(base_url, Path(folder), count, at_once)),
            arguments.rounds,
        )
    seconds = decisions(count)
    show(
        arguments.format,
        overhead.document(),
        {
            "claim": f"a routing decision over {MODELS} models, without a call",
            "ratio": round(statistics.median(seconds) / 0.001, 3),
            "median_milliseconds": round(statistics.median(seconds) * 1000, 3),
            "slowest_of_100_milliseconds": round(statistics.quantiles(seconds, n=100)[-1] * 1000, 3),
            "decisions": count,
        },
    )


if __name__ == "__main__":
    main()
