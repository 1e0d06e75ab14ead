"""Where the rename, or the end, of a topic stands: its stages in order, and what proves that each is done. Pure.

Nothing is taken for done because somebody said so: each stage is proved anew from what contracts declare and from what
the broker shows, so an old producer that writes again takes a retirement back to the stage that it had left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from omni_assets.broker.flows import Flows, ObservedGroup
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Declaration, Manifest
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count, visible
from omni_assets.drift.earlier import LOG, Earlier
from omni_assets.drift.lasting import lasting
from omni_assets.drift.plan import judge_deletion
from omni_assets.drift.policy import Policy
from omni_assets.drift.verdict import EXPLANATIONS, Verdict


class Stage(StrEnum):
    """What is to be done, in order. The values are words for people."""

    PROVISION = "provision"
    WRITE_BOTH = "write both"
    MOVE_READERS = "move readers"
    DRAIN = "drain"
    DELETE = "delete"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Standing(StrEnum):
    """Whether a stage is done. ``unknown``: what would tell could not be seen."""

    DONE = "done"
    OPEN = "open"
    UNKNOWN = "unknown"


class Proof(NamedTuple):
    """A stage and what was seen of it, as a clause. ``remedy`` is what to do, as a sentence, empty when it is done."""

    stage: Stage
    standing: Standing
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one look shows of a topic that ends.

    ``heir`` is the topic that takes its place, or empty; ``heir_before`` the number of offsets that the heir had when
    the retirement began. ``hidden`` says, as a clause, why the topic may be there though it was not listed.
    ``quiet_since`` is since when no record came as far as anybody looked, ``None`` where nobody looked before.
    """

    topic: str
    heir: str
    heir_before: int
    manifest: Manifest
    snapshot: BrokerSnapshot
    flows: Flows
    policy: Policy
    quiet_since: datetime | None
    quiet_for: timedelta
    hidden: str = ""


def proofs(evidence: Evidence) -> tuple[Proof, ...]:
    """Every stage in order, each with what was seen. A topic without an heir has neither of the first two."""
    return tuple(
        Proof(stage, *_PROOFS[stage](evidence))
        for stage in _PROOFS
        if evidence.heir or stage not in (Stage.PROVISION, Stage.WRITE_BOTH)
    )


def stage_of(proved: Iterable[Proof]) -> Stage:
    """The first stage that is not proved to be done. A topic that is gone has ended, however it came to that."""
    reached = tuple(proved)
    if any(each.stage is Stage.DELETE and each.standing is Standing.DONE for each in reached):
        return Stage.ENDED
    return next((each.stage for each in reached if each.standing is not Standing.DONE), Stage.ENDED)


def quiet_since(topic: str, flows: Flows, earlier: Earlier) -> datetime | None:
    """Since when no record came to the topic, as far as anybody looked; ``None`` where nobody looked before."""
    now = flows.offsets.get(topic)
    before = None if earlier.flows is None else earlier.flows.offsets.get(topic)
    if now is None or now.unknown or earlier.flows is None or before is None or before.unknown:
        return None
    if before.latest != now.latest:
        return flows.observed_at
    return earlier.unchanged_since.get((topic, LOG), earlier.flows.observed_at)


class _Seen(NamedTuple):
    standing: Standing
    seen: str
    remedy: str = ""


def _provisioned(evidence: Evidence) -> _Seen:
    heir = evidence.heir
    topic, observed = evidence.manifest.topics.get(heir), evidence.snapshot.topics.get(heir)
    if topic is None:
        return _open(f"no contract declares {_name(heir)}", "Declare it in the contract of its publisher.")
    if topic.blocked:
        return _open(f"{_name(heir)} must be left alone: {topic.blocked}", "Mend its contracts.")
    if observed is None:
        return _open(f"{_name(heir)} is not on the broker", "Create it with `omni provision`.")
    if observed.unknown:
        return _unknown(f"{_name(heir)} could not be seen whole: {observed.unknown}")
    return _done(f"{_name(heir)} is there with {count(observed.partitions, 'partition')}")


def _written(evidence: Evidence) -> _Seen:
    heir = evidence.heir
    offsets = evidence.flows.offsets.get(heir)
    if offsets is None or offsets.unknown:
        return _unknown(f"the offsets of {_name(heir)} were not seen")
    new = sum(offsets.latest) - evidence.heir_before
    if new <= 0:
        return _open(
            f"nothing was written to {_name(heir)} since this began",
            f"Let the publishers of {_name(evidence.topic)} write to both.",
        )
    return _done(f"at most {count(new, 'record')} came to {_name(heir)} since this began")


def _moved(evidence: Evidence) -> _Seen:
    unread = _unread_contracts(evidence)
    if unread is not None:
        return unread
    declared = evidence.manifest.topics.get(evidence.topic)
    if declared is not None and declared.subscribers:
        return _open(f"{_places(declared.subscribers)} subscribes it", f"Let it subscribe {_target(evidence)}.")
    unseen = _unseen_groups(evidence.flows)
    if unseen is not None:
        return unseen
    readers = tuple(_readers(evidence))
    for group in readers:
        if evidence.topic in group.assigned:
            return _open(f"the group {_name(group.name)} still reads it", f"Move it to {_target(evidence)}.")
        if group.members and not group.assigned:
            return _unknown(f"what the group {_name(group.name)} reads now was not seen")
    behind = [group for group in readers if evidence.heir and evidence.heir not in group.topics]
    if behind:
        return _open(
            f"the group {_name(behind[0].name)} has read it, and does not read {_name(evidence.heir)} yet",
            "Start it on the new topic, or delete the group where nobody needs it any more.",
        )
    return _done(f"{count(len(readers), 'group')} of old, and none reads it now")


def _drained(evidence: Evidence) -> _Seen:
    unread = _unread_contracts(evidence)
    if unread is not None:
        return unread
    declared = evidence.manifest.topics.get(evidence.topic)
    if declared is not None:
        return _open(f"{_places((declared.owner,))} declares it", "Take it out of the contracts.")
    unseen = _unseen_groups(evidence.flows)
    if unseen is not None:
        return unseen
    offsets = evidence.flows.offsets.get(evidence.topic)
    if evidence.topic in evidence.snapshot.topics and (offsets is None or offsets.unknown):
        return _unknown("its offsets were not seen")
    for group in _readers(evidence):
        lag = _lag(evidence, group)
        if lag:
            return _open(
                f"the group {_name(group.name)} has at most {count(lag, 'record')} to read",
                "Let it read to the end, or delete the group where nobody needs it any more.",
            )
    if evidence.topic not in evidence.snapshot.topics:
        return _done("it is gone")
    return _quiet(evidence)


def _quiet(evidence: Evidence) -> _Seen:
    since = evidence.quiet_since
    wait = "Look again later; every `omni drift` and every look of Dagster counts."
    if since is None:
        return _open("nobody has looked before, so it is not known to be quiet", wait)
    quiet = evidence.flows.observed_at - since
    if quiet < evidence.quiet_for:
        return _open(f"it has been quiet for {lasting(quiet)} of {lasting(evidence.quiet_for)}", wait)
    return _done(f"no record came for {lasting(quiet)}, and no group is behind")


def _deleted(evidence: Evidence) -> _Seen:
    if evidence.hidden:
        return _unknown(f"whether it is still there was not seen: {evidence.hidden}")
    if evidence.topic not in evidence.snapshot.topics:
        return _done("it is not on the broker any more")
    verdict, reason = judge_deletion(
        evidence.topic, evidence.manifest, evidence.snapshot, evidence.flows, evidence.policy
    )
    if verdict is Verdict.UNKNOWN:
        return _unknown(EXPLANATIONS[reason])
    if verdict is Verdict.NEEDS_APPROVAL:
        return _open(EXPLANATIONS[reason], "When all before is done, say --delete --approve.")
    return _open(EXPLANATIONS[reason], "Wait until that has changed.")


_PROOFS: Mapping[Stage, Callable[[Evidence], _Seen]] = {
    Stage.PROVISION: _provisioned,
    Stage.WRITE_BOTH: _written,
    Stage.MOVE_READERS: _moved,
    Stage.DRAIN: _drained,
    Stage.DELETE: _deleted,
}


def _readers(evidence: Evidence) -> Iterator[ObservedGroup]:
    """The groups that read the topic, or have read it, in order of their names."""
    return (group for group in evidence.flows.readers if evidence.topic in group.topics)


def _lag(evidence: Evidence, group: ObservedGroup) -> int:
    """The most records that a group has still to read; all of a partition of which it committed no position."""
    offsets = evidence.flows.offsets.get(evidence.topic)
    if offsets is None:
        return 0
    bounds = enumerate(zip(offsets.earliest, offsets.latest, strict=True))
    return sum(
        max(0, latest - max(earliest, group.committed.get((evidence.topic, partition), earliest)))
        for partition, (earliest, latest) in bounds
    )


def _unread_contracts(evidence: Evidence) -> _Seen | None:
    if any(each.rule in UNREAD_RULES for each in evidence.manifest.findings):
        return _unknown("a contract cannot be read, and may name it")
    return None


def _unseen_groups(flows: Flows) -> _Seen | None:
    if flows.unknown:
        return _unknown(f"not every group was seen: {flows.unknown}")
    for group in flows.readers:
        if group.unknown:
            return _unknown(f"the group {_name(group.name)} was not seen: {group.unknown}")
    return None


def _places(declarations: Iterable[Declaration]) -> str:
    first = next(iter(declarations))
    return f"{_name(first.node)} ({visible(first.location.path)}:{first.location.line})"


def _target(evidence: Evidence) -> str:
    return _name(evidence.heir) if evidence.heir else "something else"


def _name(name: str) -> str:
    return f"`{visible(name)}`"


def _done(seen: str) -> _Seen:
    return _Seen(Standing.DONE, seen)


def _open(seen: str, remedy: str) -> _Seen:
    return _Seen(Standing.OPEN, seen, remedy)


def _unknown(seen: str) -> _Seen:
    return _Seen(Standing.UNKNOWN, seen, "Let this principal see it, and look again.")
