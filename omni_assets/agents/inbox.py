"""Which records a worker may begin, which wait, and what is committed of those that ended. Pure: it talks to nobody.

A record with a key waits until the one before it of that key has ended; records without a key are free. What ended
above the lowest unfinished offset is written down beside that offset, so that whoever takes over a partition repeats
none of it.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import b85decode, b85encode
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from omni_assets.broker.assignment import Committed, Partition, Place

MOST_METADATA = 4_096
"""Bytes that a broker keeps beside an offset (``offset.metadata.max.bytes``) where nobody says otherwise."""

MOST_RECORDS = 300
"""Records that one worker holds, unless it is told otherwise; what is known of so many always fits beside an offset."""

_FORMAT = "omni1:"
_LAST_OFFSET = 2**63 - 1
_SEVEN_BITS = 0x7F
_MORE = 0x80
_FRAME = 11  # bytes that zlib adds at most to so little, when it can compress nothing


class ProgressUnreadable(ValueError):
    """The text beside a committed offset is not one of ours; ``str()`` is a clause. Guessing would repeat work."""


def encode(watermark: int, ended: Iterable[range]) -> str:
    """Spans of offsets above ``watermark`` that ended, rising and apart, as a text; an empty one where there is none.

    Lengths in turn of what is unfinished and of what ended, as LEB128, compressed, in base 85.
    """
    lengths = bytearray()
    at = watermark
    for span in ended:
        lengths += _varint(span.start - at) + _varint(len(span))
        at = span.stop
    return _FORMAT + b85encode(zlib.compress(bytes(lengths), 9)).decode() if lengths else ""


def decode(watermark: int, metadata: str) -> tuple[range, ...]:
    """The spans of offsets above ``watermark`` that ``encode`` was given. Raises ``ProgressUnreadable``."""
    if not metadata:
        return ()
    if not metadata.startswith(_FORMAT) or len(metadata) > MOST_METADATA:
        raise ProgressUnreadable("it was not written by a worker of omni, or by a newer one")
    try:
        opened = zlib.decompressobj()
        packed = opened.decompress(b85decode(metadata.removeprefix(_FORMAT)), 2 * MOST_METADATA)
    except (ValueError, zlib.error, binascii.Error):
        raise ProgressUnreadable("it is damaged") from None
    lengths = list(_varints(packed))
    whole = opened.eof and packed and packed[-1] <= _SEVEN_BITS
    if not whole or len(lengths) % 2 or not all(lengths) or watermark + sum(lengths) > _LAST_OFFSET:
        raise ProgressUnreadable("it is damaged")
    spans, at = [], watermark
    for unfinished, ended in zip(lengths[::2], lengths[1::2], strict=True):
        spans.append(range(at + unfinished, at + unfinished + ended))
        at = spans[-1].stop
    return tuple(spans)


def fits(unfinished: int, span: int) -> bool:
    """Whether what is known of so many unfinished records, within ``span`` offsets, fits beside an offset.

    However they end: each of them adds one pair of lengths at most, and no length is longer than the span.
    """
    packed = 2 * unfinished * len(_varint(span)) + _FRAME
    return len(_FORMAT) + 5 * -(-packed // 4) <= MOST_METADATA


class Progress:
    """How far one partition has come. Offsets that no record has (markers of transactions) count as ended."""

    def __init__(self, committed: Committed) -> None:
        """Raises ``ProgressUnreadable``."""
        self._ended = deque(decode(committed.offset, committed.metadata))
        self._unfinished: dict[int, None] = {}  # rising, as they were taken
        self._behind = committed.offset
        self._known = max(committed.offset, self._ended[-1].stop if self._ended else 0)
        self.committed = committed

    def take(self, offset: int) -> bool:
        """A record was read. Whether it is still to be worked on: one that is behind, or ended before, is not."""
        if offset < self._behind:
            return False
        ended = any(offset in span for span in self._ended)
        self.reach(offset + 1)
        if not ended:
            self._unfinished[offset] = None
        return not ended

    def reach(self, offset: int) -> None:
        """Everything below ``offset`` was read."""
        self._behind = max(self._behind, offset)
        self._known = max(self._known, offset)
        while self._ended and self._ended[0].stop <= self._behind:
            self._ended.popleft()

    def settle(self, offsets: Iterable[int]) -> None:
        """These ended, and that is committed."""
        for offset in offsets:
            del self._unfinished[offset]

    def after(self, offsets: Iterable[int] = ()) -> Committed:
        """What is to be committed once these have ended, too."""
        gone = set(offsets)
        left = [each for each in self._unfinished if each not in gone]
        unread = self._unread()
        edges = [*left, *(each for hole in unread for each in (hole.start, hole.stop - 1))]
        if not edges:
            return Committed(self._known)
        watermark = min(edges)
        holes = [*(range(each, each + 1) for each in left), *unread]
        return Committed(watermark, encode(watermark, _between(watermark, holes, self._known)))

    def has_room(self) -> bool:
        """Whether one more record may be taken: what ends would still fit beside the offset.

        One alone always may: it closes the lowest gap, and adds none.
        """
        lowest = next(iter(self._unfinished), None)
        if lowest is None:
            return True
        return fits(len(self._unfinished) + len(self._ended) + 1, self._known + 1 - lowest)

    def _unread(self) -> list[range]:
        """What lies between that which ended before the partition was assigned here, and was not read since."""
        holes, at = [], self._behind
        for span in self._ended:
            if span.start > at:
                holes.append(range(at, span.start))
            at = max(at, span.stop)
        return holes


@dataclass(slots=True)
class _Queue:
    """The records of one key: the first may be in work, the others wait for it."""

    places: deque[Place] = field(default_factory=deque)
    in_work: bool = False


class Inbox:
    """The records that a worker holds, ``most`` at a time, in the order in which they may begin.

    A record is waiting, then in work (``begin``), then ended (``end``: the next of its key may begin), then settled
    (``settle``: it is committed, and forgotten).
    """

    def __init__(self, most: int = MOST_RECORDS) -> None:
        self._most = most
        self._held = 0
        self._partitions: dict[Partition, Progress] = {}
        self._queues: dict[tuple[Partition, bytes], _Queue] = {}
        self._keys: dict[Place, bytes | None] = {}
        self._free: deque[Place] = deque()

    def assign(self, partition: Partition, committed: Committed) -> None:
        """A partition is ours from what was committed on. Raises ``ProgressUnreadable``."""
        self._partitions[partition] = Progress(committed)

    def revoke(self, topic: str, number: int) -> None:
        """The partition ``number`` of a topic is no longer ours: everything of it is forgotten, and nothing of it can
        end any more.
        """
        for partition in [each for each in self._partitions if (each.topic, each.number) == (topic, number)]:
            del self._partitions[partition]
            self._held -= sum(place.partition == partition for place in self._keys)
            self._keys = {place: key for place, key in self._keys.items() if place.partition != partition}
            self._queues = {each: queue for each, queue in self._queues.items() if each[0] != partition}
            self._free = deque(place for place in self._free if place.partition != partition)

    def take(self, place: Place, key: bytes | None) -> bool:
        """A record was read. Whether it is to be worked on, and is held."""
        progress = self._partitions.get(place.partition)
        if progress is None or not progress.take(place.offset):
            return False
        self._keys[place] = key
        self._held += 1
        if key is None:
            self._free.append(place)
            return True
        queue = self._queues.setdefault((place.partition, key), _Queue())
        queue.places.append(place)
        if len(queue.places) == 1 and not queue.in_work:
            self._free.append(place)
        return True

    def reach(self, partition: Partition, offset: int) -> None:
        """The end of a partition was seen there."""
        if partition in self._partitions:
            self._partitions[partition].reach(offset)

    def begin(self) -> Place | None:
        """The next record that may begin, which is in work from now on; ``None`` where each has to wait."""
        if not self._free:
            return None
        place = self._free.popleft()
        key = self._keys[place]
        if key is not None:
            self._queues[place.partition, key].in_work = True
        return place

    def end(self, place: Place) -> bool:
        """A record in work ended. ``False`` where its partition was taken away meanwhile: then it did not."""
        if place not in self._keys:
            return False
        key = self._keys[place]
        if key is None:
            return True
        queue = self._queues[place.partition, key]
        queue.places.popleft()
        queue.in_work = False
        if queue.places:
            self._free.append(queue.places[0])
        else:
            del self._queues[place.partition, key]
        return True

    def positions(self, ended: Iterable[Place] = ()) -> Mapping[Partition, Committed]:
        """What is to be committed of each partition that moves, once these have ended."""
        offsets = _by_partition(ended)
        wanted = {each: progress.after(offsets.get(each, ())) for each, progress in self._partitions.items()}
        return {each: to for each, to in wanted.items() if to != self._partitions[each].committed}

    def settle(self, ended: Iterable[Place], positions: Mapping[Partition, Committed]) -> None:
        """These ended, and the positions are committed, in one transaction."""
        for partition, offsets in _by_partition(ended).items():
            self._partitions[partition].settle(offsets)
            self._held -= len(offsets)
            for offset in offsets:
                del self._keys[Place(partition, offset)]
        for partition, committed in positions.items():
            self._partitions[partition].committed = committed

    def full(self, partition: Partition) -> bool:
        """Whether no further record of a partition may be taken for now."""
        progress = self._partitions.get(partition)
        return progress is None or self._held >= self._most or not progress.has_room()

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """What is assigned."""
        return tuple(self._partitions)

    @property
    def held(self) -> int:
        """How many records are not settled."""
        return self._held


def _by_partition(places: Iterable[Place]) -> dict[Partition, list[int]]:
    offsets: dict[Partition, list[int]] = {}
    for place in places:
        offsets.setdefault(place.partition, []).append(place.offset)
    return offsets


def _between(start: int, holes: Iterable[range], stop: int) -> Iterator[range]:
    """What of ``start`` to ``stop`` lies outside the holes."""
    at = start
    for hole in sorted(holes, key=lambda each: each.start):
        if hole.start > at:
            yield range(at, hole.start)
        at = max(at, hole.stop)
    if stop > at:
        yield range(at, stop)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > _SEVEN_BITS:
        out.append(number & _SEVEN_BITS | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & _SEVEN_BITS) << shift
        shift += 7
        if not byte & _MORE:
            yield number
            number = shift = 0
