"""What the shell completes: names and ids that are remembered, and nothing where they cannot be told in a moment.

No broker is asked, no contract is read, and nothing is written. A name that a shell would take for more than a word is
not completed: contracts and events may come from anywhere.
"""

from __future__ import annotations

import re

_SECONDS = 2.0
_MOST = 10_000
_WORD = re.compile(r"[\w.@:+/-]+")

_NODES = "SELECT DISTINCT node FROM declarations ORDER BY node"
_TOPICS = "SELECT name FROM declared_topics ORDER BY name"
_TASKS = "SELECT id, node || ', ' || outcome FROM tasks ORDER BY ended_at DESC LIMIT 1000"
_RECEIPTS = "SELECT id, task_id FROM receipts ORDER BY ended_at DESC LIMIT 1000"
_QUESTIONS = (
    "SELECT DISTINCT approval, node FROM tasks WHERE outcome = 'waiting' AND approval NOT IN "
    "(SELECT approval FROM tasks WHERE approval IS NOT NULL AND approval_answer IS NOT NULL) ORDER BY approval"
)


def nodes(incomplete: str) -> list[tuple[str, str]]:
    """Nodes that contracts declare."""
    return _begun_so(incomplete, _NODES)


def topics(incomplete: str) -> list[tuple[str, str]]:
    """Topics that contracts declare."""
    return _begun_so(incomplete, _TOPICS)


def tasks(incomplete: str) -> list[tuple[str, str]]:
    """The newest tasks on the bus, each with its node and outcome."""
    return _begun_so(incomplete, _TASKS)


def receipts(incomplete: str) -> list[tuple[str, str]]:
    """The newest receipts of the router, each with its task."""
    return _begun_so(incomplete, _RECEIPTS)


def questions(incomplete: str) -> list[tuple[str, str]]:
    """Questions that wait for a person, each with the node that asks."""
    return _begun_so(incomplete, _QUESTIONS)


def _begun_so(incomplete: str, query: str) -> list[tuple[str, str]]:
    from omni_assets import settings
    from omni_assets.contracts.text import visible
    from omni_assets.errors import OmniError
    from omni_assets.projection.question import ask

    try:
        rows = ask(settings.state_folder(settings.load()), query, limit_rows=_MOST, timeout_seconds=_SECONDS).rows
    except OmniError:
        return []
    return [
        (name, " ".join(visible(str(each)) for each in about))
        for name, *about in rows
        if name.startswith(incomplete) and _WORD.fullmatch(name)
    ]
