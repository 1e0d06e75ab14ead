"""Questions of agents in Dagster: shown with what an answer is good for, and answered once, to exactly that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.operations.agents.approving import waiting
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import work
from omni_assets.operations.provision import provision
from omni_assets.operations.routing.running import run_to_end
from omni_assets.pipeline.agents.keys import QUESTIONS
from omni_assets.pipeline.agents.questions import AnswerToGive
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from tests.support.stranded import committed

pytestmark = [pytest.mark.dagster, pytest.mark.broker]

PASSED, REVIEWED = "onex.evt.tester.passed.v1", "onex.evt.reviewer.reviewed.v1"
REQUESTS, ANSWERS = "onex.evt.reviewer.approval-requested.v1", "onex.cmd.reviewer.answer-approval.v1"
LEDGER = "onex.evt.recorder.noted.v1"
REVIEWER = f"""\
name: reviewer
handler:
  kind: python
  entry: "asking_reviewer:review"
  approvals: {{requests: {REQUESTS}, answers: {ANSWERS}}}
event_bus:
  subscribe_topics: [{PASSED}]
  publish_topics: [{REVIEWED}]
"""
HANDLER = """\
def review(event, context):
    answer = context.ask("~~~\\n# <script>\\n\\nnew \\u202e", "Is branch a good?")
    return {"good": answer.approved, "by": answer.by, "reason": answer.reason}
"""

Answering = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def asking(
    project: Callable[..., ProjectResource],
    write_contract: Callable[..., Path],
    tmp_path: Path,
    broker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> ProjectResource:
    """A project whose node `reviewer` asked a person about one task."""
    write_contract("reviewer", text=REVIEWER)
    write_contract("recorder", text=f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n")
    (tmp_path / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    (tmp_path / "asking_reviewer.py").write_text(HANDLER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "asking_reviewer", raising=False)
    at = project(broker.bootstrap_servers)
    where = at.context()
    provision(where, where.manifest())
    assert not submit(where, (Submission.model_validate({"topic": PASSED, "key": "a", "data": {}, "id": "e1"}),)).failed
    worked(at)
    return at


def worked(at: ProjectResource) -> list[dict[str, int]]:
    where = at.context()
    done = run_to_end(work(where, drain=True))
    assert project_ledger(where, where.manifest()) is not None
    return [dict(each.tasks) for each in done]


@pytest.fixture
def give(asking: ProjectResource, instance: dg.DagsterInstance) -> Answering:
    def run(**config: str) -> dg.ExecuteInProcessResult:
        job = build(asking).resolve_job_def("answer_approval")
        return job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"ops": {"give_answer": {"config": config}}}
        )

    return run


def why(result: dg.ExecuteInProcessResult) -> str:
    (failed,) = [each for each in result.all_events if each.is_step_failure]
    return failed.step_failure_data.user_failure_data.description or ""


def test_a_question_is_shown_answered_once_and_gone_on_with(
    asking: ProjectResource, instance: dg.DagsterInstance, give: Answering, broker: Any
) -> None:
    job = build(asking).resolve_job_def("list_questions")
    assert job.execute_in_process(instance=instance).success
    (asked,) = waiting(asking.context()).asked
    shown = instance.get_latest_materialization_event(QUESTIONS).asset_materialization.metadata
    (row,) = shown["questions"].records
    assert [each.name for each in shown["questions"].schema.columns][:2] == ["id", "content_sha256"]
    assert row.data["id"] == asked.question.task
    assert row.data["content_sha256"] == asked.question.content_sha256
    assert shown["contents"].md_str == (
        f"**{asked.question.task}**, digest `{asked.question.content_sha256}`:\n\n"
        "    Is branch a good?\n    \n    ~~~\n    # <script>\n    \n    new \\u202e"
    )
    said = {"id": row.data["id"], "content_sha256": row.data["content_sha256"], "by": "Ada"}
    assert give(**said, answer="approved").success
    after = instance.get_latest_materialization_event(QUESTIONS).asset_materialization.metadata
    assert after["waiting"].value == 0
    assert "was approved by Ada" in why(give(**said, answer="rejected", reason="no"))
    assert worked(asking) == [{TaskOutcome.DONE: 1}]
    (result,) = committed(broker.bootstrap_servers, REVIEWED, 1)
    assert b'"by": "Ada"' in result.value() or b'"by":"Ada"' in result.value()


def test_what_was_not_read_or_not_said_is_refused(asking: ProjectResource, give: Answering) -> None:
    (asked,) = waiting(asking.context()).asked
    whole = {
        "id": asked.question.task,
        "content_sha256": asked.question.content_sha256,
        "answer": "rejected",
        "by": "Ada",
        "reason": "It is not.",
    }
    unwritten = AnswerToGive()
    wrong = [
        ({"id": " "}, "no question is named"),
        ({"id": "0" * 32}, "no question begins with"),
        ({"content_sha256": asked.question.content_sha256[:12]}, "is not the digest of the question"),
        ({"content_sha256": "0" * 64}, "is not the digest of the question"),
        ({"answer": "yes"}, "`yes` is no answer"),
        ({"by": ""}, "not said who answers"),
        ({"reason": " "}, "a rejection says why"),
        ({"id": unwritten.id}, "no question is named"),
        ({"content_sha256": unwritten.content_sha256}, "is not the digest of the question"),
        ({"answer": unwritten.answer}, "`approved or rejected` is no answer"),
        ({"by": unwritten.by}, "not said who answers"),
        ({"reason": unwritten.reason}, "a rejection says why"),
    ]
    for part, said in wrong:
        assert said in why(give(**{**whole, **part}))
    assert len(waiting(asking.context()).asked) == 1
    assert give(**whole).success
    assert waiting(asking.context()).asked == ()


def test_the_sensor_asks_for_a_list_when_another_task_waits(
    asking: ProjectResource, instance: dg.DagsterInstance, give: Answering
) -> None:
    defs = build(asking)
    sensor = defs.get_repository_def().get_sensor_def("question_asked")

    def tick(cursor: str | None) -> Any:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, resources={"project": asking}, definitions=defs
        )
        return sensor.evaluate_tick(context)

    first = tick(None)
    assert len(first.run_requests) == 1
    second = tick(first.cursor)
    assert second.skip_message == "1 task waiting for a person, as before."
    (asked,) = waiting(asking.context()).asked
    said = {"id": asked.question.task, "content_sha256": asked.question.content_sha256}
    assert give(**said, answer="approved", by="Ada").success
    worked(asking)
    third = tick(first.cursor)
    assert (len(third.run_requests), third.cursor) == (1, "nothing waits")
    assert tick(third.cursor).skip_message == "0 tasks waiting for a person, as before."
