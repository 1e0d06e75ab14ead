"""A project in which a bit of everything has happened: drift, a plan, a topic that is missing, an orphan with records
in it, tasks of agents and of the router, a dead letter, a question that waits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from omni_assets.broker.connection import Connection, open_client
from tests.support.routed_project import task_lines, write_routed_project

ASKED, DONE, LETTERS = "onex.cmd.desk.work-asked.v1", "onex.evt.desk.work-done.v1", "onex.dlq.desk.dead-letter.v1"
REQUESTS, ANSWERS = "onex.evt.desk.approval-requested.v1", "onex.cmd.desk.answer-approval.v1"
ORPHAN = "onex.evt.desk.work_done.v1"
ALERTS = "onex.evt.watchman.alert-raised.v1"
DESK = f"""\
name: desk
handler:
  kind: python
  entry: "desk:work"
  approvals: {{requests: {REQUESTS}, answers: {ANSWERS}}}
event_bus:
  subscribe_topics:
    - {{topic: {ASKED}, partitions: 1}}
  publish_topics:
    - {{topic: {DONE}, partitions: 1, retention: 7d}}
  dlq_topics:
    - {{topic: {LETTERS}, partitions: 1}}
"""
LATER = """\
name: latecomer
event_bus:
  publish_topics: [onex.evt.latecomer.came-late.v1]
"""
WATCHMAN = f"""\
name: watchman
event_bus:
  publish_topics:
    - {{topic: {ALERTS}, partitions: 1}}
"""
_HANDLER = """\
import json

from omni_assets.agents.attempts import Hopeless


def work(event, context):
    wanted = json.loads(event.data)["wanted"]
    if wanted == "fail":
        raise Hopeless("the desk is on fire")
    if wanted == "ask":
        return {"approved": context.ask("may I?", "It costs nothing.").approved}
    return {"done": wanted}
"""
_SETTINGS = "[alerts]\nnode = 'watchman'\n"
TASKS, PLAN = "asked.jsonl", "plan.json"
ROUTED = "routed.jsonl"


@dataclass(frozen=True)
class Lived:
    """The project, and what has an id in it."""

    project: Any
    question: str
    letter: str
    task: str
    receipt: str


def write(project: Any, large: str) -> None:
    """Contracts, settings, handler and files of tasks; ``large`` is the address of the cloud model."""
    write_routed_project(project.folder, large)
    project.contract("desk", DESK)
    project.contract("watchman", WATCHMAN)
    files = {
        "omni.toml": _SETTINGS,
        "desk.py": _HANDLER,
        ROUTED: task_lines("a", "b"),
        TASKS: "".join(
            json.dumps({"topic": ASKED, "key": wanted, "data": {"wanted": wanted}, "id": f"e-{wanted}"}) + "\n"
            for wanted in ("coffee", "tea", "fail", "ask")
        ),
    }
    for name, text in files.items():
        (project.folder / name).write_text(text, encoding="utf-8")
    project.environ["PYTHONPATH"] = str(project.folder)
    project.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def live(project: Any, connection: Connection, run: Callable[..., Any], routed: int = 0) -> Lived:
    """All of that, by ``run``, which runs ``omni`` in the project. ``connection`` is of somebody who may do all;
    ``routed`` is how routing the tasks ends.
    """

    def clean(*arguments: str, code: int = 0) -> Any:
        ran = run(*arguments)
        assert ran.code == code, (arguments, ran)
        return ran

    clean("provision")
    _disturb(connection)
    clean("task", "submit", TASKS)
    clean("worker", "--drain", code=1)
    clean("route", "run", ROUTED, code=routed)
    project.contract("latecomer", LATER)
    clean("drift", code=1)
    clean("plan", "-o", PLAN, code=1)
    tasks = clean("task", "list", "--format", "json").document["tasks"]
    letters = clean("task", "dlq", "list", "--format", "json").document["letters"]
    questions = clean("task", "approvals", "--format", "json").document["waiting"]
    receipts = clean("receipts", "--format", "json").document["receipts"]
    return Lived(project, questions[0]["id"], letters[0]["position"], tasks[0]["id"], receipts[0]["id"])


def _disturb(connection: Connection) -> None:
    """A topic with other settings than declared, and an orphan with records in it."""
    admin = open_client(AdminClient, connection)
    admin.create_topics([NewTopic(ORPHAN, 1, 1)])[ORPHAN].result(20)
    shorter = ConfigEntry("retention.ms", "3600000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, DONE, incremental_configs=[shorter])
    admin.incremental_alter_configs([resource])[resource].result(20)
    producer = open_client(Producer, connection, {"enable.idempotence": True})
    for number in range(3):
        producer.produce(ORPHAN, b"%d" % number, b"key")
    assert producer.flush(20) == 0
