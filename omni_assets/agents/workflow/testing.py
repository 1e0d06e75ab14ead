"""The test runner: the real suite of a pull request, and, where it fails, a model's words on why."""

from __future__ import annotations

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.workflow.messages import (
    About,
    Answered,
    Ran,
    Unanswered,
    asked,
    question_id,
    read,
    read_about,
)
from omni_assets.agents.workflow.pull_requests import find, settle, status
from omni_assets.agents.workflow.questions import changed_files, question
from omni_assets.agents.workflow.repository import repository
from omni_assets.agents.workflow.suite import run_suite
from omni_assets.agents.workflow.topics import Topic

NODE, STATUS = "test-runner", "tests"
MOST_OUTPUT = 6_000
"""Characters of pytest's output that a model reads, and that an event carries: the end of it."""


def work(event: Event, context: TaskContext) -> Said | None:
    """Run the suite of a pull request, or say how it failed, now that a model has explained it, or none could. Raises
    ``Hopeless`` where nothing is known of the tests that were explained.
    """
    topic = context.place.partition.topic
    if topic == Topic.EVT_ROUTER_ROUTING_COMPLETE_V1:
        answer = read(event, Answered)
        return _explained(answer.task_id, answer.text, "model")
    if topic == Topic.EVT_ROUTER_ROUTING_FAILED_V1:
        return _explained(read(event, Unanswered).task_id, "", "pytest")
    return _run(read_about(event))


def _run(about: About) -> Said | None:
    there = repository(about.repository)
    kept = find(there, about.number)
    if kept.head != about.head:
        return None
    ran = status(there, about, STATUS, Ran)
    if ran is None:
        ran = settle(there, about, STATUS, run_suite(there.files(about.head)))
    if ran.green:
        return Said({**about.model_dump(), **_figures(ran)}, Topic.EVT_TEST_RUNNER_TESTS_PASSED_V1)
    output = (ran.output or ran.broken)[-MOST_OUTPUT:]
    task = question_id(NODE, about)
    return question(task, about, "test-explanation", {"output": output}, changed_files(there, kept) or ())


def _explained(task_id: str, explanation: str, by: str) -> Said | None:
    found = asked(task_id, NODE)
    if found is None:
        return None
    about, _ = found
    ran = status(repository(about.repository), about, STATUS, Ran)
    if ran is None:
        raise Hopeless(f"nothing is known of the tests of {about.head[:10]}")
    said = explanation or ran.broken or f"pytest says: {ran.output[-MOST_OUTPUT:].strip()}"
    data = {**about.model_dump(), **_figures(ran), "failed": ran.failed, "explanation": said, "explained_by": by}
    return Said(data, Topic.EVT_TEST_RUNNER_TESTS_FAILED_V1, about.key)


def _figures(ran: Ran) -> dict[str, object]:
    return {
        "isolation": ran.isolation,
        "passed": len(ran.passed),
        "skipped": len(ran.skipped),
        "seconds": round(ran.seconds, 3),
    }
