"""Where the logs of topics begin and end, and where a moment lies in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from omni_assets.broker.calls import Calls
from omni_assets.broker.flows import TopicOffsets
from omni_assets.broker.topics import TopicError

PARTITIONS_PER_LISTING = 2_000

_Partition = tuple[str, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MOMENT = datetime.max.replace(tzinfo=UTC)
_NO_RECORD = -1
_UNSUPPORTED = frozenset({"UNSUPPORTED_VERSION", "_UNSUPPORTED_FEATURE"})


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer whose offset is at least ``least``: where a broker gave none, librdkafka gives an offset that is
    impossible, and no error. Not a future of its own, since there are as many as partitions."""

    answer: Future[Any]
    least: int

    def result(self, timeout: float | None = None) -> Any:
        told = self.answer.result(timeout)
        if told.offset < self.least:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - that is its public name
        return told


def partitions_of(metadata: Any, topics: Iterable[str]) -> Mapping[str, Sequence[int]]:
    """The partitions of those topics that the listing has."""
    return {name: sorted(metadata.topics[name].partitions) for name in topics if name in metadata.topics}


def topic_offsets(
    calls: Calls, partitions: Mapping[str, Sequence[int]], newest: bool
) -> tuple[Mapping[str, TopicOffsets], bool]:
    """The offsets of each topic, with the time of its newest record where ``newest`` asks for it.

    The second value is whether the broker can tell that time; it is ``newest`` until it said that it cannot.
    """
    keys = _keys(partitions)
    # The earliest first: records that come or expire in between can only make a log look longer.
    earliest = _ends(calls, keys, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    latest = _ends(calls, keys, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    times: Mapping[_Partition, Any] = {}
    if newest:
        newest_record = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
        times = _asked(calls, keys, dict.fromkeys(keys, newest_record), _NO_RECORD)
        newest = not any(isinstance(each, TopicError) and each.code in _UNSUPPORTED for each in times.values())
    return {name: _of_topic(name, ids, earliest, latest, times) for name, ids in partitions.items()}, newest


def record_bounds(calls: Calls, topics: Iterable[str]) -> Mapping[str, int]:
    """The most records that each topic can hold; see ``BrokerAdmin.record_bounds``."""
    offsets, _ = topic_offsets(calls, partitions_of(calls.metadata(), topics), newest=False)
    return {name: most for name, each in offsets.items() if (most := each.most_records) is not None}


def records_before(calls: Calls, topics: Mapping[str, datetime]) -> Mapping[str, int]:
    """At most how many records of each topic are older than its moment; see ``BrokerAdmin.records_before``."""
    partitions = partitions_of(calls.metadata(), topics)
    keys = _keys(partitions)
    moments = {name: OffsetSpec.for_timestamp(_milliseconds(topics[name])) for name in partitions}
    earliest = _ends(calls, keys, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    found = _asked(calls, keys, {key: moments[key[0]] for key in keys}, _NO_RECORD)
    latest = _ends(calls, keys, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    counts: dict[str, int] = {}
    for name, ids in partitions.items():
        spans = [_span(earliest[key], found[key], latest[key]) for key in ((name, each) for each in ids)]
        seen = [span for span in spans if span is not None]
        if ids and len(seen) == len(ids):
            counts[name] = sum(seen)
    return counts


def _keys(partitions: Mapping[str, Sequence[int]]) -> list[_Partition]:
    return [(name, each) for name, ids in partitions.items() for each in ids]


def _ends(calls: Calls, keys: Sequence[_Partition], spec: Any) -> Mapping[_Partition, Any]:
    """An end of each log, which every log has."""
    return _asked(calls, keys, dict.fromkeys(keys, spec), 0)


def _asked(
    calls: Calls, keys: Sequence[_Partition], specs: Mapping[_Partition, Any], least: int
) -> Mapping[_Partition, Any | TopicError]:
    def ask(batch: Sequence[_Partition]) -> list[_Told]:
        asked = {TopicPartition(*key): specs[key] for key in batch}
        futures = calls.client.list_offsets(asked, request_timeout=calls.timeout)
        return [_Told(futures[each], least) for each in asked]

    return dict(calls.batches(ask, PARTITIONS_PER_LISTING).answers(keys))


def _of_topic(
    name: str,
    ids: Sequence[int],
    earliest: Mapping[_Partition, Any],
    latest: Mapping[_Partition, Any],
    times: Mapping[_Partition, Any],
) -> TopicOffsets:
    answers = [(each, listed[name, each]) for listed in (earliest, latest) for each in ids]
    unseen = next(((each, answer) for each, answer in answers if isinstance(answer, TopicError)), None)
    if unseen is not None:
        return TopicOffsets((), (), unknown=f"the offsets of partition {unseen[0]} were not seen: {unseen[1]}")
    if not ids:
        return TopicOffsets((), (), unknown="its partitions were not seen")
    newest = [times[name, each] for each in ids if (name, each) in times]
    return TopicOffsets(
        tuple(earliest[name, each].offset for each in ids),
        tuple(latest[name, each].offset for each in ids),
        _newest(newest),
    )


def _newest(answers: Sequence[Any | TopicError]) -> datetime | None:
    """The latest of these times, or ``None`` where there is none or one of them was not told."""
    times = [each.timestamp for each in answers if not isinstance(each, TopicError)]
    newest = max(times, default=_NO_RECORD)
    return None if newest < 0 or len(times) < len(answers) else _moment(newest)


def _span(start: Any | TopicError, moment: Any | TopicError, end: Any | TopicError) -> int | None:
    """How many offsets lie before a moment; all of them where no record is as young."""
    if isinstance(start, TopicError) or isinstance(moment, TopicError) or isinstance(end, TopicError):
        return None
    until = end.offset if moment.offset == _NO_RECORD else moment.offset
    return max(0, int(until) - int(start.offset))


def _moment(milliseconds: int) -> datetime:
    """A record's timestamp, which its producer chose: one that no calendar holds is the last moment of ours."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _LATEST_MOMENT


def _milliseconds(moment: datetime) -> int:
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
