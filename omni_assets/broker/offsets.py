"""Where the logs of topics begin and end, and where a moment lies in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec

from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import TIMED_OUT
from omni_assets.broker.flows import TopicOffsets
from omni_assets.broker.topics import TopicError

PARTITIONS_PER_LISTING = 2_000

_Partition = tuple[str, int]
_Listing = Iterator[tuple[_Partition, int | TopicError]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MOMENT = datetime.max.replace(tzinfo=UTC)
_NO_RECORD = -1
_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_NEWEST: OffsetSpec = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
_UNSUPPORTED = frozenset({"UNSUPPORTED_VERSION", "_UNSUPPORTED_FEATURE"})


def partitions_of(metadata: Any, topics: Iterable[str]) -> Mapping[str, Sequence[int]]:
    """The numbers of the partitions of those topics that the listing has, rising."""
    return {name: sorted(metadata.topics[name].partitions) for name in topics if name in metadata.topics}


@dataclass(frozen=True, slots=True)
class Asked:
    """The offsets of partitions, of which the first are known and the others under way."""

    partitions: Mapping[str, Sequence[int]]
    earliest: Mapping[_Partition, int | TopicError]
    latest: _Listing
    newest: _Listing

    def answers(self) -> tuple[Mapping[str, TopicOffsets], bool]:
        """The offsets of each topic, and whether this broker said that it cannot tell the time of the newest record."""
        latest, newest = dict(self.latest), dict(self.newest)
        untold = any(isinstance(each, TopicError) and each.code in _UNSUPPORTED for each in newest.values())
        offsets = {name: _of_topic(name, ids, self.earliest, latest, newest) for name, ids in self.partitions.items()}
        return offsets, untold


def beginnings(calls: Calls, partitions: Mapping[str, Sequence[int]]) -> _Listing:
    """The first offset of each partition, under way."""
    return _asked(calls, _keys(partitions), lambda _: _EARLIEST, _end)


def ask(calls: Calls, partitions: Mapping[str, Sequence[int]], began: _Listing, newest: bool) -> Asked:
    """Ask where the logs that ``began`` there end, and for the time of their newest records where that is wanted.

    The beginnings are waited for: records that come or expire in between can only make a log look longer.
    """
    keys = _keys(partitions)
    earliest = dict(began)
    latest = _asked(calls, keys, lambda _: _LATEST, _end)
    return Asked(partitions, earliest, latest, _asked(calls, keys if newest else [], lambda _: _NEWEST, _time))


def topic_offsets(
    calls: Calls, partitions: Mapping[str, Sequence[int]], newest: bool
) -> tuple[Mapping[str, TopicOffsets], bool]:
    """The offsets of each topic, with the time of its newest record where ``newest`` asks for it; see ``Asked``."""
    return ask(calls, partitions, beginnings(calls, partitions), newest).answers()


def record_bounds(calls: Calls, topics: Iterable[str]) -> Mapping[str, int]:
    """The most records that each topic can hold; see ``BrokerAdmin.record_bounds``."""
    partitions = partitions_of(calls.metadata(), topics)
    offsets, _ = topic_offsets(calls, partitions, newest=False)
    return {name: most for name, each in offsets.items() if (most := each.most_records) is not None}


def records_before(calls: Calls, topics: Mapping[str, datetime]) -> Mapping[str, int]:
    """At most how many records of each topic are older than its moment; see ``BrokerAdmin.records_before``."""
    partitions = partitions_of(calls.metadata(), topics)
    keys = _keys(partitions)
    moments = {name: OffsetSpec.for_timestamp(_milliseconds(topics[name])) for name in partitions}
    earliest = dict(beginnings(calls, partitions))
    found = dict(_asked(calls, keys, lambda key: moments[key[0]], _position))
    latest = dict(_asked(calls, keys, lambda _: _LATEST, _end))
    counts: dict[str, int] = {}
    for name, ids in partitions.items():
        spans = [_span(earliest[key], found[key], latest[key]) for key in ((name, each) for each in ids)]
        seen = [span for span in spans if span is not None]
        if ids and len(seen) == len(ids):
            counts[name] = sum(seen)
    return counts


def _keys(partitions: Mapping[str, Sequence[int]]) -> list[_Partition]:
    return [(name, each) for name, ids in partitions.items() for each in ids]


def _asked(
    calls: Calls,
    keys: Sequence[_Partition],
    spec_of: Callable[[_Partition], OffsetSpec],
    read: Callable[[Any], int | TopicError],
) -> _Listing:
    def ask(batch: Sequence[_Partition]) -> list[Future[Any]]:
        asked = {TopicPartition(*key): spec_of(key) for key in batch}
        futures = calls.client.list_offsets(asked, request_timeout=calls.timeout)
        return [futures[each] for each in asked]

    return calls.batches(ask, PARTITIONS_PER_LISTING, read=read).answers(keys)


# Where a broker gave no offset, librdkafka gives one that is impossible, and no error.


def _end(told: Any) -> int | TopicError:
    """An end of a log, which every log has."""
    return TIMED_OUT if told.offset < 0 else int(told.offset)


def _position(told: Any) -> int | TopicError:
    """The offset of a record, or ``_NO_RECORD``."""
    return TIMED_OUT if told.offset < _NO_RECORD else int(told.offset)


def _time(told: Any) -> int | TopicError:
    """The time of a record in milliseconds, below zero where there is none."""
    return TIMED_OUT if told.offset < _NO_RECORD else int(told.timestamp)


def _of_topic(
    name: str,
    ids: Sequence[int],
    earliest: Mapping[_Partition, int | TopicError],
    latest: Mapping[_Partition, int | TopicError],
    newest: Mapping[_Partition, int | TopicError],
) -> TopicOffsets:
    if not ids:
        return TopicOffsets((), (), unknown="its partitions were not seen")
    answers = [(each, listed[name, each]) for listed in (earliest, latest) for each in ids]
    ends = tuple(answer for _, answer in answers if not isinstance(answer, TopicError))
    if len(ends) < len(answers):
        partition, why = next(each for each in answers if isinstance(each[1], TopicError))
        return TopicOffsets((), (), unknown=f"the offsets of partition {partition} were not seen: {why}")
    times = [newest[name, each] for each in ids if (name, each) in newest]
    return TopicOffsets(ends[: len(ids)], ends[len(ids) :], _newest(times))


def _newest(answers: Sequence[int | TopicError]) -> datetime | None:
    """The latest of these times, or ``None`` where there is none or one of them was not told."""
    times = [each for each in answers if not isinstance(each, TopicError)]
    newest = max(times, default=_NO_RECORD)
    return None if newest < 0 or len(times) < len(answers) else _moment(newest)


def _span(start: int | TopicError, moment: int | TopicError, end: int | TopicError) -> int | None:
    """How many offsets lie before a moment; all of them where no record is as young."""
    if isinstance(start, TopicError) or isinstance(moment, TopicError) or isinstance(end, TopicError):
        return None
    return max(0, (end if moment == _NO_RECORD else moment) - start)


def _moment(milliseconds: int) -> datetime:
    """A record's timestamp, which its producer chose: one that no calendar holds is the last moment of ours."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _LATEST_MOMENT


def _milliseconds(moment: datetime) -> int:
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
