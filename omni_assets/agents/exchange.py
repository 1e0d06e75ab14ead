"""The thread that owns a seat, beside an event loop: records go over to the loop, what came of them comes back.

Both ways are bounded by what the inbox holds: a record is held until it was committed. What ends meanwhile is
committed together.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from omni_assets.agents.drain import Drain
from omni_assets.agents.inbox import MOST_RECORDS, Inbox, ProgressUnreadable
from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.broker.assignment import Committed, Partition, Place
from omni_assets.broker.connection import Connection
from omni_assets.broker.worker import MOST_BYTES, End, Outgoing, Received, Refused, Seat, Worker
from omni_assets.errors import BrokerRefused, BrokerTimeout

MOST_HELD_BYTES = 67_108_864
"""Bytes of values that one worker holds at most, and one record more."""

_BUSY_SECONDS, _IDLE_SECONDS = 0.002, 0.05
_PAUSE_AFTER_SECONDS = 1.0
_TRIES = 5
_JOINING_SECONDS = 60.0  # most that those who draw lots for partitions wait for a member that is gone


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a record: what is to be written together with its position.

    ``otherwise`` is asked with a clause for what to write instead, where the broker never takes that.
    """

    place: Place
    records: tuple[Outgoing, ...]
    otherwise: Callable[[str], tuple[Outgoing, ...]]
    outcome: TaskOutcome = TaskOutcome.DONE

    @property
    def size(self) -> int:
        """The bytes of the values that are to be published."""
        return sum(len(each.value or b"") for each in self.records)


class Exchange:
    """Use it as an asynchronous context manager, within one event loop; leaving it gives the seat back.

    With a ``drain`` it ends when that is over: it is idle while nothing is held and every partition was read to its
    end. Without, it goes on until it is left. It holds ``most`` records at a time.

    ``revoked`` is told of partitions whose records need no further work, and ``leaving`` is called in the thread behind
    it: others have them when it returns. ``prepared`` is called in the thread whenever partitions were assigned; what
    it gives back is called in the loop, before their records come. ``alive`` is called in the thread all the time. What
    is not ``wanted`` is passed over: it is read, and neither worked on nor told of.
    """

    def __init__(
        self,
        connection: Connection,
        seat: Seat,
        *,
        drain: Drain | None = None,
        most: int = MOST_RECORDS,
        revoked: Callable[[Iterable[Partition]], None] = lambda _: None,
        prepared: Callable[[], Callable[[], None]] = lambda: lambda: None,
        wanted: Callable[[Received], bool] = lambda _: True,
        leaving: Callable[[Iterable[Partition]], None] = lambda _: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._seat = seat
        self._drain = drain
        self._most = most
        self._tell_revoked = revoked
        self._prepared = prepared
        self._wanted = wanted
        self._leaving = leaving
        self._alive = alive
        self.settled: Counter[TaskOutcome] = Counter()
        """Records whose end is committed, by outcome."""
        self._inbox = Inbox(most)
        self._held: dict[Place, Received] = {}
        self._size = 0
        self._came_back: deque[Ended] = deque()
        self._ended: list[Ended] = []
        self._at_end: set[Partition] = set()
        self._waiting: asyncio.Queue[Received | None] = asyncio.Queue()
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._failed_commits = 0
        self._full_since: float | None = None
        self._seated = False
        self._thread = threading.Thread(target=self._attend, name=f"omni-{seat.member}", daemon=True)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join)

    async def next(self) -> Received | None:
        """The next record to work on; ``None`` at the end. Raises ``BrokerError``."""
        received = await self._waiting.get()
        if received is None:
            self._waiting.put_nowait(None)
            if self._failure is not None:
                raise self._failure
        return received

    def end(self, ended: Ended) -> None:
        """A record was worked on. It counts as soon as that is committed, and not at all where it was revoked."""
        self._came_back.append(ended)

    def assigned(self, committed: Mapping[Partition, Committed]) -> None:
        """As ``Owner.assigned``. Raises ``BrokerRefused`` where what is written beside an offset cannot be read."""
        self._seated = True
        for partition, to in committed.items():
            try:
                self._inbox.assign(partition, to)
            except ProgressUnreadable as flaw:
                where = f"{partition.topic}/{partition.number}"
                raise BrokerRefused(
                    f"to go on in {where}",
                    f"what is written beside the offset of `{self._seat.group}` is of no use: {flaw}",
                ) from None
        self._call(self._prepared())

    def revoked(self, partitions: Iterable[Partition], *, lost: bool) -> None:
        """As ``Owner.revoked``: what has ended is committed first. Raises ``BrokerError``."""
        gone = tuple(partitions)
        try:
            if not lost:
                self._collect()
                self._commit()
        finally:
            self._forget(gone)
            self._call(self._tell_revoked, gone)
            if not lost:
                self._leaving(gone)

    def _forget(self, gone: Sequence[Partition]) -> None:
        for each in gone:
            self._inbox.revoke(each.topic, each.number)
        self._at_end -= set(gone)
        self._ended = [each for each in self._ended if each.place.partition not in gone]
        self._held = {place: each for place, each in self._held.items() if place.partition not in gone}
        self._size = sum(len(each.value or b"") for each in self._held.values())

    def _attend(self) -> None:
        """The thread: the only one that touches the seat and the inbox."""
        try:
            worker = self._worker = Worker(self._connection, self._seat, self)
            try:
                self._work(worker)
            finally:
                self._collect()
                worker.close()
        except Exception as error:  # noqa: BLE001 - whoever waits for the next record is told
            self._failure = error
        if self._drain is not None:
            self._drain.leave(self._seat.member)
        self._call(self._waiting.put_nowait, None)

    def _work(self, worker: Worker) -> None:
        began = time.monotonic()
        while not self._stop.is_set():
            self._alive()
            self._collect()
            self._commit()
            came = self._read(worker)
            self._hand_over()
            if self._drain is None:
                continue
            if self._drain.is_over(self._seat.member, idle=not came and self._is_idle()):
                return
            if not self._seated and time.monotonic() - began > _JOINING_SECONDS:
                raise BrokerTimeout(f"a request to join the group `{self._seat.group}`", _JOINING_SECONDS)

    def _is_idle(self) -> bool:
        done = not self._inbox.held and not self._inbox.positions() and set(self._inbox.partitions) <= self._at_end
        return self._seated and done

    def _collect(self) -> None:
        while self._came_back:
            ended = self._came_back.popleft()
            if self._inbox.end(ended.place):
                self._ended.append(ended)

    def _commit(self) -> None:
        """Commit what ended, in the order in which it did; positions alone where only markers were passed."""
        while self._ended:
            batch = _first(self._ended, MOST_BYTES)
            try:
                committed = self._settle(batch)
            except Refused:
                committed = all(self._settle_alone(each) for each in batch)
            if not committed:
                return
        positions = {} if self._inbox.held else self._inbox.positions()
        if positions and self._counted(self._worker.commit((), positions)):
            self._inbox.settle((), positions)

    def _settle_alone(self, ended: Ended) -> bool:
        """One record, since the broker did not take several: what it does not take of that is told otherwise."""
        try:
            return self._settle([ended])
        except Refused as refused:
            instead = Ended(ended.place, ended.otherwise(str(refused)), ended.otherwise, TaskOutcome.FAILED)
        try:
            return self._settle([instead])
        except Refused as refused:
            raise BrokerRefused(f"what came of a record of {ended.place.partition.topic}", str(refused)) from None

    def _settle(self, batch: list[Ended]) -> bool:
        places = [each.place for each in batch]
        positions = self._inbox.positions(places)
        if not self._counted(self._worker.commit([each for one in batch for each in one.records], positions)):
            return False
        self._inbox.settle(places, positions)
        del self._ended[: len(batch)]
        self.settled.update(each.outcome for each in batch)
        for place in places:
            self._size -= len(self._held.pop(place).value or b"")
        return True

    def _counted(self, committed: bool) -> bool:
        self._failed_commits = 0 if committed else self._failed_commits + 1
        if self._failed_commits >= _TRIES:
            raise BrokerTimeout(f"{_TRIES} transactions of the worker {self._seat.member}", self._connection.timeout)
        return committed

    def _read(self, worker: Worker) -> bool:
        """Take what is there, as long as there is room; whether it was anything.

        A pause costs what was read ahead, and a second until reading goes on. So nothing is asked for while there is no
        room, and partitions are paused only where that lasts: the group has to hear of its members.
        """
        if self._has_room():
            self._full_since = None
            worker.resume(each for each in worker.paused if not self._inbox.full(each))
        else:
            now = time.monotonic()
            self._full_since = now if self._full_since is None else self._full_since
            if now - self._full_since < _PAUSE_AFTER_SECONDS:
                time.sleep(_BUSY_SECONDS)
                return False
            worker.pause(self._inbox.partitions)
        came = False
        seconds = _BUSY_SECONDS if self._inbox.held else _IDLE_SECONDS
        for _ in range(self._most):
            seen = worker.poll(seconds)
            if seen is None:
                break
            seconds = 0.0
            partition = seen.partition if isinstance(seen, End) else seen.place.partition
            if isinstance(seen, End):
                self._inbox.reach(partition, seen.offset)
                self._at_end.add(partition)
                continue
            came = True
            self._at_end.discard(partition)
            if not self._wanted(seen):
                self._inbox.reach(partition, seen.place.offset + 1)
            elif self._inbox.take(seen.place, seen.key):
                self._held[seen.place] = seen
                self._size += len(seen.value or b"")
            if not self._has_room():
                break
            if self._inbox.full(partition):
                worker.pause([partition])
        return came

    def _has_room(self) -> bool:
        return self._inbox.held < self._most and self._size < MOST_HELD_BYTES

    def _hand_over(self) -> None:
        begun = []
        while (place := self._inbox.begin()) is not None:
            begun.append(self._held[place])
        if begun:
            self._call(self._put, begun)

    def _put(self, begun: Iterable[Received]) -> None:
        for each in begun:
            self._waiting.put_nowait(each)

    def _call(self, call: Callable[..., object], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)


def _first(ended: Sequence[Ended], most_bytes: int) -> list[Ended]:
    """As many as one transaction should hold, and one at least."""
    sizes = accumulate(each.size for each in ended)
    return [
        each for number, (each, size) in enumerate(zip(ended, sizes, strict=True)) if not number or size <= most_bytes
    ]
