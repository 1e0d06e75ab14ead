"""Dead letters, end to end: a worker that stops before they are a flood, and what people do about them."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from omni_assets.agents.task_receipt import TaskReceipt
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

ASKED, ANSWERED = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
LETTERS, LEDGER = "onex.dlq.echo.dead-letter.v1", "onex.evt.receipt-recorder.receipt-recorded.v1"
ECHO = f"""\
name: echo
handler: {{kind: python, entry: "desk:work"}}
event_bus:
  subscribe_topics:
    - {{topic: {ASKED}, partitions: 3}}
  publish_topics:
    - {{topic: {ANSWERED}, partitions: 3}}
  dlq_topics:
    - {{topic: {LETTERS}, partitions: 3}}
"""
RECORDER = f"""\
name: receipt-recorder
event_bus:
  publish_topics:
    - topic: {LEDGER}
      partitions: 3
      config: {{cleanup.policy: delete, retention.ms: unlimited}}
"""
BROKEN = """\
import json

from omni_assets.agents.attempts import Hopeless


def work(event):
    if json.loads(event.data)["text"] != "good":
        raise Hopeless("the desk is on fire")
    return json.loads(event.data)
"""
MENDED = "def work(event):\n    return {'text': 'done'}\n"


@pytest.fixture
def desk(project, address):
    """A project whose node `echo` does what is good, and fails at everything else until it is mended."""
    project.contract("echo", ECHO)
    project.contract("receipt-recorder", RECORDER)
    project.environ["PYTHONPATH"] = str(project.folder)
    project.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    write(project, BROKEN)
    assert project.omni("provision").code == 0
    return project


def write(project, code: str) -> None:
    (project.folder / "desk.py").write_text(code, encoding="utf-8")


def submit(project, *texts: str, **fields: str) -> None:
    tasks = (
        {"topic": ASKED, "key": f"k{number % 5}", "data": {"text": text}, "id": f"e{number}", **fields}
        for number, text in enumerate(texts)
    )
    sent = project.omni("task", "submit", "-", stdin="".join(f"{json.dumps(task)}\n" for task in tasks))
    assert sent.code == 0, sent


def receipts(address) -> list[TaskReceipt]:
    return [TaskReceipt.model_validate_json(each.value() or b"") for each in committed(address, LEDGER, 3)]


def test_a_worker_stops_before_it_floods_the_dead_letters_and_nothing_is_lost(desk, address):
    (desk.folder / "omni.toml").write_text("[agents.breaker]\nwindow = 20\nleast = 6\n", encoding="utf-8")
    submit(desk, *["bad"] * 60)
    stopped = desk.omni("worker", "--drain")
    assert (stopped.code, stopped.out) == (2, "")
    assert "the worker of `echo` stopped behind 6 dead letters: nearly every task ended so" in stopped.err
    assert len(committed(address, LETTERS, 3)) == 6
    again = desk.omni("worker", "--drain")
    assert (again.code, "stopped behind 3 dead letters" in again.err) == (2, True)
    assert len(committed(address, LETTERS, 3)) == 9
    write(desk, MENDED)
    worked = desk.omni("worker", "--drain")
    assert (worked.code, worked.out) == (0, "echo: 51 tasks done\n")
    found = receipts(address)
    assert Counter(each.outcome for each in found) == {"dead-lettered": 9, "done": 51}
    assert sorted(each.event_id for each in found) == sorted(f"e{number}" for number in range(60))
    assert len(committed(address, LETTERS, 3)) == 9
