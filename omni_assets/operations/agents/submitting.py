"""Tasks that a person or a program gives to agents: a JSON object a line, each an event of a declared topic."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any
from uuid import uuid4

from pydantic import BeforeValidator, Field, ValidationError

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event, to_record
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.terms import EXPIRY, IDEMPOTENCY, moment, stated
from omni_assets.agents.traces import created, trace_extensions
from omni_assets.broker import ledger
from omni_assets.broker.ledger import LedgerRecord
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.payloads import payloads
from omni_assets.contracts.text import visible
from omni_assets.errors import TaskUnusable, UnknownName
from omni_assets.operations.context import Context
from omni_assets.operations.targets import target_of
from omni_assets.operations.task_files import read_text, refuse
from omni_assets.router.values import Strict
from omni_assets.settings import duration
from omni_assets.telemetry.trace_context import NewTrace

SOURCE = "/omni-assets/task-submit"
"""The source of events that are submitted: with it, an id is the same event wherever it comes from."""

_UNUSABLE = "nothing is submitted, since some cannot be"
_REMEDY = "docs/agents.md shows a task."


def _due(said: object) -> datetime | None:
    if said is None:
        return None
    now = datetime.now(UTC)
    due = _moment(str(said), now)
    if due <= now:
        raise ValueError(f"{stated(due)} is over")
    return due


def _moment(text: str, now: datetime) -> datetime:
    """A moment, or a time from ``now`` on."""
    with suppress(ValueError):
        return moment(text)
    with suppress(ValueError):
        return now + duration(text)
    raise ValueError("it is neither a moment such as 2026-03-01T12:00:00Z nor a time such as 15min")


class Submission(Strict):
    """A line: ``data`` is the payload of an event of ``topic``. Without an ``id`` it gets one; without a ``key`` it is
    ordered behind nothing.

    After its ``deadline`` nobody works on it. Of several with one ``idempotency_key`` and one ``key`` one is done.
    """

    topic: Annotated[str, Field(min_length=1)]
    data: Any
    key: Annotated[str, Field(max_length=500)] = ""
    deadline: Annotated[datetime | None, BeforeValidator(_due)] = None
    idempotency_key: Annotated[str, Field(max_length=200)] = ""
    id: Annotated[str, Field(min_length=1, max_length=200)] = Field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True, slots=True)
class Submitted:
    """The ids of the events that stand in their topics now, and why others may not, as clauses by id."""

    ids: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def read_submissions(path: str) -> tuple[Submission, ...]:
    """The tasks in a file, or on standard input (``-``). Raises ``TaskUnusable`` with every line that is none."""
    name, text = read_text(path)
    found: list[Submission] = []
    flaws: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(Submission.model_validate(json.loads(line)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "it"
            why = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"].lower()
            flaws.append(f"{name}:{number}: `{visible(field)}`: {why}")
        except (ValueError, RecursionError) as error:
            flaws.append(f"{name}:{number}: it is no JSON: {error}")
    refuse(_UNUSABLE, flaws, _REMEDY)
    if not found:
        raise TaskUnusable(f"there is no task in {name}.", 'Write a line such as {"topic": …, "key": …, "data": …}.')
    return tuple(found)


def submit(context: Context, submissions: Sequence[Submission]) -> Submitted:
    """Write each as an event of its topic, in order. All are looked at before the first is written.

    Raises ``UnknownName``, ``TaskUnusable``, ``ReadOnly`` and ``BrokerError``.
    """
    manifest = context.manifest()
    records = _records(manifest, submissions)
    with context.admin() as admin:
        snapshot = admin.snapshot(tuple(sorted(records)))
    missing = sorted(records.keys() - snapshot.topics.keys())
    if missing:
        raise TaskUnusable(
            f"`{missing[0]}` is not at {context.bootstrap_servers}.", "`omni provision` creates what is declared."
        )
    written: set[str] = set()
    failed: list[tuple[str, str]] = []
    for topic, wanted in records.items():
        done = ledger.append(context.connection, target_of(snapshot.topics[topic]), wanted)
        written |= done.places.keys()
        failed += [(submissions[int(line)].id, str(error)) for line, error in done.errors.items()]
    return Submitted(tuple(each.id for line, each in enumerate(submissions) if str(line) in written), tuple(failed))


def _records(manifest: Manifest, submissions: Iterable[Submission]) -> dict[str, list[LedgerRecord]]:
    """By topic. They are told apart by their number: the same event may be submitted twice."""
    shapes = Payloads(payloads(manifest))
    records: dict[str, list[LedgerRecord]] = defaultdict(list)
    flaws: list[str] = []
    for line, each in enumerate(submissions):
        if each.topic not in manifest.topics:
            raise UnknownName(each.topic, get_close_matches(each.topic, manifest.topics, 1))
        data = json.dumps(each.data, ensure_ascii=False, separators=(",", ":")).encode()
        with created(each.topic, each.id, NewTrace()) as place:
            told = {**_terms(each), **trace_extensions(place)}
        event = Event(each.id, SOURCE, each.topic, None, datetime.now(UTC), each.id, None, data, extensions=told)
        try:
            shapes.check(each.topic, event)
            _, value, headers = to_record(event, None)
        except (Hopeless, ValueError) as flaw:
            flaws.append(f"`{visible(each.id)}`: {flaw}")
            continue
        stated = {name: fact.decode() for name, fact in headers}
        records[each.topic].append(LedgerRecord(str(line), each.key or each.id, value, stated))
    refuse(_UNUSABLE, flaws, _REMEDY)
    return records


def _terms(each: Submission) -> Mapping[str, str]:
    """What a task asks of whoever works on it, as extensions of its event."""
    told = {EXPIRY: stated(each.deadline) if each.deadline else "", IDEMPOTENCY: each.idempotency_key}
    return {name: value for name, value in told.items() if value}
