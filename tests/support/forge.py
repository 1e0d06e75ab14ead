"""The demo's repository, and tasks of the workflow's nodes without a bus: events in, what they say out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from omni_assets.agents.effects import Effects, Sink
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import Approval, Ask, TaskContext
from omni_assets.agents.task_receipt import Answer, TaskEffect
from omni_assets.agents.workflow import merging, opening, reviewing, testing, verifying, watching
from omni_assets.agents.workflow.git import ask
from omni_assets.agents.workflow.repository import Repository
from omni_assets.agents.workflow.sample import Branch, commit
from omni_assets.agents.workflow.topics import Topic
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.worker import Outgoing

Work = Callable[[Event, TaskContext], Any]
WORKS: dict[str, Work] = {
    "pull-request-opener": opening.work,
    "test-runner": testing.work,
    "reviewer": reviewing.work,
    "criteria-verifier": verifying.work,
    "merger": merging.work,
    "ci-watcher": watching.work,
}
SUBSCRIBED: dict[str, tuple[str, ...]] = {
    Topic.CMD_PULL_REQUEST_OPENER_OPEN_PULL_REQUEST_V1: ("pull-request-opener",),
    Topic.EVT_PULL_REQUEST_OPENER_PULL_REQUEST_OPENED_V1: ("test-runner",),
    Topic.EVT_TEST_RUNNER_TESTS_PASSED_V1: ("reviewer", "criteria-verifier"),
    Topic.EVT_TEST_RUNNER_TESTS_FAILED_V1: ("pull-request-opener",),
    Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1: ("merger",),
    Topic.EVT_REVIEWER_CHANGES_REQUESTED_V1: ("pull-request-opener",),
    Topic.EVT_CRITERIA_VERIFIER_CRITERIA_MET_V1: ("merger",),
    Topic.EVT_CRITERIA_VERIFIER_CRITERIA_UNMET_V1: ("pull-request-opener",),
    Topic.EVT_ROUTER_ROUTING_COMPLETE_V1: ("test-runner", "reviewer", "criteria-verifier"),
    Topic.EVT_ROUTER_ROUTING_FAILED_V1: ("test-runner", "reviewer", "criteria-verifier"),
    Topic.EVT_MERGER_PULL_REQUEST_MERGED_V1: ("ci-watcher",),
}


class Bench:
    """The workflow in one process: tasks are numbered, intents are kept, questions to people are collected."""

    def __init__(self) -> None:
        self.told: list[Said] = []
        self.asked: list[tuple[Ask, str, Event, TaskContext]] = []
        self.intents: list[Outgoing] = []
        self.noted: dict[str, TaskEffect] = {}
        self._number = 0
        sink = Sink("onex.intent.bench.done.v1", self._publish, self.intents.append)
        self._effects = {node: Effects(("merge", "open-pull-request"), sink) for node in WORKS}

    def event(self, topic: str, data: Any) -> Event:
        self._number += 1
        return Event(f"e{self._number}", "/tests", str(topic), data=json.dumps(data).encode())

    def context(self, node: str, event: Event) -> TaskContext:
        return TaskContext(f"{node}-{event.id}", node, Place(Partition(event.type, 0), int(event.id[1:])))

    def do(self, node: str, event: Event, context: TaskContext | None = None) -> list[Said]:
        """One try of a task. A question to a person is kept, and says nothing."""
        context = context or self.context(node, event)
        with self._effects[node].begin(event, context, self.noted) as steps:
            try:
                said = WORKS[node](event, replace(context, steps=steps))
            except Ask as ask:
                self.asked.append((ask, node, event, context))
                return []
        return [said] if isinstance(said, Said) else list(said or ())

    def run(self, topic: str, data: Any, **without: Any) -> None:
        """Everything that follows from one event, until models or people are asked."""
        self.go_on([(str(topic), data)])

    def go_on(self, waiting: list[tuple[str, Any]]) -> None:
        while waiting:
            topic, data = waiting.pop(0)
            for node in SUBSCRIBED.get(topic, ()):
                said = self.do(node, self.event(topic, data))
                self.told += said
                waiting += [(str(each.topic), json.loads(json.dumps(each.data))) for each in said]

    def wish(self, branch: Branch) -> None:
        self.run(Topic.CMD_PULL_REQUEST_OPENER_OPEN_PULL_REQUEST_V1, branch.wish)

    def questions(self) -> list[dict[str, Any]]:
        """What models were asked and have not answered."""
        found = [each.data for each in self.told if each.topic == Topic.CMD_ROUTER_ROUTE_REQUEST_V1]
        self.told = [each for each in self.told if each.topic != Topic.CMD_ROUTER_ROUTE_REQUEST_V1]
        return found

    def no_model(self) -> None:
        for each in self.questions():
            self.run(Topic.EVT_ROUTER_ROUTING_FAILED_V1, {"task_id": each["id"], "reason": "no model is there"})

    def answer(self, answer: Answer = Answer.APPROVED, reason: str = "") -> None:
        """What a person says to the oldest question."""
        ask, node, event, context = self.asked.pop(0)
        approval = Approval("q", ask.sha256, answer, "ann", reason)
        said = self.do(node, event, replace(context, approval=approval))
        self.told += said
        self.go_on([(str(each.topic), json.loads(json.dumps(each.data))) for each in said])

    def topics(self) -> list[str]:
        return [str(each.topic).split(".")[3] for each in self.told]

    def last(self, topic: str) -> Any:
        return json.loads(json.dumps(next(each.data for each in reversed(self.told) if each.topic == topic)))

    def _publish(self, said: Said, event: Event, identity: str, key: bytes | None) -> Outgoing:
        return Outgoing(said.topic, key, json.dumps(said.data).encode(), ())


def push(there: Repository, branch: str, files: dict[str, str], start: str = "main") -> None:
    ask(there.folder, "fast-import", "--quiet", "--force", told=commit(branch, start, "More", files, 9).encode())


def repositories(tmp_path: Path) -> Path:
    folder = tmp_path / "repositories"
    folder.mkdir()
    return folder
