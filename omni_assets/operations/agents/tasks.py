"""Tasks that are remembered: the list of them, what a partition of the ledger says of them, and what came of one
beginning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from omni_assets.agents.task_receipt import TaskReceipt, read_task_receipt
from omni_assets.contracts.text import count, visible
from omni_assets.errors import (
    BrokerError,
    InputError,
    LedgerReplaced,
    NoContracts,
    OmniError,
    PathNotFound,
    ReceiptUnreadable,
    UnnamedBroker,
)
from omni_assets.operations.agents.chains import Link, chained
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import Context
from omni_assets.projection.rows import TaskRow, TaskSummary
from omni_assets.projection.store import Projection

MOST_IN_A_CHAIN = 1_000
"""Tasks of one beginning that are looked at."""

_SHOWN = 5
_LISTED = "`omni task list` lists tasks."


@dataclass(frozen=True, slots=True)
class Chain:
    """What came of one beginning, or the first ``MOST_IN_A_CHAIN`` tasks of it where there are ``more``.

    ``asked`` are the ids of the tasks that were looked for, ``rows`` what is remembered of each task, by its id.
    """

    links: tuple[Link, ...]
    asked: frozenset[str]
    rows: Mapping[str, TaskRow]
    more: bool = False

    @property
    def receipts(self) -> tuple[TaskReceipt, ...]:
        """The receipts of its tasks, in the order of its links."""
        return tuple(link.receipt for link in self.links)


def caught_up(context: Context) -> OmniError | None:
    """Project what the ledger has by now; why that cannot be, where it cannot: what is remembered stays as it was.

    Raises ``StateError`` where nothing can be remembered.
    """
    try:
        project_ledger(context, context.manifest())
    except (BrokerError, LedgerReplaced, NoContracts, PathNotFound, UnnamedBroker) as error:
        return error
    return None


def tasks(
    home: Path,
    node: str | None = None,
    outcome: str | None = None,
    topic: str | None = None,
    key: str | None = None,
    since: datetime | None = None,
    limit: int = 1_000,
) -> tuple[TaskSummary, ...]:
    """The tasks in a state folder, newest first. Raises ``StateError``."""
    return Projection(home).tasks(node, outcome, topic, key, since, limit)


def tasks_behind(
    home: Path, cluster: str, ledger: str, partition: int, position: int = -1, limit: int = 1_000
) -> tuple[TaskRow, ...]:
    """The projected tasks whose receipts stand behind a position (an offset) of a ledger's partition, in its order.

    Where the ledger was made anew, the receipt at a position that was told before is another one, or none:
    ``tasks_behind(…, position - 1, 1)`` shows it. Raises ``StateError``.
    """
    return Projection(home).tasks_behind(cluster, ledger, partition, position, limit)


def chain(home: Path, name: str) -> Chain:
    """What came of the beginning that a task belongs to. ``name`` is the id of its receipt, of its event or of a
    result, or what one of these begins with.

    Raises ``InputError`` where it is none, or tasks of several beginnings; ``ReceiptUnreadable`` and ``StateError``.
    """
    projection = Projection(home)
    found = _meant(name, projection.tasks_named(name, MOST_IN_A_CHAIN))
    beginnings = {row.correlation_id or row.id: row for row in found}
    if not found:
        raise InputError(f"no task, event or result has an id that begins with `{visible(name)}`.", _LISTED)
    if len(beginnings) > 1:
        ids = [row.id[:12] for row in beginnings.values()]
        which = f"more than {_SHOWN} beginnings" if len(ids) > _SHOWN else count(len(ids), "beginning")
        raise InputError(
            f"`{visible(name)}` begins the ids of tasks of {which}: {', '.join(ids[:_SHOWN])}.",
            "Give more of its letters, or the id of a task.",
        )
    ((_, first),) = beginnings.items()
    if first.correlation_id:
        kin = projection.task_chain(first.correlation_id, MOST_IN_A_CHAIN + 1)
    else:
        kin = projection.task_kin(first.id, MOST_IN_A_CHAIN + 1)
    rows = {row.id: row for row in (*kin[:MOST_IN_A_CHAIN], *found)}
    links = chained([_receipt(row) for row in rows.values()])
    return Chain(links, frozenset(row.id for row in found), rows, len(kin) > MOST_IN_A_CHAIN)


def _meant(name: str, found: tuple[TaskRow, ...]) -> tuple[TaskRow, ...]:
    """Of the tasks that a name may stand for, those that it names in full, if there are any."""
    exact = [tuple(row for row in found if getattr(row, field) == name) for field in ("id", "event_id")]
    return next(filter(None, exact), found)


def _receipt(row: TaskRow) -> TaskReceipt:
    """The receipt as it was written, without that of the router."""
    try:
        return read_task_receipt(json.dumps({**json.loads(row.document), "routing": None}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ReceiptUnreadable(row.id, f"`{'.'.join(map(str, first['loc']))}`: {first['msg'].lower()}") from None
