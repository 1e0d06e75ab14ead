"""The tasks that a node has worked on, the latest ones: an event that comes twice, or a command that is given twice, is
worked on once. Pure.

An event is told by its source and id, and by the dead letter that it was sent again for, if it was. A command is told
by its idempotency key and the key of its record, within a window; one whose task failed may be given anew.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from omni_assets.agents.task_receipt import FAILURES, TaskReceipt

MOST_SEEN = 100_000
"""Events that are remembered, and commands."""

WINDOW = timedelta(days=1)
"""How long a command is remembered, unless somebody says otherwise."""


def identity(source: str, event_id: str, requeue_of: str | None = None) -> bytes:
    """What tells an event from all others (CloudEvents 1.0: source and id together), and from itself sent again."""
    return _digest(source, event_id, requeue_of or "")


def command(idempotency_key: str | None, key: str) -> bytes:
    """What tells a command from all others; empty where a task is none."""
    return _digest(key, idempotency_key) if idempotency_key else b""


class Earlier(NamedTuple):
    """The receipt of the task that came first, and as a clause why it is the same."""

    receipt: str
    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """That a task is about an event, and carries out a command (``b""`` where it is none). It began ``at``."""

    event: bytes
    command: bytes
    receipt: str
    at: datetime


class _First(NamedTuple):
    receipt: str
    at: datetime


class Seen:
    """Receipts by what they are of, ``most`` of each kind. A receipt's id is known before its task ends, so something
    may be claimed.
    """

    def __init__(self, window: timedelta = WINDOW, most: int = MOST_SEEN) -> None:
        self._window = window
        self._most = most
        self._events: OrderedDict[bytes, str] = OrderedDict()
        self._commands: OrderedDict[bytes, _First] = OrderedDict()

    def claim(self, claim: Claim) -> Earlier | None:
        """Say that a task begins. Gives back which one came before it, if one did: then nothing is claimed."""
        first = self._events.setdefault(claim.event, claim.receipt)
        self._keep(self._events, claim.event)
        if first != claim.receipt:
            return Earlier(first, "its event was worked on before")
        if not claim.command:
            return None
        held = self._commands.get(claim.command)
        if held is None or claim.at - held.at > self._window:
            held = self._commands[claim.command] = _First(claim.receipt, claim.at)
        self._keep(self._commands, claim.command)
        if held.receipt == claim.receipt:
            return None
        self._events[claim.event] = held.receipt
        return Earlier(held.receipt, "a task of its idempotency key and key was worked on before")

    def forgive(self, claim: Claim) -> None:
        """A task failed: its event was worked on, its command was not carried out."""
        held = self._commands.get(claim.command)
        if held is not None and held.receipt == claim.receipt:
            self._commands.pop(claim.command, None)

    def release(self, claim: Claim) -> None:
        """A task was not ended here after all."""
        if self._events.get(claim.event) == claim.receipt:
            del self._events[claim.event]
        self.forgive(claim)

    def note(self, receipt: TaskReceipt) -> None:
        """What a receipt says, as if the task had been worked on here. They are told in their order."""
        if not receipt.event_id:
            return
        event = identity(receipt.event_source, receipt.event_id, receipt.requeue_of)
        if receipt.duplicate_of is not None:
            self._events.setdefault(event, receipt.duplicate_of)
            self._keep(self._events, event)
            return
        claim = Claim(event, command(receipt.idempotency_key, receipt.key), receipt.id, receipt.started_at)
        self.claim(claim)
        if receipt.outcome in FAILURES:
            self.forgive(claim)

    def recall(self, others: Seen) -> None:
        """What others noted: it counts, whatever was claimed here.

        What is known already stays the same object: a long life would end up with a few of them in each piece of
        memory that was ever needed for a moment.
        """
        for event, receipt in others._events.items():
            if self._events.get(event) != receipt:
                self._events[event] = receipt
            self._keep(self._events, event)
        for told, first in others._commands.items():
            if self._commands.get(told) != first:
                self._commands[told] = first
            self._keep(self._commands, told)

    def __len__(self) -> int:
        return len(self._events)

    def _keep(self, known: OrderedDict[bytes, str] | OrderedDict[bytes, _First], name: bytes) -> None:
        known.move_to_end(name)
        if len(known) > self._most:
            known.popitem(last=False)


def _digest(*parts: str) -> bytes:
    """Short, however long they are, since others choose them."""
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
