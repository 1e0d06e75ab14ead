"""The workers of several nodes together: what one node's dead letters mean for the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.errors import DeadLettersHeld, HandlerUnusable
from omni_assets.operations.agents.dead_letters import Filter, letters
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import IDLE_SECONDS, work
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from tests.support.odd_headers import write
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

LEDGER = "onex.evt.recorder.noted.v1"
NODE = """\
name: {node}
handler: {{kind: python, entry: "tests.operations.agents.test_working:{entry}"}}
event_bus:
  subscribe_topics: [onex.cmd.{node}.asked.v1]
  publish_topics: [onex.evt.{node}.answered.v1]
  dlq_topics: [onex.dlq.{node}.dead-letter.v1]
"""
RECORDER = f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n"


def fail(_: Event) -> None:
    raise Hopeless("no")


async def answer(_: Event) -> dict[str, Any]:
    await asyncio.sleep(0.05)
    return {}


async def take_long(_: Event) -> dict[str, Any]:
    await asyncio.sleep(2.5 * IDLE_SECONDS)
    return {}


def project(folder: Path, broker: Any, contracts: Mapping[str, str]) -> Context:
    """Contracts in a folder, and their topics at the broker."""
    for node, text in contracts.items():
        (folder / "contracts" / node).mkdir(parents=True)
        (folder / "contracts" / node / "contract.yaml").write_text(text, encoding="utf-8")
    (folder / "omni.toml").write_text(
        '[router]\nledger_node = "recorder"\n[agents.breaker]\nwindow = 20\nleast = 5\n', encoding="utf-8"
    )
    environ = {"OMNI_HOME": str(folder / "state"), "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    context = resolve(environ=environ, folder=folder)
    provision(context, context.manifest())
    return context


@pytest.fixture
def context(tmp_path: Path, broker: Any) -> Context:
    """Two nodes that are asked 40 times each: one does it all, the other nothing."""
    contracts = {
        "broken": NODE.format(node="broken", entry="fail"),
        "sound": NODE.format(node="sound", entry="answer"),
        "recorder": RECORDER,
    }
    context = project(tmp_path, broker, contracts)
    nodes = ("broken", "sound")
    submit(context, [Submission(topic=f"onex.cmd.{node}.asked.v1", data={}) for node in nodes for _ in range(40)])
    return context


def outcomes(context: Context) -> Counter[tuple[str, str]]:
    found = committed(context.bootstrap_servers, LEDGER, 1)
    receipts = [TaskReceipt.model_validate_json(each.value() or b"") for each in found]
    return Counter((each.node, each.outcome.value) for each in receipts)


def test_a_drain_does_the_work_of_the_other_nodes_before_it_tells_of_a_flood(context: Context) -> None:
    with pytest.raises(DeadLettersHeld, match="the worker of `broken` stopped behind 5 dead letters"):
        asyncio.run(work(context, drain=True, concurrency=2))
    assert outcomes(context) == {("broken", "dead-lettered"): 5, ("sound", "done"): 40}


def test_without_an_end_to_its_work_a_flood_ends_a_worker_at_once(context: Context) -> None:
    with pytest.raises(DeadLettersHeld):
        asyncio.run(work(context, concurrency=2))
    assert outcomes(context)["broken", "dead-lettered"] == 5


def test_a_drain_follows_a_chain_through_steps_that_take_their_time(tmp_path: Path, broker: Any) -> None:
    """Whoever comes last has nothing to do for longer than an idle worker stays."""
    steps = ("first", "second", "third")
    contracts = {"recorder": RECORDER}
    for before, node in zip(("", *steps), steps, strict=False):
        text = NODE.format(node=node, entry="take_long")
        asked = f"onex.evt.{before}.answered.v1" if before else f"onex.cmd.{node}.asked.v1"
        contracts[node] = text.replace(f"onex.cmd.{node}.asked.v1", asked)
    context = project(tmp_path, broker, contracts)
    submit(context, [Submission(topic="onex.cmd.first.asked.v1", data={})])
    asyncio.run(work(context, drain=True))
    assert outcomes(context) == {(node, "done"): 1 for node in steps}


def test_a_node_that_its_own_receipts_would_keep_at_work_for_ever_does_not_begin(tmp_path: Path, broker: Any) -> None:
    reader = NODE.format(node="reader", entry="answer").replace("onex.cmd.reader.asked.v1", LEDGER)
    context = project(tmp_path, broker, {"reader": reader, "recorder": RECORDER})
    with pytest.raises(
        HandlerUnusable, match=f"it subscribes `{LEDGER}`, so the receipt of each of its tasks is a task"
    ):
        asyncio.run(work(context, drain=True))
    assert outcomes(context) == {}


def test_a_record_whose_headers_nobody_can_read_is_a_dead_letter_and_ends_no_worker(
    tmp_path: Path, broker: Any
) -> None:
    context = project(tmp_path, broker, {"sound": NODE.format(node="sound", entry="answer"), "recorder": RECORDER})
    write(broker.bootstrap_servers, "onex.cmd.sound.asked.v1", b"k", b"{}")
    asyncio.run(work(context, drain=True))
    (letter,) = committed(broker.bootstrap_servers, "onex.dlq.sound.dead-letter.v1", 1)
    assert (letter.key(), letter.value()) == (b"k", b"{}")
    told = dict(letter.headers() or ())
    assert told["omni-unreadable-headers"] == b"a name among them is no UTF-8"
    assert (
        told["__connect.errors.exception.message"] == b"a name among its headers is no UTF-8, so nobody can read them"
    )
    assert outcomes(context) == {("sound", "dead-lettered"): 1}
    (kept,) = letters(context, Filter(), 10).found
    assert kept.origin is not None
