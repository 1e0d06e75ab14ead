"""``omni task approvals``, ``approve`` and ``reject``, end to end: what is shown is what is answered, once."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from omni_assets.agents.events import from_record
from omni_assets.agents.task_receipt import TaskReceipt
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

PASSED, REVIEWED = "onex.evt.tester.passed.v1", "onex.evt.reviewer.reviewed.v1"
REQUESTS, ANSWERS = "onex.evt.reviewer.approval-requested.v1", "onex.cmd.reviewer.answer-approval.v1"
LEDGER = "onex.evt.recorder.noted.v1"
REVIEWER = f"""\
name: reviewer
handler:
  kind: python
  entry: "reviewer:review"
  approvals: {{requests: {REQUESTS}, answers: {ANSWERS}}}
event_bus:
  subscribe_topics: [{PASSED}]
  publish_topics: [{REVIEWED}]
"""
HANDLER = """\
def review(event, context):
    answer = context.ask("from \\x1b[2Jcalc import mean\\n-old\\n+new \\u202e", "Is branch a good?")
    return {"good": answer.approved, "by": answer.by, "reason": answer.reason}
"""
SHOWN = "Is branch a good?\n\nfrom \x1b[2Jcalc import mean\n-old\n+new \u202e"


@pytest.fixture
def agents(project, address):
    """A project whose node `reviewer` asked a person about one task."""
    project.contract("reviewer", REVIEWER)
    project.contract("recorder", f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n")
    (project.folder / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    (project.folder / "reviewer.py").write_text(HANDLER)
    project.environ["PYTHONPATH"] = str(project.folder)
    assert project.omni("provision").code == 0
    line = json.dumps({"topic": PASSED, "key": "a", "data": {}, "id": "e1"})
    assert project.omni("task", "submit", "-", stdin=line).code == 0
    worked = project.omni("worker", "--drain")
    assert (worked.code, worked.out) == (0, "reviewer: 1 task waiting\n"), worked
    return project


def receipts(address) -> list[TaskReceipt]:
    found = [TaskReceipt.model_validate_json(each.value() or b"") for each in committed(address, LEDGER, 1)]
    return sorted(found, key=lambda each: each.ended_at)


def results(address) -> list[dict[str, object]]:
    events = [from_record(each.key(), each.value(), each.headers()) for each in committed(address, REVIEWED, 1)]
    return [json.loads(each.data) for each in events]


def test_what_waits_is_listed_shown_and_approved_once(agents, address):
    listed = agents.omni("task", "approvals")
    (waits,) = agents.omni("task", "approvals", "--format", "json").document["waiting"]
    assert listed.code == 0
    assert waits["id"][:12] in listed.out
    assert "Is branch a good?" in listed.out
    assert waits["content_sha256"] == sha256(SHOWN.encode()).hexdigest()

    approved = agents.omni("task", "approve", waits["id"][:8], "--by", "Ada", "--yes")
    assert (approved.code, approved.out) == (0, f"approved by Ada: {waits['id']}\n")
    assert approved.err.endswith(
        f"sha256 {waits['content_sha256']}\nIs branch a good?\n\nfrom \\x1b[2Jcalc import mean\n-old\n+new \\u202e\n"
    )
    assert agents.omni("task", "approvals").out == "nothing waits for a person\n"

    again = agents.omni("task", "reject", waits["id"], "--reason", "no", "--yes")
    assert (again.code, again.out) == (1, "")
    assert "omni: the question was approved by Ada at " in again.err

    assert agents.omni("worker", "--drain").out == "reviewer: 1 task done\n"
    assert results(address) == [{"good": True, "by": "Ada", "reason": ""}]
    waiting, done = receipts(address)
    assert (waiting.outcome, done.outcome) == ("waiting", "done")
    assert waiting.approval is not None
    assert done.approval is not None
    assert (waiting.approval.answer, done.approval.answer, done.approval.by) == (None, "approved", "Ada")
    assert waiting.approval.id == done.approval.id == waiting.id == waits["id"]
    assert waiting.correlation_id == done.correlation_id == "e1"


def test_a_rejection_says_why(agents, address):
    (waits,) = agents.omni("task", "approvals", "--format", "json").document["waiting"]
    rejected = agents.omni(
        "task", "reject", waits["id"], "--reason", "no tests", "--by", "Bob", "-y", "--format", "json"
    )
    assert rejected.code == 0
    assert rejected.document == {
        "version": 1,
        "request": waits["id"],
        "content_sha256": waits["content_sha256"],
        "answer": "rejected",
        "by": "Bob",
        "reason": "no tests",
        "partition": waits["partition"],
        "offset": waits["offset"],
    }
    assert agents.omni("worker", "--drain").code == 0
    assert results(address) == [{"good": False, "by": "Bob", "reason": "no tests"}]


def test_nothing_is_answered_without_a_yes(agents, address):
    (waits,) = agents.omni("task", "approvals", "--format", "json").document["waiting"]
    asked = agents.omni("task", "approve", waits["id"], stdin="n\n")
    assert (asked.code, asked.out.strip()) == (1, "")
    assert "Is that to be approved? [y/N]:" in asked.err
    alone = agents.omni("task", "approve", waits["id"], stdin="")
    assert alone.code == 2
    assert alone.err.endswith("omni: nobody answered: Is that to be approved?\n      `--yes` says so beforehand.\n")
    assert committed(address, ANSWERS, 1) == []
    read_only = agents.omni("task", "approve", waits["id"], "--yes", OMNI_READONLY="1")
    assert read_only.code == 2
    assert "answering a question is a write, and OMNI_READONLY=1 forbids every write." in read_only.err
    unknown = agents.omni("task", "approve", "zzzz", "--yes")
    assert unknown.code == 2
    assert "no question begins with `zzzz`.\n" in unknown.err
    assert "`omni task approvals` lists what waits." in unknown.err


def test_what_is_no_question_is_counted(agents, address):
    line = json.dumps({"topic": REQUESTS, "key": "a", "data": {"task": "?"}, "id": "e2"})
    assert agents.omni("task", "submit", "-", stdin=line).code == 0
    listed = agents.omni("task", "approvals")
    assert "1 question waits for a person" in listed.out
    assert "1 record in the topics of questions is none that a person could be shown" in listed.out


def test_without_a_node_that_asks_nothing_can_wait(project, address):
    ran = project.omni("task", "approvals")
    assert (ran.code, ran.out) == (2, "")
    assert "no contract names topics for approvals, so nobody asks." in ran.err
