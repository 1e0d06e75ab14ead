"""Questions of agents to people, and the answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from omni_assets.agents.approvals import Reply
from omni_assets.cli.tables import Line, paragraph, plain_row, table
from omni_assets.cli.words import age
from omni_assets.contracts.text import count, visible
from omni_assets.operations.agents.approving import Asked, Waiting

SHORT_ID = 12
"""As much of an id as is shown: enough to tell it from the others."""

_LONGEST_TITLE = 200


def waiting_lines(found: Waiting, now: datetime, width: int | None) -> list[Line]:
    """A row for each question, oldest first."""
    rows = [
        plain_row(
            f"{age(each.at, now)} ago",
            each.question.node,
            each.question.task[:SHORT_ID],
            each.question.title[:_LONGEST_TITLE],
        )
        for each in found.asked
    ]
    more = f", and {found.more:,} more" if found.more else ""
    waits = "question waits" if len(found.asked) == 1 and not found.more else "questions wait"
    lines = table(("ASKED", "NODE", "ID", "QUESTION"), rows, width) if rows else []
    lines += paragraph(
        f"{len(found.asked):,}{more} {waits} for a person" if rows else "nothing waits for a person", width
    )
    if found.unreadable:
        records = count(found.unreadable, "record")
        lines += paragraph(f"{records} in the topics of questions {_are(found.unreadable)}", width, "yellow")
    return lines


def waiting_document(found: Waiting) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "version": 1,
        "waiting": [
            {
                "id": each.question.task,
                "node": each.question.node,
                "asked_at": each.at.isoformat(),
                "title": each.question.title,
                "content": each.question.content,
                "content_sha256": each.question.content_sha256,
                "topic": each.topics.requests,
                "partition": each.partition,
                "offset": each.offset,
                "correlation_id": each.event.correlation_id or each.event.id,
            }
            for each in found.asked
        ],
        "more": found.more,
        "unreadable": found.unreadable,
    }


def shown_lines(asked: Asked) -> Iterable[str]:
    """Exactly what the answer will be good for, line for line, and nothing that could steer a terminal."""
    yield from map(visible, asked.question.ask.shown.split("\n"))


def facts(asked: Asked, now: datetime) -> str:
    """Whose question it is, on a line of its own before what is shown."""
    question = asked.question
    return visible(
        f"{question.task[:SHORT_ID]} of {question.node}, {age(asked.at, now)} ago, sha256 {question.content_sha256}"
    )


def already(asked: Asked) -> str:
    """Who answered it, as a sentence; empty where nobody did."""
    if asked.given is None:
        return ""
    reply, at = asked.given
    reason = f": {reply.reason}" if reply.reason else ""
    return visible(f"the question was {reply.answer} by {reply.by} at {at:%Y-%m-%d %H:%M:%S} UTC{reason}")


def answered_document(reply: Reply) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {"version": 1, **reply.model_dump(mode="json")}


def _are(number: int) -> str:
    return "is none that a person could be shown" if number == 1 else "are none that a person could be shown"
