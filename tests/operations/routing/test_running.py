"""Tasks through a project's own router: each leaves one receipt, whatever ends the run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from omni_assets.errors import CatalogUnusable, StateError, TaskClassUnusable
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from omni_assets.operations.routing import opening
from omni_assets.operations.routing.explaining import explain
from omni_assets.operations.routing.opening import learned
from omni_assets.operations.routing.running import run_tasks, run_to_end
from omni_assets.operations.routing.tasks import read_tasks
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import Outcome, Receipt
from tests.support.model_endpoint import ModelEndpoint, answers, fails, hangs, slowly
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, LEDGER, SMALL_ENV, task_lines, write_routed_project


@dataclass
class Routed:
    """A project, and its two models."""

    folder: Path
    small: ModelEndpoint
    large: ModelEndpoint

    @property
    def environ(self) -> dict[str, str]:
        return {SMALL_ENV: self.small.base_url, KEY_ENV: KEY}

    def context(self, bootstrap_servers: str | None = None, **environ: str) -> Context:
        given = {"OMNI_HOME": str(self.folder / "state"), **environ}
        return resolve(bootstrap_servers=bootstrap_servers, environ=given, folder=self.folder)

    def tasks(self, *texts: str):
        (self.folder / "tasks.jsonl").write_text(task_lines(*texts))
        return read_tasks([str(self.folder / "tasks.jsonl")])

    def run(self, *texts: str, context: Context | None = None, **options):
        return asyncio.run(run_tasks(context or self.context(), self.tasks(*texts), environ=self.environ, **options))

    def remembered(self) -> list[Receipt]:
        rows = Projection(self.folder / "state").receipts_of("", 1_000)
        return [Receipt.model_validate_json(row.document) for row in rows]


@pytest.fixture
def routed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Routed]:
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint(otherwise=answers(LABELLED)) as large:
        write_routed_project(tmp_path, large.base_url)
        monkeypatch.chdir(tmp_path)
        yield Routed(tmp_path, small, large)


def test_what_the_cheap_model_can_do_stays_with_it(routed):
    ran = routed.run("a", "b", "c")
    assert [each.text for each in ran.done] == [LABELLED] * 3
    assert ran.failed == ()
    assert len(routed.small.chats) == 3
    assert routed.large.chats == []
    assert {each.model for each in routed.remembered()} == {"small"}
    assert all(each.saved_usd is not None and each.saved_usd > 0 for each in routed.remembered())


def test_what_a_gate_catches_escalates_and_both_calls_are_in_the_receipt(routed):
    routed.small.otherwise = answers("I would say one.")
    ran = routed.run("a")
    (receipt,) = routed.remembered()
    assert receipt == ran.done[0].receipt
    assert [(each.model, each.outcome) for each in receipt.attempts] == [
        ("small", Outcome.REJECTED),
        ("large", Outcome.ACCEPTED),
    ]
    assert receipt.cost_usd is not None
    assert receipt.cost_usd > 0


def test_what_no_model_can_do_fails_with_its_reasons_and_saves_nothing(routed):
    routed.small.otherwise = answers("one")
    routed.large.otherwise = fails(401, "no")
    ran = routed.run("a")
    (receipt,) = ran.failed
    assert (receipt.model, receipt.saved_usd) == (None, None)
    assert "valid-json" in receipt.failure
    assert "large" in receipt.failure
    assert Projection(routed.folder / "state").savings()[0].avoided_usd == 0


def test_what_the_router_really_writes_is_what_the_schema_says(routed):
    routed.small.script = [answers(LABELLED), answers("one"), fails(500, "\x1b[31moops"), answers(LABELLED)]
    routed.small.otherwise = answers("one")
    routed.large.script = [answers(LABELLED)]
    routed.large.otherwise = fails(401, "no")
    (routed.folder / "omni.toml").write_text("[router]\nstore_text = true\n[router.budget]\nper_day_usd = 1\n")
    routed.run("a", "b", "c", "d", concurrency=1)
    kept = routed.remembered()
    assert {each.outcome for each in kept} == {Outcome.ACCEPTED, Outcome.FAILED}
    schema = Path(__file__).parents[3] / "docs" / "schemas" / "receipt-1.json"
    validator = Draft202012Validator(json.loads(schema.read_text()))
    for line in (routed.folder / "state" / "journal" / "receipts.jsonl").read_text().splitlines():
        validator.validate(json.loads(line)["receipt"])


def test_receipts_go_to_the_ledger_in_the_end(routed, broker):
    context = routed.context(broker.bootstrap_servers)
    assert provision(context, context.manifest()).clean
    ran = routed.run("a", "b", context=context)
    assert (ran.publishing.topic, ran.publishing.published, ran.publishing.waiting) == (LEDGER, 2, 0)


def test_without_a_broker_they_wait_and_no_task_fails(routed):
    ran = routed.run("a")
    assert ran.failed == ()
    assert (ran.publishing.published, ran.publishing.waiting, ran.publishing.expected) == (0, 1, True)


def test_many_tasks_leave_one_receipt_each(routed):
    ran = routed.run(*map(str, range(300)), concurrency=50)
    assert len(ran.done) == len(routed.remembered()) == 300
    assert {each.task_id for each in routed.remembered()} == {f"task-{number}" for number in range(1, 301)}


def test_each_is_told_as_it_ends(routed):
    heard = []
    routed.run("a", "b", told=lambda done: heard.append(done.receipt.task_id))
    assert sorted(heard) == ["task-1", "task-2"]


def test_texts_are_kept_by_digest_alone(routed):
    routed.run("a very secret text")
    journal = (routed.folder / "state" / "journal" / "receipts.jsonl").read_text()
    assert "secret" not in journal
    assert LABELLED not in json.loads(journal)["receipt"]["attempts"]
    assert KEY not in journal
    (routed.folder / "omni.toml").write_text("[router]\nstore_text = true\n")
    routed.run("a very secret text")
    assert any("a very secret text" in (each.prompt_text or "") for each in routed.remembered())
    assert any(each.attempts[0].output_text == LABELLED for each in routed.remembered())


def test_a_journal_that_cannot_be_written_ends_the_run(routed):
    (routed.folder / "state").mkdir()
    (routed.folder / "state" / "journal").write_text("in the way")
    routed.small.otherwise = slowly(0.2, answers(LABELLED))
    with pytest.raises(StateError):
        routed.run(*map(str, range(200)), concurrency=2)
    assert len(routed.small.chats) < 200, "no further task spends money then"


def test_a_catalog_or_class_with_flaws_ends_before_anything_is_asked(routed):
    (routed.folder / "contracts/task_classes/sorting.yaml").write_text("name: sorting\n")
    with pytest.raises(TaskClassUnusable, match=r"sorting\.yaml:"):
        routed.run("a")
    (routed.folder / "models.yaml").unlink()
    with pytest.raises(CatalogUnusable, match=r"models\.yaml"):
        routed.run("a")
    assert routed.small.chats == []


def test_what_is_remembered_is_learnt_from_in_its_order(routed, monkeypatch):
    assert learned(routed.context()) is not None
    routed.run("a", "b", "c", concurrency=1)
    taught = []
    monkeypatch.setattr(opening, "learn", taught.extend)
    learned(routed.context())
    assert [each.task_id for each in taught] == ["task-1", "task-2", "task-3"]
    monkeypatch.setattr(opening, "MOST_LEARNT", 2)
    taught.clear()
    learned(routed.context())
    assert [each.task_id for each in taught] == ["task-2", "task-3"], "the newest are what is learnt from"


def test_explaining_asks_no_model_and_spends_nothing(routed):
    (found,) = asyncio.run(explain(routed.context(), routed.tasks("a"), routed.environ))
    assert found.possible
    assert found.planned.route.steps[0].model == "small"
    assert found.prompt_tokens > 0
    assert routed.small.chats == routed.large.chats == []
    assert routed.remembered() == []


def test_explaining_says_which_models_cannot_be_asked(routed):
    (found,) = asyncio.run(explain(routed.context(), routed.tasks("a"), {}))
    assert not found.possible
    reasons = {each.model: each.reason for each in found.planned.route.skipped}
    assert f"{SMALL_ENV} is not set" in reasons["small"]
    assert f"{KEY_ENV} is not set" in reasons["large"]


def test_explaining_a_task_that_cannot_be_done_says_why(routed):
    (routed.folder / "t.json").write_text('[{"id": "a", "task_class": "sortin"}, {"id": "b", "task_class": "sorting"}]')
    first, second = asyncio.run(explain(routed.context(), read_tasks(["t.json"]), routed.environ))
    assert "there is no task class `sortin`. Perhaps `sorting` is meant." in str(first.problem)
    assert "lacks `text`" in str(second.problem)


_INTERRUPTED = """
import os, sys
from omni_assets.operations.context import resolve
from omni_assets.operations.routing.running import run_tasks, run_to_end
from omni_assets.operations.routing.tasks import read_tasks

run_to_end(run_tasks(resolve(), read_tasks([sys.argv[1]]), told=lambda done: print(done.receipt.task_id, flush=True)))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_a_receipt_of_every_task_that_was_begun(routed, number):
    routed.tasks(*map(str, range(20)))
    routed.small.script = [answers(LABELLED)] * 4
    routed.small.otherwise = hangs
    script = _INTERRUPTED
    if number == signal.SIGTERM:
        script = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n" + script
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), "tasks.jsonl"],
        env={**os.environ, **routed.environ, "OMNI_HOME": str(routed.folder / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ended = [process.stdout.readline().strip() for _ in range(4)]
    while len(routed.small.chats) < 12:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGINT), err
    outcomes = {each.task_id: each.outcome for each in routed.remembered()}
    assert len(outcomes) == len(routed.remembered()) == len(routed.small.chats)
    assert {outcomes.pop(each) for each in ended} == {Outcome.ACCEPTED}
    assert set(outcomes.values()) == {Outcome.CANCELLED}


def test_a_kill_leaves_whole_receipts_and_the_next_run_goes_on(routed):
    routed.tasks(*map(str, range(400)))
    routed.small.otherwise = slowly(0.02, answers(LABELLED))
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, "tasks.jsonl"],
        env={**os.environ, **routed.environ, "OMNI_HOME": str(routed.folder / "state")},
        stdout=subprocess.DEVNULL,
    )
    journal = routed.folder / "state" / "journal" / "receipts.jsonl"
    while not journal.exists() or journal.read_bytes().count(b"\n") < 20:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait(30)
    kept = routed.remembered()
    assert 20 <= len(kept) <= len(routed.small.chats) < 400
    routed.small.otherwise = answers(LABELLED)
    ran = routed.run("z")
    assert ran.failed == ()
    assert len(routed.remembered()) == len(kept) + 1
    assert ran.publishing.waiting == len(kept) + 1


def test_work_that_ends_by_itself_gives_its_result_and_signals_are_as_before():
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    before = signal.getsignal(signal.SIGINT)
    assert run_to_end(work()) == 7
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_another_thread_gets_wakes_a_loop_that_sleeps():
    """The system may give it to any thread, and to the loop's own one just before it falls asleep."""
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))

    async def work() -> None:
        def signalled() -> None:
            time.sleep(0.2)
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

        threading.Thread(target=signalled).start()
        await asyncio.Event().wait()

    try:
        with pytest.raises(asyncio.CancelledError):
            run_to_end(work())
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
