"""``omni task list`` and ``omni task show``: what is remembered of tasks, readable at any width."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from omni_assets.agents.task_receipt import (
    Answer,
    EffectOutcome,
    TaskApproval,
    TaskAttempt,
    TaskEffect,
    TaskOutcome,
    TaskReceipt,
    TaskResult,
)
from omni_assets.cli.views.chain import chain_lines
from omni_assets.cli.views.tasks import tasks_lines
from omni_assets.operations.agents import tasks as remembered
from omni_assets.operations.agents.chains import How
from omni_assets.projection.rows import LedgerPositionRow, LedgerStretch
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.cli.test_worker import ECHO, RECORDER, lines
from tests.support.task_receipts import receipt

NOW = datetime.now(UTC)
LONG = "a reason that goes on for quite a while, as reasons of handlers do, and names \x1b[31mbranches\x1b[0m"
QUESTION = TaskApproval(id="f" * 32, content_sha256="ab" * 32)


def at(minutes: float, **changed: object) -> dict[str, object]:
    started = NOW - timedelta(minutes=minutes)
    return {"started_at": started, "ended_at": started + timedelta(seconds=2), **changed}


def said(*events: str) -> tuple[TaskResult, ...]:
    return tuple(TaskResult(topic="onex.evt.test-runner.tests-passed.v1", event_id=each) for each in events)


def failed(number: int, reason: str) -> TaskAttempt:
    return TaskAttempt(number=number, seconds=0.5, reason=reason)


OPENED = receipt("a1" * 16, node="opener", event_id="pull-17", results=said("e1" * 16), key="pull-17", **at(9))
TESTED = receipt(
    "b2" * 16,
    node="test-runner",
    event_id="e1" * 16,
    results=said("e2" * 16),
    cost_usd=None,
    attempts=(failed(1, "busy"), TaskAttempt(number=2, seconds=1.0)),
    deadline=NOW,
    idempotency_key="once",
    **at(8),
)
LETTER = receipt(
    "c3" * 16, node="reviewer", event_id="e2" * 16, outcome=TaskOutcome.DEAD_LETTERED, reason=LONG, key="", **at(7)
)
AGAIN = receipt(
    "d4" * 16,
    node="reviewer",
    event_id="e2" * 16,
    requeue_of=LETTER.id,
    outcome=TaskOutcome.WAITING,
    approval=QUESTION,
    effects=(TaskEffect(name="comment", key="t/0/1/1", outcome=EffectOutcome.FOUND),),
    **at(6),
)
ANSWERED = receipt(
    "e5" * 16,
    node="reviewer",
    event_id="answer",
    approval=QUESTION.model_copy(update={"answer": Answer.APPROVED, "by": "Ada"}),
    **at(5),
)
REPLAYED = receipt("f6" * 16, node="opener", event_id="pull-17", replay="r1", replay_of=OPENED.id, **at(4))
DUPLICATE = receipt(
    "a7" * 16,
    node="opener",
    event_id="pull-17",
    duplicate_of=OPENED.id,
    outcome=TaskOutcome.DUPLICATE,
    reason="its event was worked on before",
    attempts=(),
    **at(3),
)
OTHER = receipt("b8" * 16, event_id="other", correlation_id="other", cost_usd=Decimal("0.0021"), **at(1))
NO_EVENT = receipt("c9" * 16, event_id="", event_source="", correlation_id="", causation_id="", **at(2))
CHAIN = (OPENED, TESTED, LETTER, AGAIN, ANSWERED, REPLAYED, DUPLICATE)


def remember(home, *receipts: TaskReceipt) -> None:
    rows = [
        task_row(
            {**each.model_dump(mode="json", exclude={"routing"}), "routing": "0" * 32 if each is TESTED else None},
            "local",
            LedgerPlace("main", "ledger", 0, number),
        )
        for number, each in enumerate(receipts)
    ]
    start = LedgerPositionRow("main", "ledger", 0)
    assert Projection(home).take_over_ledger([LedgerStretch(start, start._replace(position=len(rows)), rows, ())])


@pytest.fixture
def kept(project):
    remember(project.home, *CHAIN, NO_EVENT, OTHER)
    return project


def plain(lines) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def test_the_list_is_newest_first_with_the_reason_of_each_that_was_not_done(kept):
    ran = kept.omni("task", "list", "--stored")
    assert (ran.code, ran.err) == (0, "")
    header, newest, *rest = ran.out.splitlines()
    assert header.split() == ["TASK", "AGE", "NODE", "RECORD", "KEY", "OUTCOME", "TRIES", "COST"]
    assert newest.split()[0] == "b8b8b8b8"
    assert newest.split()[-4:] == ["k", "done", "1", "$0.0021"]
    assert "    its event was worked on before" in rest
    assert "\\x1b[31mbranches" in ran.out
    assert "\x1b" not in ran.out
    assert rest[-1] == "9 tasks"


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        (("--node", "reviewer", "--outcome", "dead-lettered"), ["c3c3c3c3"]),
        (("--key", "pull-17"), ["a1a1a1a1"]),
        (("--since", (NOW - timedelta(seconds=90)).isoformat()), ["b8b8b8b8"]),
        (("--topic", "onex.cmd.echo.asked.v1", "--limit", "2"), ["b8b8b8b8", "c9c9c9c9"]),
        (("--topic", "nothing"), []),
    ],
)
def test_the_list_is_narrowed(kept, asked, ids):
    ran = kept.omni("task", "list", "--stored", "--format", "json", *asked)
    assert [each["id"][:8] for each in ran.document["tasks"]] == ids
    assert ("there are more tasks than these 2" in ran.err) is ("--limit" in asked)


def test_what_stays_unknown_is_told_as_such(kept):
    tasks = {each["node"]: each for each in kept.omni("task", "list", "--stored", "--format", "json").document["tasks"]}
    assert tasks["test-runner"]["cost_usd"] is None
    assert tasks["test-runner"]["attempts"] == 2
    text = kept.omni("task", "list", "--stored", "--node", "test-runner").out
    assert "not known" in text


def test_a_chain_is_a_tree_of_everything_that_came_of_one_beginning(kept):
    ran = kept.omni("task", "show", TESTED.id[:6], "--stored")
    assert (ran.code, ran.err) == (0, "")
    drawn = re.findall(r"^(.*) \([0-9a-f]{8}, .*\)$", ran.out, re.MULTILINE)
    assert drawn == [
        "opener: done",
        "├─ test-runner: done",
        "│  └─ reviewer: dead-lettered",
        "│     └─ reviewer: waiting, its dead letter, sent again",
        "│        └─ reviewer: done, the answer to its question",
        "├─ opener: done, the same in a replay",
        "└─ opener: duplicate",
    ]
    for words in (
        "event c from /tests",
        "7 tasks (4 done, 1 dead-lettered, 1 duplicate, 1 waiting)",
        "cost not known",
        "attempt 1, 0.50 s: busy",
        "attempt 2, 1.00 s: did its work",
        "models were asked: `omni receipts show 00000000`",
        "effect comment: found (t/0/1/1)",
        "approved by Ada",
        "asked a person (sha256 abababab)",
        "published onex.evt.test-runner.tests-passed.v1 (e1e1e1e1)",
        "counts once as once",
        "replay r1",
        "\\x1b[31mbranches",
    ):
        assert words in ran.out, words


def test_a_question_without_an_answer_says_how_to_give_one(kept):
    told = remembered.chain(kept.home, "pull-17")
    unanswered = replace(told, links=tuple(link for link in told.links if link.how is not How.ANSWER))
    assert "waits for a person: `omni task approve ffffffff`" in "\n".join(plain(chain_lines(unanswered, None)))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_chain_and_a_list_fit_their_width(kept, width):
    chain = remembered.chain(kept.home, "pull-17")
    assert max(map(len, plain(chain_lines(chain, width)))) <= width
    if width >= 80:
        found = remembered.tasks(kept.home)
        assert max(map(len, plain(tasks_lines(found, NOW, width)))) <= width


def test_a_key_of_sixty_thousand_characters_is_cut_for_people(project):
    remember(project.home, OTHER.model_copy(update={"key": "k" * 60_000}))
    (found,) = remembered.tasks(project.home)
    drawn = [*tasks_lines([found], NOW, None), *chain_lines(remembered.chain(project.home, OTHER.id), None)]
    assert 120 < max(map(len, plain(drawn))) < 300


def test_a_chain_for_programs_says_what_each_follows_from(kept):
    told = kept.omni("task", "show", "pull-17", "--stored", "--format", "json").document
    assert (told["correlation_id"], told["cost_usd"], told["more"]) == ("c", None, False)
    found = {each["id"]: each for each in told["tasks"]}
    follows = {
        id_[:2]: (each["how"], each["parent"] and each["parent"][:2], each["depth"]) for id_, each in found.items()
    }
    assert follows == {
        "a1": ("beginning", None, 0),
        "b2": ("result", "a1", 1),
        "c3": ("result", "b2", 2),
        "d4": ("requeue", "c3", 3),
        "e5": ("answer", "d4", 4),
        "f6": ("replay", "a1", 1),
        "a7": ("duplicate", "a1", 1),
    }
    assert found[TESTED.id]["ledger"] == {"cluster": "main", "topic": "ledger", "partition": 0, "position": 1}
    assert {id_[:2] for id_, each in found.items() if each["asked"]} == {"a1", "f6", "a7"}, "those of the event"


def test_a_task_that_failed_is_a_finding_and_a_record_that_is_no_event_has_a_chain_of_its_own(kept):
    assert kept.omni("task", "show", LETTER.id, "--stored").code == 1
    ran = kept.omni("task", "show", NO_EVENT.id, "--stored")
    assert ran.code == 0
    assert ran.out.startswith("a record that is no event, onex.cmd.echo.asked.v1/0/0\n1 task (1 done)")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("zzz\x1b", "no task, event or result has an id that begins with `zzz\\x1b`."),
        ("b", "`b` begins the ids of tasks of 2 beginnings: b2b2b2b2b2b2, b8b8b8b8b8b8."),
        (" ", "it is empty"),
    ],
)
def test_a_name_that_no_task_or_several_have_is_refused(kept, name, words):
    ran = kept.omni("task", "show", name, "--stored")
    assert (ran.code, ran.out) == (2, "")
    assert words in " ".join(ran.err.replace("│", " ").split())


def test_a_result_that_nobody_worked_on_names_its_task(kept):
    remember(kept.home.parent / "other", receipt("ab" * 16, results=said("lonely")))
    chain = remembered.chain(kept.home.parent / "other", "lone")
    assert [each.id for each in chain.receipts] == ["ab" * 16]


def test_a_name_in_full_counts_more_than_what_begins_so_however_many_do(tmp_path):
    many = [receipt(f"t{number:04}", event_id=f"e1{number:04}", **at(2_000)) for number in range(1_001)]
    remember(tmp_path, *many, receipt("late", event_id="e1", correlation_id="mine", **at(1)))
    assert [each.id for each in remembered.chain(tmp_path, "e1").receipts] == ["late"]


def test_a_deep_chain_is_drawn_as_deep_as_there_is_room(tmp_path):
    steps = [
        receipt(f"t{each:04}", event_id=f"e{each}", results=said(f"e{each + 1}"), **at(1_000)) for each in range(60)
    ]
    remember(tmp_path, *steps)
    drawn = plain(chain_lines(remembered.chain(tmp_path, "t0000"), 120))
    heads = [line for line in drawn if "echo: done" in line]
    assert len(heads) == 60
    assert [line.index("─ echo") - 1 for line in heads[1:]] == [3 * min(depth - 1, 19) for depth in range(1, 60)]


def test_a_beginning_with_too_many_tasks_is_cut_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "MOST_IN_A_CHAIN", 5)
    remember(tmp_path, *(receipt(f"t{number:031}", **at(100 - number)) for number in range(9)))
    chain = remembered.chain(tmp_path, f"t{8:031}")
    assert chain.more
    assert [each.id[-1] for each in chain.receipts] == ["0", "1", "2", "3", "4", "8"]
    assert any("there are more tasks than these" in line for line in plain(chain_lines(chain, 80)))


def test_without_a_broker_what_was_projected_is_shown_and_that_is_said(kept, closed_port):
    kept.contract("receipt-recorder", RECORDER)
    down = ("--bootstrap-servers", f"127.0.0.1:{closed_port}")
    ran = kept.omni("task", "list", *down, OMNI_BROKER_TIMEOUT="1")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "9 tasks")
    assert ran.err.startswith("omni: shown as it was projected last: no broker answers at ")
    assert kept.omni("task", "show", OTHER.id, "--stored", *down).err == ""


def test_nothing_remembered_is_told_and_no_error(project):
    ran = project.omni("task", "list", "--stored")
    assert (ran.code, ran.out) == (0, "no such task is remembered: `omni task submit` gives some\n")
    assert project.omni("task", "list", "--stored", "--format", "json").document == {"version": 1, "tasks": []}


@pytest.mark.broker
def test_what_the_ledger_has_by_now_is_projected_first_and_comes_back_by_a_rebuild(project, address):
    project.contract("echo", ECHO)
    project.contract("receipt-recorder", RECORDER)
    assert project.omni("provision").code == 0
    assert project.omni("task", "submit", "-", stdin=lines(1, 2, 3)).code == 0
    assert project.omni("worker", "--drain").err == ""
    stored = project.omni("task", "list", "--stored", "--format", "json").document
    assert sorted(each["event_id"] for each in stored["tasks"]) == ["e1", "e2", "e3"]
    (project.home / "projection.duckdb").unlink()
    assert project.omni("task", "list", "--format", "json").document == stored
    shown = project.omni("task", "show", "e2", "--format", "json").document
    assert [each["event_id"] for each in shown["tasks"]] == ["e2"]
    question = ("sql", "--format", "json", "SELECT * FROM tasks ORDER BY id")
    before = project.omni(*question).document["rows"]
    rebuilt = project.omni("rebuild", "--format", "json").document
    assert (rebuilt["rows"]["tasks"], rebuilt["not_receipts"]) == (3, 0)
    assert json.dumps(project.omni(*question).document["rows"]) == json.dumps(before)


@pytest.mark.broker
def test_a_rebuild_that_cannot_read_the_ledger_says_what_is_missing(project, address, closed_port):
    project.contract("receipt-recorder", RECORDER)
    missing = project.omni("rebuild")
    assert missing.code == 0
    assert missing.err.splitlines()[-1] == (
        "omni: rebuilt without the ledger, so nothing is known of tasks on the bus: "
        f"`onex.evt.receipt-recorder.receipt-recorded.v1` is not at {address}."
    )
    down = ("--bootstrap-servers", f"127.0.0.1:{closed_port}", "--format", "json")
    ran = project.omni("rebuild", *down, OMNI_BROKER_TIMEOUT="1")
    assert ran.document["ledger"].startswith("no broker answers at ")
    assert "omni: rebuilt without the ledger" in ran.err
