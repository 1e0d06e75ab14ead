"""Silent writers: a published topic that got no record within the time in which one is expected. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from omni_assets.broker.flows import Flows, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.drift.diff import Drift, row_of
from omni_assets.drift.earlier import LOG, Earlier
from omni_assets.drift.judgement import Judgement
from omni_assets.drift.kinds import FLOWS, DriftKind
from omni_assets.drift.lasting import lasting
from omni_assets.drift.policy import Policy
from omni_assets.drift.verdict import Reason, Verdict

_UNSEEN = Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
_LONGEST = 10**14
_SILENT = Judgement(Verdict.UNFIXABLE, Reason.NOTHING_WRITTEN)


def silent_writers(
    manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, earlier: Earlier, policy: Policy
) -> Iterator[Drift]:
    """Every published topic without a new record for longer than its window; none where no window is stated."""
    for topic in manifest.topics.values():
        window, offsets = _window(topic, policy), flows.offsets.get(topic.name)
        if window is None or topic.name not in snapshot.topics or not topic.publishers or topic.blocked:
            continue
        if offsets is None or offsets.unknown:
            why = "its offsets were not looked at" if offsets is None else offsets.unknown
            yield row_of(topic, DriftKind.UNKNOWN, FLOWS, None, None, _UNSEEN, why)
            continue
        last = offsets.newest_at or _still_since(topic.name, offsets, earlier)
        if last is not None and flows.observed_at - last > window:
            nodes = ", ".join(dict.fromkeys(each.node for each in topic.publishers))
            what = "no record was ever seen" if offsets.most_records == 0 and not any(offsets.latest) else "no record"
            detail = f"{what} from {nodes} for {lasting(flows.observed_at - last)}"
            yield row_of(
                topic, DriftKind.SILENT_WRITER, "", f"a record within {lasting(window)}", None, _SILENT, detail
            )


def _window(topic: Topic, policy: Policy) -> timedelta | None:
    """Within what time a record is expected: what the contract says, else the settings."""
    every = topic.spec.expected_every
    return policy.silent_after if every is None else timedelta(milliseconds=min(every, _LONGEST))


def _still_since(name: str, offsets: TopicOffsets, earlier: Earlier) -> datetime | None:
    """Since when a log has provably got nothing, or ``None`` where that cannot be told."""
    before = earlier.flows
    if before is None:
        return None
    known = before.offsets.get(name)
    if known is None or known.unknown or known.latest != offsets.latest:
        return None
    return earlier.unchanged_since.get((name, LOG), before.observed_at)
