"""Dead letters: records as they came, and behind their own headers what went wrong with them. Pure.

The headers are those of Kafka Connect (KIP-298), so that tools for its letters read these as well: the connector is the
node, and the task the one whose receipt has that id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from omni_assets.agents.terms import ADDRESSEE, REQUEUE

ERRORS = "__connect.errors."
"""How the headers begin that a record is given when it becomes a letter."""

Headers = tuple[tuple[str, bytes | None], ...]

_SENT_AGAIN = frozenset({f"ce_{REQUEUE}", f"ce_{ADDRESSEE}"})
_RECEIPT = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a letter says of itself: the node that could not handle it, where its record stood, the receipt of its task,
    and why, as a clause and the class of an error. ``read`` says whether the record was an event at all.
    """

    node: str
    topic: str
    partition: int
    offset: int
    receipt: str
    reason: str
    error: str
    read: bool = True


def sealed(headers: Headers, origin: Origin) -> Headers:
    """The headers of a letter: those that its record had, those of an earlier letter aside, and what went wrong."""
    facts = {
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "connector.name": origin.node,
        "task.id": origin.receipt,
        "stage": "TASK_PUT" if origin.read else "VALUE_CONVERTER",
        "exception.class.name": origin.error,
        "exception.message": origin.reason,
    }
    told = ((f"{ERRORS}{name}", fact.encode("utf-8", "backslashreplace")) for name, fact in facts.items() if fact)
    return (*_without(headers, lambda name: name.startswith(ERRORS)), *told)


def origin_of(headers: Headers, receipt: Callable[[str, str, int, int], str]) -> Origin | None:
    """What a letter says of itself; ``None`` where it does not say where it comes from.

    ``receipt`` gives the id of the receipt by node, topic, partition and offset, for letters that do not name it.
    """
    told = {name.removeprefix(ERRORS): _text(value) for name, value in headers if name.startswith(ERRORS)}
    node, topic = told.get("connector.name", ""), told.get("topic", "")
    partition, offset = told.get("partition", ""), told.get("offset", "")
    if not (node and topic and _NUMBER.fullmatch(partition) and _NUMBER.fullmatch(offset)):
        return None
    at = (node, topic, int(partition), int(offset))
    named = told.get("task.id", "")
    return Origin(
        *at,
        named if _RECEIPT.fullmatch(named) else receipt(*at),
        told.get("exception.message", ""),
        told.get("exception.class.name", ""),
        told.get("stage") != "VALUE_CONVERTER",
    )


def own(headers: Headers) -> Headers:
    """The headers that the record of a letter came with, when it came first."""
    return _without(headers, lambda name: name.startswith(ERRORS) or name.lower() in _SENT_AGAIN)


def addressed(headers: Headers, origin: Origin) -> Headers:
    """The headers of a letter that is sent again: those of its record, and for which node it is."""
    return (*own(headers), (f"ce_{REQUEUE}", origin.receipt.encode()), (f"ce_{ADDRESSEE}", origin.node.encode()))


def _without(headers: Iterable[tuple[str, bytes | None]], added: Callable[[str], bool]) -> Headers:
    return tuple((name, value) for name, value in headers if not added(name))


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "backslashreplace")
