"""A fleet of agents with a past: contracts, topics that drifted, tasks with receipts, and a question that waits.

Everything is real: an embedded broker has the topics, the jobs of the code location ran in a Dagster instance of files,
and a server on loopback answered as a model does. ``strange`` texts stand wherever a contract, a record, a consumer
group or a model may put its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic

from omni_assets.broker.local import lifecycle
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.context import Context
from omni_assets.operations.dagster_home import prepare
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV, write_routed_project

COMPLETE, MISSPELT = "onex.evt.router.routing-complete.v1", "onex.evt.router.routing_complete.v1"
PLANNED, OPENED = "onex.evt.planner.plan-made.v1", "onex.evt.coder.pull-request-opened.v1"
PASSED, FAILED = "onex.evt.tester.tests-passed.v1", "onex.evt.tester.tests-failed.v1"
REVIEWED, MERGED = "onex.evt.reviewer.review-complete.v1", "onex.evt.merger.pull-request-merged.v1"
ROUTE = "onex.cmd.router.route-request.v1"

MARKED = (
    "`[a link](javascript:window.hacked=1)`",
    "` ![a picture](https://elsewhere.example/picture.png) `",
    "[c](https://elsewhere.example/c) <https://elsewhere.example/d> www.elsewhere.example",
    "| a |\n|---|\n| <img src=https://elsewhere.example/e.png> [f](data:text/html,<script>parent.hacked=1</script>) |",
)
"""Texts that mean something in Markdown, and that must not where they are shown."""

BRANCHES = {"spread": True, "median": True, "variance": False}
"""The changes that the coder was given, and whether their tests pass. A person is asked about those that do."""

_DIFF = """\
--- a/{branch}.py
+++ b/{branch}.py
@@ -6,3 +6,5 @@
 def {branch}(numbers):
+    if not numbers:
+        raise ValueError("no numbers have no {branch}")
     return measured(numbers)
"""
_SETTINGS = """\
repository_url = "https://forge.example/fleet/blob/main/{path}#L{line}"

[router]
ledger_node = "receipt-recorder"
"""
_REQUESTS, _ANSWERS = "onex.evt.reviewer.approval-requested.v1", "onex.cmd.reviewer.answer-approval.v1"
_PURPOSES = {
    "router": "Routes each task to the cheapest model that can do it.",
    "planner": "Plans what is to be changed.",
    "coder": "Writes the change that a plan is about.",
    "tester": "Runs the tests of a change.",
    "reviewer": "Reviews a change whose tests pass, and asks a person.",
    "merger": "Merges what was reviewed.",
    "ci-watcher": "Watches the pipeline after a merge.",
}
_SPEC = "partitions: 3, keyed: true, retention: 7d"
_AGENTS = "tests.support.fleet_agents"
_NODES: Mapping[str, tuple[Sequence[str], Sequence[str], str]] = {
    "router": ([COMPLETE, "onex.evt.router.routing-failed.v1"], [ROUTE], ""),
    "planner": ([ROUTE, PLANNED], [COMPLETE, MERGED], ""),
    "coder": ([OPENED, "onex.dlq.coder.dead-letter.v1"], [PLANNED], f"{{kind: python, entry: '{_AGENTS}:write'}}"),
    "tester": ([PASSED, FAILED], [OPENED], f"{{kind: python, entry: '{_AGENTS}:test'}}"),
    "reviewer": (
        [REVIEWED],
        [PASSED],
        f"{{kind: python, entry: '{_AGENTS}:review', approvals: {{requests: {_REQUESTS}, answers: {_ANSWERS}}}}}",
    ),
    "merger": ([MERGED], [REVIEWED], ""),
    "ci-watcher": (["onex.evt.ci-watcher.pipeline-passed.v1"], [MERGED, FAILED], ""),
}


@dataclass(frozen=True)
class Fleet:
    """A project in ``folder``, and the Dagster instance that its jobs ran in."""

    folder: Path
    home: Path
    bootstrap_servers: str
    instance: dg.DagsterInstance

    def context(self) -> Context:
        """Where its operations work."""
        with chdir(self.folder):
            return self._project().context()

    def run(self, job: str, op: str = "", **config: Any) -> None:
        """Run a job here as a person would; ``config`` is what its ``op`` is given."""
        given = {"ops": {op: {"config": config}}} if op else None
        with chdir(self.folder):
            defined = build(self._project()).resolve_job_def(job)
            assert defined.execute_in_process(instance=self.instance, run_config=given).success

    def _project(self) -> ProjectResource:
        return ProjectResource(
            paths=["contracts"],
            home=str(self.home),
            environment="local",
            bootstrap_servers=self.bootstrap_servers,
            folder=str(self.folder),
        )


@contextmanager
def fleet(folder: Path, strange: Sequence[str] = ()) -> Iterator[Fleet]:
    """The fleet after a morning of work, on a broker of its own, which ends with this."""
    home = folder / ".omni"
    with ExitStack() as afterwards:
        patch = afterwards.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("OMNI_")]:
            patch.delenv(name)
        afterwards.callback(lifecycle.stop, home)
        broker = lifecycle.start(home, port=0)
        instance = afterwards.enter_context(dg.DagsterInstance.from_config(str(prepare(home))))
        there = Fleet(folder, home, broker.bootstrap_servers, instance)
        _work(there, patch, strange)
        yield there


def _work(there: Fleet, patch: pytest.MonkeyPatch, strange: Sequence[str]) -> None:
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint(otherwise=answers(LABELLED)) as large:
        patch.setenv(SMALL_ENV, small.base_url)
        patch.setenv(KEY_ENV, KEY)
        write_routed_project(there.folder, large.base_url)
        _write_contracts(there.folder, strange)
        there.run("reconcile")
        _drift(there.bootstrap_servers, strange)
        there.run("reconcile")
        _submit(there, strange)
        there.run("agent_tasks")
        there.run("list_questions")
        small.script = [answers(text) for text in strange or ["Label: one."]]
        large.script = list(small.script)
        tasks = [
            {"id": text, "task_class": "sorting", "inputs": {"text": f"{number} {text}"}}
            for number, text in enumerate([*strange, *(f"ticket-{each}" for each in range(410, 416))])
        ]
        there.run("route_tasks", "do_tasks", tasks=tasks, concurrency=1)
        for job in ("refresh_routing", "summarize_drift", "make_report"):
            there.run(job)


def _write_contracts(folder: Path, strange: Sequence[str]) -> None:
    (folder / "omni.toml").write_text(_SETTINGS, encoding="utf-8")
    for name, (publishes, subscribes, handler) in _NODES.items():
        letters = [each for each in publishes if ".dlq." in each]
        lines = [
            f"name: {name}",
            *([f"handler: {handler}"] if handler else []),
            "event_bus:",
            "  publish_topics:",
            *(f"    - {{topic: {each}, {_SPEC}}}" for each in publishes if each not in letters),
            "  subscribe_topics:",
            *(f"    - {each}" for each in subscribes),
            *(["  dlq_topics:", *(f"    - {each}" for each in letters)] if letters else []),
            f"description: {_PURPOSES[name]}",
        ]
        _contract(folder, name, "\n".join(lines) + "\n")
    for number, text in enumerate(strange):
        published = {"topic": f"onex.evt.stranger.said-{number}.v1", "config": {"retention.ms": "7d", text: text}}
        said = {"name": text, "description": text}
        document = {**said, "event_bus": {"publish_topics": [published], "subscribe_topics": [OPENED, text]}}
        _contract(folder, f"{number} {text.replace('/', ':').replace(chr(0), '')[:80]}", json.dumps(document))


def _contract(folder: Path, name: str, text: str) -> None:
    file = folder / "contracts" / name / "contract.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _drift(bootstrap_servers: str, strange: Sequence[str]) -> None:
    """What somebody else does to the broker: a misspelt topic with records, and settings of a person in a hurry."""
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    names = [MISSPELT, *(f"javascript.{number}" for number, _ in enumerate(strange))]
    _settle(client.create_topics([NewTopic(name, 1, 1) for name in names]))
    _settle(client.create_partitions([NewPartitions(PASSED, 6)]))
    for topic, retention in ((COMPLETE, "86400000"), (MERGED, "2592000000")):
        change = ConfigEntry("retention.ms", retention, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[change])
        _settle(client.incremental_alter_configs([resource]))
    producer = Producer({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    for number in range(128):
        producer.produce(MISSPELT, key=f"request-{number % 7}", value=json.dumps({"request": number}))
    assert producer.flush(30) == 0
    for text in strange:
        _read(bootstrap_servers, text)


def _read(bootstrap_servers: str, group: str) -> None:
    """A consumer group of that name has read a topic of the coder."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group, "log_level": 0})
    consumer.commit(offsets=[TopicPartition(OPENED, 0, 0)], asynchronous=False)
    consumer.close()


def _submit(there: Fleet, strange: Sequence[str]) -> None:
    plans = [
        {"branch": branch, "green": green, "title": f"May `{branch}` be merged?", "diff": _DIFF.format(branch=branch)}
        for branch, green in BRANCHES.items()
    ]
    plans += [{"branch": text, "green": True, "title": text, "diff": text} for text in strange]
    plans += [{"refusal": text} for text in strange or ["the plan names no branch"]]
    given = [
        Submission.model_validate({"topic": PLANNED, "key": plan.get("branch", plan.get("refusal")), "data": plan})
        for plan in plans
    ]
    with chdir(there.folder):
        assert not submit(there.context(), given).failed


def _settle(futures: Mapping[Any, Any]) -> None:
    for future in futures.values():
        future.result(30)
