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


def listed(project, *options: str):
    ran = project.omni("task", "dlq", "list", "--format", "json", *options)
    assert ran.code == 0, ran
    return ran.document


@pytest.mark.slow
def test_letters_are_listed_shown_and_sent_again_once(desk, address):
    assert desk.omni("task", "dlq", "list").out == "there are no dead letters\n"
    submit(desk, "bad", "good", "bad")
    assert desk.omni("worker", "--drain").code == 1
    found = listed(desk)["letters"]
    assert {(each["node"], each["topic"], each["reason"], each["error"]) for each in found} == {
        ("echo", ASKED, "the desk is on fire", "Hopeless")
    }
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)
    assert {each["receipt"] for each in found} == {
        each.id for each in receipts(address) if each.outcome == "dead-lettered"
    }
    assert "the desk is on fire" in desk.omni("task", "dlq", "list").out
    first, second = (each["position"] for each in found)

    shown = desk.omni("task", "dlq", "show", first)
    assert shown.code == 0
    assert "why: the desk is on fire (Hopeless)" in shown.out
    assert 'value: {"text":"bad"}' in shown.out
    document = desk.omni("task", "dlq", "show", first, "--format", "json").document
    assert document["value"]["text"] == '{"text":"bad"}'

    for _ in range(2):  # nobody worked on it yet, so it may be sent twice
        sent = desk.omni("task", "dlq", "requeue", first)
        assert (sent.code, sent.out.splitlines()[-1]) == (0, "1 letter sent again")
    write(desk, MENDED)
    assert desk.omni("worker", "--drain").out == "echo: 1 task done, 1 task duplicate\n"
    again = desk.omni("task", "dlq", "requeue", first, second)
    assert (again.code, again.out.splitlines()[-1]) == (1, "1 letter sent again")
    assert f"omni: {first} is left as it is: it was sent again already, and ended as done in " in again.err
    assert desk.omni("worker", "--drain").out == "echo: 1 task done\n"
    assert {each["sent_again"]["outcome"] for each in listed(desk)["letters"]} == {"done"}
    nothing = desk.omni("task", "dlq", "requeue", "--all")
    assert (nothing.code, nothing.out) == (0, "no letter was sent again\n")

    done = [each for each in receipts(address) if each.requeue_of and each.outcome == "done"]
    assert {each.requeue_of for each in done} == {each["receipt"] for each in found}
    assert len({each.event_id for each in done}) == 2
    assert len(committed(address, ANSWERED, 3)) == 3


def test_all_letters_of_a_key_are_sent_again_in_their_order(desk, address):
    submit(desk, *["bad"] * 15)
    desk.omni("worker", "--drain")
    sent = desk.omni("task", "dlq", "requeue", "--all", "--topic", ASKED, "--node", "echo", "--format", "json")
    assert (sent.code, len(sent.document["sent"]), sent.document["left"]) == (0, 15, [])
    records = committed(address, ASKED, 3)
    again = [each for each in records if "ce_requeueof" in dict(each.headers() or ())]
    for key in {each.key() for each in records}:
        first = [each.value() for each in records if each.key() == key and each not in again]
        assert [each.value() for each in again if each.key() == key] == first
    assert not any(name.startswith("__connect.") for each in again for name, _ in each.headers() or ())
    write(desk, MENDED)
    assert desk.omni("worker", "--drain").out == "echo: 15 tasks done\n"
    done = [each for each in receipts(address) if each.outcome == "done"]
    assert len({each.requeue_of for each in done}) == 15


def letter(address: str, value: bytes | None, headers: dict[str, str], own: dict[str, str | bytes | None]) -> None:
    """What a worker, or somebody who says that he is one, leaves in the topic of dead letters."""
    from confluent_kafka import Producer

    told = {"topic": ASKED, "partition": "0", "offset": "3", "connector.name": "echo", **headers}
    producer = Producer({"bootstrap.servers": address, "log_level": 0})
    stated = {**own, **{f"__connect.errors.{name}": fact for name, fact in told.items() if fact}}
    producer.produce(LETTERS, value, b"k", partition=0, headers=list(stated.items()))
    assert producer.flush(10) == 0


EVENT = {"ce_id": "1", "ce_source": "/s", "ce_type": ASKED, "ce_specversion": "1.0"}


def test_what_cannot_be_sent_again_is_left_with_the_reason(desk, address):
    late = {**EVENT, "ce_expirytime": "2026-03-01T12:00:00Z"}
    letters = (
        (b"?", {"connector.name": ""}, EVENT, "its headers do not say where it comes from."),
        (b"?", {"offset": "-1"}, EVENT, "its headers do not say where it comes from."),
        (b"?", {"topic": LEDGER}, EVENT, f"no contract says that `echo` subscribes `{LEDGER}`."),
        (b"?", {"connector.name": "\x1b[2J"}, EVENT, f"no contract says that `\\x1b[2J` subscribes `{ASKED}`."),
        (b"\xff", {}, {"own": b"\xff", "none": None}, "it would come back as it is: it has no header `ce_id`."),
        (None, {}, EVENT, "it would come back as it is: it is a tombstone: it has no value."),
        (b"?", {}, late, "nobody would work on it: it was due at 2026-03-01T12:00:00Z."),
    )
    for value, headers, own, _ in letters:
        letter(address, value, headers, own)
    left = desk.omni("task", "dlq", "requeue", "--all")
    assert (left.code, left.out) == (1, "no letter was sent again\n")
    assert left.err.splitlines() == [
        f"omni: {LETTERS}/0/{number} is left as it is: {why}" for number, (_, _, _, why) in enumerate(letters)
    ]
    assert committed(address, ASKED, 3) == []
    shown = desk.omni("task", "dlq", "show", f"{LETTERS}/0/3")
    assert (shown.code, "\x1b" in shown.out) == (0, False)
    assert desk.omni("task", "dlq", "show", f"{LETTERS}/0/5", "--format", "json").document["value"]["base64"] is None
    assert len(listed(desk)["letters"]) == len(letters)
    assert len(listed(desk, "--node", "echo", "--topic", ASKED, "--limit", "1")["letters"]) == 1


def test_a_letter_of_any_bytes_is_shown_as_far_as_people_want_to_read(desk, address):
    letter(address, bytes(range(256)) * 100, {}, EVENT)
    shown = desk.omni("task", "dlq", "show", f"{LETTERS}/0/0").out
    assert "    00000020  20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./\n" in shown
    assert shown.endswith("    and 23,552 bytes more\n")


def test_a_letter_that_is_none_is_named(desk):
    for words, complaint in (
        (("show", f"{LETTERS}/0/7"), f"there is no dead letter at {LETTERS}/0/7."),
        (("requeue", f"{LEDGER}/0/0"), "as a topic of dead letters."),
        (("requeue",), "name letters by their position, or all of them with --all"),
        (("requeue", f"{LETTERS}/0/0", "--node", "echo"), "they choose from all letters, and go with --all"),
    ):
        ran = desk.omni("task", "dlq", *words)
        assert (ran.code, ran.out) == (2, "")
        assert complaint in " ".join(ran.err.split())
