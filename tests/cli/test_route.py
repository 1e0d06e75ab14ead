"""``omni route explain`` and ``omni route run``, end to end: files of tasks, endpoints on loopback, real receipts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import pytest

from omni_assets.cli.views.route import dry_run_lines, explained_lines, ran_lines
from omni_assets.operations.context import resolve
from omni_assets.operations.routing.explaining import explain
from omni_assets.operations.routing.running import run_tasks
from omni_assets.operations.routing.tasks import read_tasks
from tests.support.model_endpoint import ModelEndpoint, answers, fails
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, LEDGER, SMALL_ENV, task_lines, write_routed_project


class Routed(NamedTuple):
    """A project in which ``omni`` runs, and its two models."""

    project: Any
    small: ModelEndpoint
    large: ModelEndpoint

    def omni(self, *arguments: str, **more: Any) -> Any:
        ran = self.project.omni(*arguments, **{SMALL_ENV: self.small.base_url, KEY_ENV: KEY, **more})
        assert KEY not in ran.out + ran.err
        return ran

    def tasks(self, *texts: str) -> str:
        (self.project.folder / "tasks.jsonl").write_text(task_lines(*texts))
        return "tasks.jsonl"


@pytest.fixture
def routed(project: Any) -> Iterator[Routed]:
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint(otherwise=answers(LABELLED)) as large:
        write_routed_project(project.folder, large.base_url)
        yield Routed(project, small, large)


def test_explaining_shows_the_choice_and_costs_nothing(routed):
    ran = routed.omni("route", "explain", routed.tasks("a"))
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "task task-1"
    assert lines[1].startswith("class sorting, as it states; prompt version 1, about ")
    assert lines[2].startswith("small")
    assert ["CHAIN", "EXPECTED", "COST", "QUALITY", "AT", "LEAST"] in [line.split() for line in lines]
    assert routed.small.chats == routed.large.chats == []
    assert not (routed.project.home / "journal").exists()
    assert routed.omni("route", "explain", "--dry-run", routed.tasks("a")).out == ran.out


def test_explaining_says_what_was_skipped_and_exits_with_1_where_nobody_may_do_it(routed):
    ran = routed.omni("route", "explain", routed.tasks("a"), **{SMALL_ENV: "", KEY_ENV: ""})
    assert ran.code == 1
    assert f"{SMALL_ENV} is not set" in ran.out
    assert f"{KEY_ENV} is not set" in ran.out


def test_explaining_reads_standard_input_and_writes_json(routed):
    task = {"id": "one", "task_class": "sorting", "inputs": {"text": "\x1b[31m"}}
    found = routed.omni("route", "explain", "-", "--format", "json", stdin=json.dumps(task)).document["tasks"]
    assert [each["task_id"] for each in found] == ["one"]
    assert found[0]["classified"] == {"by": "stated", "confidence": 1.0}
    assert found[0]["route"]["steps"][0]["model"] == "small"
    assert found[0]["prompt"]["version"] == 1
    assert found[0]["problem"] is None


def test_a_task_that_cannot_be_done_is_said_beside_the_others(routed):
    tasks = [{"id": "odd", "task_class": "sortin"}, {"id": "good", "task_class": "sorting", "inputs": {"text": "a"}}]
    (routed.project.folder / "tasks.json").write_text(json.dumps(tasks))
    ran = routed.omni("route", "explain", "tasks.json")
    assert ran.code == 1
    assert "task odd: there is no task class `sortin`. Perhaps `sorting` is meant." in ran.out
    assert "task good" in ran.out


@pytest.mark.parametrize("command", ["explain", "run"])
def test_a_file_that_is_no_task_is_a_sentence(routed, command):
    (routed.project.folder / "bad.json").write_text('{"id": "one", "task_clas": "sorting"}')
    ran = routed.omni("route", command, "bad.json")
    assert (ran.code, ran.out) == (2, "")
    assert "bad.json: `task_clas` is not a field; perhaps `task_class` is meant." in ran.err


def test_running_leaves_answers_and_receipts(routed):
    ran = routed.omni("route", "run", routed.tasks("a", "b"), "--answers", "answers.jsonl")
    assert (ran.code, ran.err) == (0, "")
    header, first, _, summary = ran.out.splitlines()
    assert header.split() == ["RECEIPT", "TASK", "CLASS", "ANSWER", "CALLS", "COST", "SAVED"]
    assert first.split()[2:6] == ["sorting", "small", "1", "$0"]
    assert summary.startswith("2 tasks, 2 accepted, 0 not; spent $0, saved $")
    answers_ = [json.loads(line) for line in (routed.project.folder / "answers.jsonl").read_text().splitlines()]
    assert {each["task_id"]: each["answer"] for each in answers_} == {"task-1": LABELLED, "task-2": LABELLED}
    kept = routed.omni("receipts", "--format", "json").document["receipts"]
    assert {each["id"] for each in kept} == {each["receipt"] for each in answers_}
    shown = routed.omni("receipts", "show", answers_[0]["receipt"][:10])
    assert shown.code == 0
    assert "accepted: answered by small (1 call" in shown.out
    assert "passed valid-json" in shown.out


def test_an_escalation_is_told_with_its_reason_and_its_cost(routed):
    routed.small.otherwise = answers("\x1b[2Jone, I think")
    document = routed.omni("route", "run", routed.tasks("a"), "--format", "json").document
    (task,) = document["tasks"]
    assert (task["model"], task["calls"], task["answer"], task["failure"]) == ("large", 2, LABELLED, None)
    assert float(task["cost_usd"]) > 0
    shown = routed.omni("receipts", "show", task["receipt"])
    assert "1. small (local, small-1b at small): rejected" in shown.out
    assert "failed valid-json" in shown.out
    assert "2. large (cloud, large-1t at large): accepted" in shown.out
    assert "\x1b" not in shown.out
    savings = routed.omni("savings", "--format", "json").document["total"]
    assert (savings["escalation_rate"], savings["false_accept_rate"]) == (1.0, None)
    assert savings["spent_usd"] == task["cost_usd"]


def test_a_task_that_failed_exits_with_1_and_saves_nothing(routed):
    routed.small.otherwise = answers("one")
    routed.large.otherwise = fails(401, f"Incorrect API key provided: {KEY}")
    ran = routed.omni("route", "run", routed.tasks("a"))
    assert ran.code == 1
    assert "1 task, 0 accepted, 1 not; spent $0, saved $0" in ran.out
    assert "valid-json" in ran.out
    assert "avoided        $0" in routed.omni("savings").out


def test_a_dry_run_asks_nobody(routed):
    ran = routed.omni("route", "run", "--dry-run", routed.tasks("a", "b"))
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["TASK", "CLASS", "CHAIN", "EXPECTED", "COST"]
    assert lines[-1].startswith("2 tasks, 0 that no model may do; expected cost $")
    assert routed.small.chats == routed.large.chats == []
    assert routed.omni("receipts", "--format", "json").document == {"receipts": []}


def test_tasks_run_at_once_as_far_as_is_said(routed):
    many = routed.tasks(*map(str, range(40)))
    assert routed.omni("route", "run", many, "--concurrency", "1").code == 0
    assert routed.small.most_at_once == 1


def test_answers_that_cannot_be_written_are_a_sentence_before_anything_is_spent(routed):
    ran = routed.omni("route", "run", routed.tasks("a"), "--answers", "no/such/folder.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "the answers cannot be written to no/such/folder.jsonl: no such file or directory." in ran.err
    assert routed.small.chats == []


def test_answers_never_take_the_place_of_the_tasks(routed):
    before = (routed.project.folder / routed.tasks("a")).read_text()
    ran = routed.omni("route", "run", "tasks.jsonl", "--answers", "./tasks.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "the answers would take the place of the tasks in ./tasks.jsonl." in ran.err
    assert (routed.project.folder / "tasks.jsonl").read_text() == before
    assert routed.small.chats == []


def test_earlier_answers_are_there_until_the_first_new_one(routed):
    file = routed.project.folder / "answers.jsonl"
    file.write_text("earlier\n")
    models = routed.project.folder / "models.yaml"
    stated = models.read_text()
    models.write_text("endpoints: {}\n")
    assert routed.omni("route", "run", routed.tasks("a"), "--answers", "answers.jsonl").code == 2
    assert file.read_text() == "earlier\n"
    models.write_text(stated)
    assert routed.omni("route", "run", routed.tasks("a", "b"), "--answers", "answers.jsonl").code == 0
    assert [json.loads(line)["answer"] for line in file.read_text().splitlines()] == [LABELLED] * 2


def test_what_should_not_have_been_is_told_with_the_run(routed):
    routed.small.otherwise = answers(LABELLED, top={"usage": {"prompt_tokens": 10**7, "completion_tokens": 1}})
    ran = routed.omni("route", "run", routed.tasks("a"))
    assert ran.code == 0
    assert "small at small: it reports 10,000,000 input tokens" in " ".join(ran.out.split())
    assert "saved not known" in ran.out


def test_a_call_that_was_not_made_is_told_as_none(routed):
    routed.small.otherwise = answers("no label")
    (routed.project.folder / "contracts/task_classes/sorting.yaml").write_text(
        (routed.project.folder / "contracts/task_classes/sorting.yaml").read_text() + "price_ceiling_usd: 0.0002\n"
    )
    (task,) = routed.omni("route", "run", routed.tasks("a"), "--format", "json").document["tasks"]
    shown = routed.omni("receipts", "show", task["receipt"]).out
    assert "over-ceiling: it can cost $0.00" in shown
    assert "(not called)" in shown
    assert "no price is known" not in shown


def test_that_no_model_may_do_a_task_is_said_once(routed):
    (routed.project.folder / "task.json").write_text(
        json.dumps({"id": "t", "task_class": "sorting", "inputs": {"text": "a " * 20_000}})
    )
    shown = " ".join(routed.omni("route", "explain", "task.json").out.split())
    assert shown.count("no model may do it") == shown.count("small, large: prompt and answer take") == 1
    assert shown.count("its context has 4,096") == 1


def test_a_catalog_with_flaws_is_named(routed):
    (routed.project.folder / "models.yaml").write_text("endpoints: {}\nmodels: {small: {endpoint: nowhere}}\n")
    ran = routed.omni("route", "run", routed.tasks("a"))
    assert (ran.code, ran.out) == (2, "")
    assert "the catalog models.yaml cannot be used:" in ran.err
    assert "models.yaml:2:" in ran.err


@pytest.mark.broker
def test_receipts_reach_the_ledger_and_come_back_from_it(routed, start_broker):
    start_broker(routed.project.home)
    first = routed.omni("route", "run", routed.tasks("a"))
    assert first.code == 0
    assert f"1 receipt waits for the ledger. The ledger `{LEDGER}` is not at" in first.err
    assert routed.omni("provision").code == 0
    document = routed.omni("route", "run", routed.tasks("b", "c"), "--format", "json").document
    assert document["ledger"] == {"topic": LEDGER, "published": 3, "waiting": 0, "why": None}
    shown = routed.omni("receipts", "show", document["tasks"][0]["receipt"])
    assert f"in the ledger {LEDGER} of " in shown.out.splitlines()[-1]
    before = routed.omni("receipts", "--format", "json").document
    (routed.project.home / "projection.duckdb").unlink()
    for journal in ("receipts.jsonl", "publications.jsonl"):
        (routed.project.home / "journal" / journal).unlink()
    rebuilt = routed.omni("rebuild", "--format", "json").document
    assert (rebuilt["rows"]["receipts"], rebuilt["not_receipts"]) == (3, 0)
    assert routed.omni("receipts", "--format", "json").document == before


@pytest.mark.broker
def test_nothing_reaches_the_ledger_where_writing_is_forbidden(routed, start_broker):
    start_broker(routed.project.home)
    assert routed.omni("provision").code == 0
    ran = routed.omni("route", "run", routed.tasks("a"), "--format", "json", OMNI_READONLY="1")
    assert (ran.code, ran.err) == (0, "")
    assert (ran.document["ledger"]["published"], ran.document["ledger"]["waiting"]) == (0, 1)
    assert routed.omni("route", "run", routed.tasks("b"), "--format", "json").document["ledger"]["published"] == 2


_LOCAL_MODELS = """\
endpoints:
  local:
    location: local
    base_url_env: OMNI_LOCAL_BASE_URL
    concurrency: 1
models:
  smollm2:
    endpoint: local
    served_name: smollm2
    context_window: 8192
    price: {kind: own-hardware}
"""
_SUMMARIES = """\
name: summaries
description: Says a text in a sentence.
quality_floor: 0
prompt: {version: 1, system: You summarise texts., user: "Summarise in one sentence: {text}"}
gates: [{gate: not-empty}, {gate: no-refusal}]
max_output_tokens: 60
cloud: blocked
"""


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("xllamacpp") is None, reason="the extra `local` is not installed: pip install -e .[local]"
)
def test_the_real_local_model_answers_and_what_it_answers_is_accounted_for(project):
    (project.folder / "models.yaml").write_text(_LOCAL_MODELS)
    (project.folder / "contracts" / "task_classes").mkdir()
    (project.folder / "contracts" / "task_classes" / "summaries.yaml").write_text(_SUMMARIES)
    text = "The build failed because the disk was full. Ada deleted old images, and it passed."
    task = json.dumps({"id": "one", "task_class": "summaries", "inputs": {"text": text}})
    assert project.omni("model", "serve", timeout=120).code == 0
    try:
        ran = project.omni("route", "run", "-", "--format", "json", stdin=task, timeout=150)
    finally:
        assert project.omni("model", "stop").code == 0
    assert (ran.code, ran.err) == (0, "")
    (done,) = ran.document["tasks"]
    assert (done["model"], done["outcome"]) == ("smollm2", "accepted")
    assert len(done["answer"]) > 10
    receipt = project.omni("receipts", "show", done["receipt"], "--format", "json").document["receipt"]
    assert receipt["attempts"][0]["usage"]["reported"] is True
    assert 20 < receipt["attempts"][0]["usage"]["input_tokens"] < 200
    assert done["answer"] not in json.dumps(receipt)
    assert project.omni("savings", "--format", "json").document["total"]["local_share"] == 1.0
    down = project.omni("route", "run", "-", stdin=task)
    assert down.code == 1
    assert "OMNI_LOCAL_BASE_URL is not set" in down.out


@pytest.mark.parametrize("width", [80, 200])
def test_nothing_is_wider_than_the_terminal(routed, width):
    tasks = read_tasks([str(routed.project.folder / routed.tasks("a", "b"))])
    environ = {SMALL_ENV: routed.small.base_url, KEY_ENV: KEY}
    context = resolve(environ={"OMNI_HOME": str(routed.project.home)}, folder=routed.project.folder)
    routed.small.otherwise = answers("I would rather not say which of the two it is, or whether it is any of them")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(routed.project.folder)
        explained = asyncio.run(explain(context, tasks, environ))
        ran = asyncio.run(run_tasks(context, tasks, environ=environ))
    drawn = [*explained_lines(explained, width), *dry_run_lines(explained, width), *ran_lines(ran, 1.5, width)]
    assert max(len("".join(text for text, _ in line)) for line in drawn) <= width
