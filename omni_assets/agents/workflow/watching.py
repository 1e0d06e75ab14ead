"""The CI watcher: the suite of a target after each merge, and how its branch stands."""

from __future__ import annotations

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.workflow.messages import Merged, Ran, read
from omni_assets.agents.workflow.pull_requests import settle, status
from omni_assets.agents.workflow.repository import repository
from omni_assets.agents.workflow.suite import run_suite
from omni_assets.agents.workflow.topics import Topic

STATUS = "pipeline"


def work(event: Event, _: TaskContext) -> list[Said]:
    """Run the pipeline of a merge, and say how it ended."""
    merged = read(event, Merged)
    there = repository(merged.repository)
    ran = status(there, merged, STATUS, Ran)
    if ran is None:
        ran = settle(there, merged, STATUS, run_suite(there.files(merged.merge)))
    passed = Topic.EVT_CI_WATCHER_PIPELINE_PASSED_V1
    figures = {
        "isolation": ran.isolation,
        "passed": len(ran.passed),
        "failed": ran.failed,
        "broken": ran.broken,
        "seconds": round(ran.seconds, 3),
    }
    ended = Said({**merged.model_dump(), **figures}, passed if ran.green else Topic.EVT_CI_WATCHER_PIPELINE_FAILED_V1)
    state = {
        "repository": merged.repository,
        "target": merged.target,
        "commit": merged.merge,
        "number": merged.number,
        "state": "passed" if ran.green else "failed",
    }
    key = f"{merged.repository}:{merged.target}".encode()
    return [ended, Said(state, Topic.SNAPSHOT_CI_WATCHER_PIPELINE_STATE_V1, key)]
