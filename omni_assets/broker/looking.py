"""One look at a broker. Each request is sent as soon as what it asks about is known, and a few of a kind at a time.

A listing of topics leads to their settings and to where their logs begin, a listing of groups to their members and to
how far they read, and only then it is asked where the logs end: so no group seems to be ahead of what it reads.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from omni_assets.broker import groups, offsets, reading
from omni_assets.broker.calls import Calls
from omni_assets.broker.flows import Flows, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.broker.topics import is_internal


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for cycles. A look makes none, and a future for each partition, through all of which that
    would go again and again: more than half of the time that a look at 10,000 topics takes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def at_topics(calls: Calls, expected: Iterable[str]) -> BrokerSnapshot:
    """See ``BrokerAdmin.snapshot``."""
    since = calls.mark()
    settings = reading.ask(calls, calls.metadata().topics)
    return reading.snapshot(calls, settings.topics(), expected, since)


@_uncollected()
def at_flows(calls: Calls, topics: Iterable[str]) -> Flows:
    """See ``BrokerAdmin.flows``."""
    wanted = sorted(set(topics))
    listing = groups.ask(calls)
    partitions = offsets.partitions_of(calls.metadata(), wanted)
    began = offsets.beginnings(calls, partitions)
    observed, unlisted = groups.observed_groups(calls, listing)
    seen = _read(calls, offsets.ask(calls, partitions, began, calls.tells_newest))
    gone = {name: TopicOffsets((), (), unknown="it is not listed") for name in wanted if name not in partitions}
    return Flows(datetime.now(UTC), {**seen, **gone}, observed, unlisted)


@_uncollected()
def at_everything(calls: Calls, expected: Iterable[str]) -> tuple[BrokerSnapshot, Flows]:
    """See ``BrokerAdmin.look``."""
    since = calls.mark()
    declared = frozenset(expected)
    listing = groups.ask(calls)
    metadata = calls.metadata()
    wanted = sorted(name for name in metadata.topics if name in declared or not is_internal(name))
    partitions = offsets.partitions_of(metadata, wanted)
    began = offsets.beginnings(calls, partitions)
    observed, unlisted = groups.observed_groups(calls, listing)
    settings = reading.ask(calls, metadata.topics)
    logs = offsets.ask(calls, partitions, began, calls.tells_newest)
    topics = settings.topics()
    flows = Flows(datetime.now(UTC), _read(calls, logs), observed, unlisted)
    return reading.snapshot(calls, topics, declared, since), flows


def _read(calls: Calls, logs: offsets.Asked) -> Mapping[str, TopicOffsets]:
    seen, untold = logs.answers()
    calls.tells_newest = calls.tells_newest and not untold
    return seen
