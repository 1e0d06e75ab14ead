"""What the agents of the workflow ask models: tasks for the router, as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from omni_assets.agents.handlers import Said
from omni_assets.agents.workflow.messages import About
from omni_assets.agents.workflow.pull_requests import Kept
from omni_assets.agents.workflow.repository import Repository
from omni_assets.agents.workflow.topics import Topic

MOST_SOURCES = 300_000
"""Bytes of files that a question carries."""


def question(task_id: str, about: About, task_class: str, inputs: Mapping[str, str], sources: Iterable[Any]) -> Said:
    """The wish that some model does a task of that class; its answer bears the same id."""
    data = {
        "id": task_id,
        "key": about.key.decode(),
        "task_class": task_class,
        "inputs": dict(inputs),
        "sources": list(sources),
    }
    return Said(data, Topic.CMD_ROUTER_ROUTE_REQUEST_V1, about.key)


def changed_files(there: Repository, kept: Kept) -> list[dict[str, Any]] | None:
    """The files that a pull request changes, as sources with the lines that changed, texts alone; ``None`` where they
    are more than a question may carry."""
    changed = there.changed_lines(kept.pull_request.base, kept.head)
    files = there.files(kept.head)
    found = []
    size = 0
    for path, lines in changed.items():
        try:
            text = files.get(path, b"").decode("utf-8")
        except UnicodeDecodeError:
            continue
        size += len(files.get(path, b""))
        if lines:
            found.append({"id": path, "text": text, "changed_lines": lines})
    return found if size <= MOST_SOURCES else None
