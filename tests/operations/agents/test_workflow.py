"""The workflow on a real broker, through workers that are killed, and with models that answer well and badly."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.task_receipt import Answer, EffectOutcome, TaskOutcome, TaskReceipt, read_task_receipt
from omni_assets.agents.workflow.messages import About, Review
from omni_assets.agents.workflow.pull_requests import PullRequest, State, every, status
from omni_assets.agents.workflow.repository import FOLDER, Repository
from omni_assets.agents.workflow.sample import CLASHING, FAILING, GOOD, NAME, Branch, make
from omni_assets.agents.workflow.topics import Topic
from omni_assets.operations.agents import approving
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.tasks import caught_up, chain
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from tests.support.model_endpoint import ModelEndpoint, Seen, answers
from tests.support.stranded import committed

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
APPROVED = json.dumps({"verdict": "approve", "findings": []})
BESIDE = json.dumps(
    {"verdict": "request-changes", "findings": [{"file": "calc.py", "line": 1, "problem": "This was never changed."}]}
)
EXPLAINED = 'The mean of 1 and 2 was to be 1.5 and is 1, since "return sum(numbers) // len(numbers)" cuts it off.'


class Forge:
    """A broker with all topics, a repository, and whoever submits and answers."""

    def __init__(self, there: Repository, context: Context, environ: dict[str, str]) -> None:
        self.there = there
        self.context = context
        self.environ = environ
        self.ids: list[str] = []

    def wish(self, *branches: Branch) -> None:
        topic = str(Topic.CMD_PULL_REQUEST_OPENER_OPEN_PULL_REQUEST_V1)
        wanted = [Submission(topic=topic, key=each.name, data=each.wish) for each in branches]
        submitted = submit(self.context, wanted)
        assert not submitted.failed
        self.ids += submitted.ids

    def work(self, done: Callable[[], bool], **environ: str) -> None:
        """Work until it is done, in this process."""

        async def until() -> None:
            working = asyncio.create_task(work(self.context, environ={**self.environ, **environ}))
            async with asyncio.timeout(90):
                while not await asyncio.to_thread(done):
                    assert not working.done(), working.result()
                    await asyncio.sleep(0.1)
            working.cancel()
            await asyncio.wait([working])

        asyncio.run(until())

    def killed(self, point: str) -> None:
        """A worker in a process of its own that kills itself."""
        command = [sys.executable, "-m", "tests.support.forge_worker", point]
        environ = {**os.environ, **self.environ}
        ended = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, timeout=90, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()

    def asked(self) -> bool:
        return bool(approving.waiting(self.context).asked)

    def answer(self, answer: Answer) -> None:
        (asked,) = approving.waiting(self.context).asked
        approving.answer(self.context, asked, answer, "ann", "as shown")

    def pull_request(self, branch: Branch) -> PullRequest:
        return next(each.pull_request for each in every(self.there) if each.pull_request.branch == branch.name)

    def said(self, topic: str) -> list[Any]:
        partitions = self.context.manifest().topics[topic].spec.partitions or 1
        return [json.loads(each.value()) for each in committed(self.context.bootstrap_servers or "", topic, partitions)]

    def receipts(self) -> list[TaskReceipt]:
        noted = self.said(Topic.EVT_RECEIPT_RECORDER_RECEIPT_RECORDED_V1)
        return [read_task_receipt(json.dumps(each)) for each in noted]

    def chained(self) -> int:
        """How many tasks are remembered of what was submitted."""
        assert caught_up(self.context) is None
        return sum(len(chain(self.context.home, each).receipts) for each in self.ids)


@pytest.fixture
def forge(tmp_path: Path, broker: Any, monkeypatch: pytest.MonkeyPatch) -> Forge:
    for name in [each for each in os.environ if each.startswith("OMNI_") or each.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "repositories"
    folder.mkdir()
    monkeypatch.setenv(FOLDER, str(folder))
    environ = {
        FOLDER: str(folder),
        "OMNI_HOME": str(tmp_path / "state"),
        "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "OMNI_ENV": "local",
        "PATH": os.environ["PATH"],
    }
    context = resolve(environ=environ, folder=ROOT)
    provision(context, context.manifest(), trigger="test")
    return Forge(make(folder), context, environ)


def reviewing(review: str) -> Callable[[Seen], str]:
    """A model that reviews like that, and explains well."""
    return lambda seen: review if "Review this change" in seen.prompt else EXPLAINED


def test_what_a_model_reviews_and_explains_counts_where_its_gates_pass(forge: Forge) -> None:
    forge.wish(GOOD, FAILING)
    merged, closed = Topic.EVT_CI_WATCHER_PIPELINE_PASSED_V1, Topic.EVT_PULL_REQUEST_OPENER_PULL_REQUEST_CLOSED_V1
    with ModelEndpoint(otherwise=answers(reviewing(APPROVED))) as model:
        forge.work(lambda: bool(forge.said(merged) and forge.said(closed)), OMNI_LOCAL_BASE_URL=model.base_url)
    assert forge.pull_request(GOOD).state is State.MERGED
    assert forge.pull_request(FAILING).reason == f"1 test failed. {EXPLAINED}"
    (review,) = forge.said(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1)
    assert review["by"] == "smollm2"
    routed = [each for each in forge.receipts() if each.node == "router"]
    assert sorted(each.routing.task_class for each in routed if each.routing) == ["code-review", "test-explanation"]
    assert all(each.routing is not None and each.routing.model == "smollm2" for each in routed)
    assert len(forge.said(Topic.EVT_ROUTER_SCORING_DECISION_V1)) == 2
    assert not forge.asked()


def test_a_review_that_its_gates_bar_counts_for_nothing_and_a_person_decides(forge: Forge) -> None:
    forge.wish(GOOD)
    with ModelEndpoint(otherwise=answers(reviewing(BESIDE))) as model:
        forge.work(forge.asked, OMNI_LOCAL_BASE_URL=model.base_url)
    (failure,) = forge.said(Topic.EVT_ROUTER_ROUTING_FAILED_V1)
    assert "is in no file that the task supplies" in failure["reason"] or "cited and not supplied" in failure["reason"]
    assert forge.said(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1) == []
    (asked,) = approving.waiting(forge.context).asked
    assert "+def deviation(numbers):" in asked.question.content
    forge.answer(Answer.REJECTED)
    forge.work(lambda: bool(forge.said(Topic.EVT_PULL_REQUEST_OPENER_PULL_REQUEST_CLOSED_V1)))
    closed = forge.pull_request(GOOD)
    assert (closed.state, closed.reason) == (State.CLOSED, "ann asks for changes. as shown")
    assert forge.there.branch("main") == closed.base


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_worker_killed_at_the_merge_merges_once(forge: Forge, point: str) -> None:
    forge.wish(GOOD)
    forge.work(forge.asked)
    forge.answer(Answer.APPROVED)
    before = forge.there.branch("main")
    forge.killed(point)
    assert (forge.there.branch("main") != before) is (point == "after")
    assert forge.said(Topic.EVT_MERGER_PULL_REQUEST_MERGED_V1) == []
    forge.work(lambda: bool(forge.said(Topic.EVT_CI_WATCHER_PIPELINE_PASSED_V1)))
    (merged,) = forge.said(Topic.EVT_MERGER_PULL_REQUEST_MERGED_V1)
    assert merged["merge"] == forge.there.branch("main") == forge.pull_request(GOOD).merge
    # What was approved and what was met are two records: the other one may come first now, and means to merge as well.
    assert len(forge.said(Topic.INTENT_MERGER_MERGE_PULL_REQUEST_V1)) in (1, 2)
    receipts = forge.receipts()
    effects = [effect for each in receipts for effect in each.effects if effect.name == "merge"]
    # An intent that stands says that it may have happened: the repository is asked, and says whether it did.
    assert [each.outcome for each in effects] == [EffectOutcome.FOUND if point == "after" else EffectOutcome.DONE]
    assert {each.outcome for each in receipts} == {TaskOutcome.DONE, TaskOutcome.WAITING}
    assert len({each.id for each in receipts}) == len(receipts) == forge.chained()


def test_two_at_once_that_do_not_go_together(forge: Forge) -> None:
    forge.wish(GOOD, CLASHING)
    with ModelEndpoint(otherwise=answers(reviewing(APPROVED))) as model:
        forge.work(
            lambda: bool(
                forge.said(Topic.EVT_CI_WATCHER_PIPELINE_PASSED_V1) and forge.said(Topic.EVT_MERGER_MERGE_BLOCKED_V1)
            ),
            OMNI_LOCAL_BASE_URL=model.base_url,
        )
    time.sleep(0.5)
    (merged,) = forge.said(Topic.EVT_MERGER_PULL_REQUEST_MERGED_V1)
    (blocked,) = forge.said(Topic.EVT_MERGER_MERGE_BLOCKED_V1)
    assert {merged["number"], blocked["number"]} == {1, 2}
    assert blocked["failed"]
    assert forge.there.branch("main") == merged["merge"]
    about = About(repository=NAME, number=blocked["number"], head=blocked["head"])
    review = status(forge.there, about, "review", Review)
    assert review is not None
    assert review.accepted
    assert blocked["repository"] == NAME
