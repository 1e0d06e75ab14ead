"""Renaming or ending a topic: look where it stands, remember it, and delete it only when all else is proved."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.rights import Operation, Resource, Right
from omni_assets.broker.topics import is_internal
from omni_assets.contracts.model import Manifest
from omni_assets.drift.ending import Evidence, Proof, Stage, Standing, proofs, quiet_since, stage_of
from omni_assets.drift.verdict import Verdict
from omni_assets.errors import ReadOnly, RetirementRefused
from omni_assets.operations.apply import Applied, apply
from omni_assets.operations.context import Context
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.observe import Look, look, report
from omni_assets.operations.plan import deletion_of
from omni_assets.projection.rows import RetirementRow
from omni_assets.projection.store import Projection

QUIET_FOR = timedelta(days=1)
"""How long no record must have come, where neither the command nor ``reconcile.silent_after`` says."""

_OVER = frozenset({Stage.ENDED, Stage.CANCELLED})


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was so when a retirement was first asked for. ``heir_before`` are the offsets that the heir had then."""

    at: datetime
    heir_before: int
    quiet_for: timedelta


@dataclass(frozen=True, slots=True)
class Retirement:
    """Where the end of a topic stands, and ``since`` when it stands there."""

    cluster: str
    topic: str
    renamed_to: str
    stage: Stage
    proofs: tuple[Proof, ...]
    beginning: Beginning
    since: datetime
    calls: int = 0

    @property
    def deletable(self) -> bool:
        """Whether nothing is left but a delete that somebody approves."""
        return self.stage is Stage.DELETE and self.proofs[-1].standing is Standing.OPEN


def retirements(context: Context) -> tuple[Retirement, ...]:
    """All that were not cancelled, as they stood when they were looked at last; no broker is asked.

    Raises ``StateError``.
    """
    rows = Projection(context.home).retirements()
    return tuple(_recalled(row) for row in rows if row.step != Stage.CANCELLED)


def retire(
    context: Context, manifest: Manifest, topic: str, renamed_to: str = "", quiet_for: timedelta | None = None
) -> Retirement:
    """Begin to retire a topic, or look where its retirement stands, and remember that. Nothing on the broker changes.

    Raises ``RetirementRefused``, ``BrokerError`` and ``StateError``.
    """
    with context.admin() as admin:
        found, _ = _looked(context, admin, manifest, topic, renamed_to, quiet_for)
    _record(context, found)
    return found


def cancel(context: Context, topic: str) -> None:
    """No longer retire a topic. Raises ``RetirementRefused`` where nobody retires it, and ``StateError``."""
    projection = Projection(context.home)
    rows = [row for row in projection.retirements() if row.topic == topic and row.step not in _OVER]
    if not rows:
        raise RetirementRefused(topic, "its retirement is not under way", "`omni retire --list` shows what is.")
    now = datetime.now(UTC)
    projection.record_retirement(row._replace(step=Stage.CANCELLED, since=now, checked_at=now) for row in rows)


def delete(context: Context, manifest: Manifest, topic: str) -> tuple[Retirement, Applied]:
    """Delete a topic whose retirement has nothing else left, by a plan of its own that is approved with this call.

    Raises ``RetirementRefused`` where anything before is not proved, or the broker does not allow it, ``ReadOnly``, and
    as ``apply``.
    """
    if context.connection.read_only:
        raise ReadOnly(f"deleting {topic}")
    with context.admin() as admin:
        found, seen = _looked(context, admin, manifest, topic, "", None)
        lacking = admin.lacking([Right(Operation.DELETE, Resource.TOPIC, topic)]) if found.deletable else ()
    _record(context, found)
    plan = deletion_of(context, seen, frozenset({topic}))
    if not found.deletable or not any(step.verdict is Verdict.NEEDS_APPROVAL for step in plan.steps):
        first = next((each for each in found.proofs if each.standing is not Standing.DONE), found.proofs[-1])
        raise RetirementRefused(topic, first.seen, first.remedy or "`omni retire --list` shows where it stands.")
    if lacking:
        raise RetirementRefused(
            topic,
            f"this principal lacks {lacking[0]}",
            "Give it that; docs/retire.md lists all that a retirement needs.",
        )
    applied = apply(context, manifest, plan, approvals=(topic,))
    if not applied.clean:
        return found, applied
    return retire(context, manifest, topic), applied


def _looked(
    context: Context, admin: BrokerAdmin, manifest: Manifest, topic: str, renamed_to: str, quiet_for: timedelta | None
) -> tuple[Retirement, Look]:
    _names_fit(manifest, topic, renamed_to)
    seen = look(context, admin, manifest)
    hidden = {} if topic in seen.snapshot.topics else admin.hidden([topic])
    cluster = cluster_of(seen.snapshot)
    before = _known(context, cluster, topic, topic in seen.snapshot.topics)
    if before is not None and renamed_to and renamed_to != before.renamed_to:
        as_what = f"being renamed to `{before.renamed_to}`" if before.renamed_to else "ending without an heir"
        raise RetirementRefused(topic, f"it is {as_what}", f"End that first: omni retire {topic} --cancel.")
    if before is None and topic not in seen.snapshot.topics and not hidden:
        raise RetirementRefused(
            topic, f"there is no such topic at {seen.snapshot.bootstrap_servers}", "`omni observe` lists what is there."
        )
    heir = before.renamed_to if before else renamed_to
    beginning = _beginning(before, heir, seen, quiet_for)
    report(context, seen, admin.calls)
    proved = proofs(
        Evidence(
            topic,
            heir,
            beginning.heir_before,
            manifest,
            seen.snapshot,
            seen.flows,
            seen.policy,
            quiet_since(topic, seen.flows, seen.memory.earlier),
            beginning.quiet_for,
            str(hidden.get(topic, "")),
        )
    )
    stage = stage_of(proved)
    at = seen.snapshot.observed_at
    since = before.since if before is not None and before.step == stage else at
    found = Retirement(cluster, topic, heir, stage, proved, beginning, since, admin.calls)
    return found, seen


def _names_fit(manifest: Manifest, topic: str, renamed_to: str) -> None:
    for name in (topic, renamed_to):
        if is_internal(name):
            raise RetirementRefused(topic, f"`{name}` belongs to the broker itself", "Name topics of your own.")
    if topic == renamed_to:
        raise RetirementRefused(topic, "it has that name already", "Name the topic that takes its place.")
    if renamed_to and renamed_to not in manifest.topics:
        raise RetirementRefused(
            topic, f"no contract declares `{renamed_to}`", "Declare the new topic first, beside the old one."
        )


def _beginning(before: RetirementRow | None, heir: str, seen: Look, quiet_for: timedelta | None) -> Beginning:
    if before is not None:
        known = _details(before)[0]
        return known if quiet_for is None else replace(known, quiet_for=quiet_for)
    offsets = seen.flows.offsets.get(heir)
    if heir in seen.snapshot.topics and (offsets is None or offsets.unknown):
        raise RetirementRefused(
            heir,
            "what it holds could not be seen, so nothing new in it could be told",
            "Let this principal read its offsets, and try again.",
        )
    wanted = quiet_for or seen.policy.silent_after or QUIET_FOR
    return Beginning(seen.snapshot.observed_at, sum(offsets.latest) if offsets else 0, wanted)


def _known(context: Context, cluster: str, topic: str, present: bool) -> RetirementRow | None:
    """The retirement that is under way. Where the topic is there again after its end, that is another beginning."""
    over = _OVER if present else {Stage.CANCELLED}
    rows = Projection(context.home).retirements(cluster)
    return next((row for row in rows if row.topic == topic and row.step not in over), None)


def _record(context: Context, found: Retirement) -> None:
    document = {
        "begun_at": found.beginning.at.isoformat(),
        "quiet_for_s": found.beginning.quiet_for.total_seconds(),
        "heir_before": found.beginning.heir_before,
        "stages": [{"stage": each.stage, "standing": each.standing, "seen": each.seen} for each in found.proofs],
    }
    row = RetirementRow(
        found.cluster,
        found.topic,
        found.renamed_to,
        found.stage,
        json.dumps(document),
        found.since,
        datetime.now(UTC),
    )
    Projection(context.home).record_retirement([row])


def _recalled(row: RetirementRow) -> Retirement:
    return Retirement(
        row.cluster, row.topic, row.renamed_to, Stage(row.step), _details(row)[1], _details(row)[0], row.since
    )


def _details(row: RetirementRow) -> tuple[Beginning, tuple[Proof, ...]]:
    known = json.loads(row.proof)
    beginning = Beginning(
        datetime.fromisoformat(known["begun_at"]), known["heir_before"], timedelta(seconds=known["quiet_for_s"])
    )
    stages = (Proof(Stage(each["stage"]), Standing(each["standing"]), each["seen"]) for each in known["stages"])
    return beginning, tuple(stages)
