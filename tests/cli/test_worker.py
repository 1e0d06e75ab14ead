"""``omni task submit`` and ``omni worker``, end to end: events in, results and receipts out, each once."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter

import pytest

from omni_assets.agents.events import from_record
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import resolve
from tests.cli.conftest import OMNI
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

ASKED, ANSWERED = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
LETTERS, LEDGER = "onex.dlq.echo.dead-letter.v1", "onex.evt.receipt-recorder.receipt-recorded.v1"
ECHO = f"""\
name: echo
handler: {{kind: python, entry: "omni_assets.agents.echo:echo"}}
event_bus:
  subscribe_topics:
    - topic: {ASKED}
      partitions: 3
      schema: {{type: object, required: [text]}}
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


@pytest.fixture
def agents(project, address):
    """A project with the node `echo`, a ledger, and a broker that has their topics."""
    project.contract("echo", ECHO)
    project.contract("receipt-recorder", RECORDER)
    assert project.omni("provision").code == 0
    return project


def lines(*numbers: int, **fields: str) -> str:
    tasks = (
        {"topic": ASKED, "key": f"k{number % 5}", "data": {"text": f"t{number}"}, "id": f"e{number}", **fields}
        for number in numbers
    )
    return "".join(f"{json.dumps(task)}\n" for task in tasks)


def receipts(address) -> list[TaskReceipt]:
    return [TaskReceipt.model_validate_json(each.value() or b"") for each in committed(address, LEDGER, 3)]


def test_tasks_are_submitted_and_worked_on_once(agents, address):
    submitted = agents.omni("task", "submit", "-", stdin=lines(*range(40)))
    assert (submitted.code, submitted.out.split()) == (0, [f"e{number}" for number in range(40)])
    worked = agents.omni("worker", "--drain")
    assert (worked.code, worked.out) == (0, "echo: 40 tasks done\n")
    found = receipts(address)
    assert sorted(each.event_id for each in found) == sorted(f"e{number}" for number in range(40))
    assert {each.cost_usd for each in found} == {0}
    answers = [from_record(each.key(), each.value(), each.headers()) for each in committed(address, ANSWERED, 3)]
    assert {each.id for each in answers} == {result.event_id for each in found for result in each.results}
    assert {each.causation_id for each in answers} == {each.event_id for each in found}
    assert agents.omni("worker", "--drain").out == "echo: nothing was left to do\n"


@pytest.mark.slow
def test_what_is_submitted_again_in_another_run_ends_as_a_duplicate_of_the_first(agents, address):
    for _ in range(2):
        assert agents.omni("task", "submit", "-", stdin=lines(1)).code == 0
        assert agents.omni("worker", "--drain").code == 0
    first, second = sorted(receipts(address), key=lambda each: each.offset)
    assert (first.outcome, second.outcome, second.duplicate_of) == ("done", "duplicate", first.id)
    assert len(committed(address, ANSWERED, 3)) == 1


@pytest.mark.slow
def test_a_command_is_carried_out_once_whoever_works_on_it(agents, address):
    for number in (1, 2):
        task = {"topic": ASKED, "key": "k", "data": {"text": "hi"}, "id": f"e{number}", "idempotency_key": "once"}
        assert agents.omni("task", "submit", "-", stdin=json.dumps({**task, "deadline": "15min"})).code == 0
        assert agents.omni("worker", "--drain").code == 0
    first, second = sorted(receipts(address), key=lambda each: each.offset)
    assert (first.outcome, second.outcome, second.duplicate_of) == ("done", "duplicate", first.id)
    assert (first.idempotency_key, second.event_id) == ("once", "e2")
    assert first.deadline is not None
    assert first.deadline > first.ended_at
    assert len(committed(address, ANSWERED, 3)) == 1


def test_a_record_of_somebody_else_that_is_no_event_is_a_dead_letter_and_stops_nobody(agents, address, admin):
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": address, "log_level": 0})
    producer.produce(ASKED, b"\xff not an event", b"k1")
    assert producer.flush(10) == 0
    agents.omni("task", "submit", "-", stdin=lines(1))
    worked = agents.omni("worker", "--drain", "--format", "json")
    assert worked.code == 1
    assert worked.document["nodes"]["echo"] == {
        "done": 1,
        "failed": 0,
        "dead-lettered": 1,
        "duplicate": 0,
        "waiting": 0,
    }
    (letter,) = committed(address, LETTERS, 3)
    assert letter.value() == b"\xff not an event"
    assert Counter(each.outcome for each in receipts(address)) == {"done": 1, "dead-lettered": 1}


@pytest.mark.slow
def test_what_became_of_tasks_is_read_from_the_ledger(agents, address):
    agents.omni("task", "submit", "-", stdin=lines(1, 2))
    agents.omni("worker", "--drain")
    context = resolve(folder=agents.folder, bootstrap_servers=address, environ={"OMNI_HOME": str(agents.folder / "h")})
    projected = project_ledger(context, context.manifest())
    assert projected is not None
    assert (projected.tasks, projected.receipts, projected.others) == (2, 0, 0)


@pytest.mark.parametrize(
    ("stdin", "complaint"),
    [
        (lines(1, topic="onex.cmd.echo.echo-request.v1"), f"Perhaps `{ASKED}` is meant."),
        (json.dumps({"topic": ASKED, "data": {"txt": 1}, "id": "bad"}), "'text' is a required property"),
        (lines(1) + "{", "standard input:2: it is no JSON"),
        (lines(1) + '{"topic": "x"}', "standard input:2: `data`: field required"),
        ("\n", "there is no task in standard input"),
        (
            lines(1, deadline="soon"),
            "standard input:1: `deadline`: it is neither a moment such as 2026-03-01T12:00:00Z",
        ),
        (lines(1, deadline="2020-01-01T00:00:00Z"), "standard input:1: `deadline`: 2020-01-01T00:00:00Z is over"),
    ],
)
def test_nothing_is_submitted_where_a_task_is_none(agents, address, stdin, complaint):
    refused = agents.omni("task", "submit", "-", stdin=stdin)
    assert refused.code == 2
    assert complaint in refused.err
    assert committed(address, ASKED, 3) == []


def test_a_handler_that_never_comes_back_keeps_no_worker_from_ending(agents, address):
    (agents.folder / "stuck.py").write_text(
        "import threading\n\n\ndef work(event):\n    print('begun', flush=True)\n    threading.Event().wait()\n",
        encoding="utf-8",
    )
    agents.contract("echo", ECHO.replace("omni_assets.agents.echo:echo", "stuck:work"))
    assert agents.omni("task", "submit", "-", stdin=lines(1)).code == 0
    process = subprocess.Popen(
        [str(OMNI), "worker"],
        cwd=agents.folder,
        env=agents.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "omni: interrupted.\n")
    assert receipts(address) == []


def test_what_handlers_print_is_no_result_and_one_that_exits_ends_no_worker(agents):
    (agents.folder / "loud.py").write_text(
        "import os\nimport subprocess\nimport sys\n\n\n"
        "def work(event):\n"
        "    print('said')\n    os.write(1, b'written\\n')\n    subprocess.run(['echo', 'called'])\n    sys.exit(4)\n",
        encoding="utf-8",
    )
    agents.contract("echo", ECHO.replace("omni_assets.agents.echo:echo", "loud:work"))
    assert agents.omni("task", "submit", "-", stdin=lines(1)).code == 0
    worked = agents.omni("worker", "--drain", "--format", "json")
    assert (worked.code, worked.document["nodes"]["echo"]["dead-lettered"]) == (1, 1)
    assert all(worked.err.count(word) == 3 for word in ("said", "written", "called"))


@pytest.mark.slow
def test_a_task_that_ends_its_worker_is_given_up_and_blocks_nobody(agents, address):
    """Nothing in the process can catch it: the third worker that dies of it is the last one."""
    agents.contract("echo", ECHO.replace("omni_assets.agents.echo:echo", "fatal:work"))
    (agents.folder / "fatal.py").write_text(
        "import os\ndef work(event):\n    if b't7' in event.data: os._exit(9)\n    return {'text': 'well'}\n"
    )
    agents.omni("task", "submit", "-", stdin=lines(*range(20)))
    assert [agents.omni("worker", "--drain").code for _ in range(3)] == [9, 9, 9]
    last = agents.omni("worker", "--drain")
    assert last.code == 1
    assert "1 task dead-lettered" in last.out
    outcomes = {each.event_id: each.outcome for each in receipts(address)}
    assert outcomes.pop("e7") == "dead-lettered"
    assert outcomes == {f"e{number}": "done" for number in range(20) if number != 7}
    (letter,) = committed(address, LETTERS, 3)
    told = dict(letter.headers())
    assert told["__connect.errors.exception.class.name"] == b"EndsItsWorker"
    assert told["__connect.errors.exception.message"].startswith(b"the process of its worker ended 3 times")


def test_a_node_without_a_handler_and_a_handler_that_is_not_there_are_named(agents):
    assert "`receipt-recorder`" in agents.omni("worker", "--drain", "--node", "receipt-recorder").err
    agents.contract("echo", ECHO.replace("echo:echo", "echo:ecco"))
    broken = agents.omni("worker", "--drain")
    assert broken.code == 2
    assert "`omni_assets.agents.echo` has no function `ecco`; perhaps `echo` is meant" in broken.err


def test_nothing_is_worked_on_before_the_topics_are_there(project, address):
    project.contract("echo", ECHO)
    project.contract("receipt-recorder", RECORDER)
    missing = project.omni("worker", "--drain")
    assert missing.code == 2
    assert "omni provision" in missing.err
