"""The events that a node has worked on, the latest ones: a command that comes twice is done once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

MOST_SEEN = 100_000
"""Events that are remembered."""


def identity(source: str, event_id: str) -> str:
    """What tells an event from all others (CloudEvents 1.0: source and id together)."""
    return f"{source}\0{event_id}"


class Seen:
    """Receipts by the event that they are of. A receipt's id is known before its task ends, so one may be claimed."""

    def __init__(self, most: int = MOST_SEEN) -> None:
        self._most = most
        self._receipts: OrderedDict[str, str] = OrderedDict()

    def claim(self, event_id: str, receipt: str) -> str | None:
        """Say that ``receipt`` is that of an event. Gives back the receipt that came before it, if one did."""
        first = self._receipts.setdefault(event_id, receipt)
        self._receipts.move_to_end(event_id)
        if len(self._receipts) > self._most:
            self._receipts.popitem(last=False)
        return None if first == receipt else first

    def recall(self, receipts: Mapping[str, str]) -> None:
        """What others noted, oldest first: it counts, whatever was claimed here."""
        for event_id, receipt in receipts.items():
            self._receipts[event_id] = receipt
            self._receipts.move_to_end(event_id)
        while len(self._receipts) > self._most:
            self._receipts.popitem(last=False)

    def release(self, event_id: str, receipt: str) -> None:
        """Its task was not ended here after all."""
        if self._receipts.get(event_id) == receipt:
            del self._receipts[event_id]

    def __len__(self) -> int:
        return len(self._receipts)
