"""What a run changes on the broker by a plan, what it leaves to people, and what holds it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import dagster as dg

from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.drift.plan import Step
from omni_assets.errors import OmniError, PlanHeldBack, ReadOnly
from omni_assets.operations.apply import Applied, Carried, StepOutcome, apply_safe
from omni_assets.operations.context import Context
from omni_assets.operations.observe import DriftReport, drift, drift_from, report
from omni_assets.operations.plan import Planned, make_plan
from omni_assets.pipeline.topics.keys import APPLIED_CHANGES
from omni_assets.pipeline.topics.metadata import Column, Metadata, counts, preview, seconds

SAFE_DRIFT_CORRECTED = "safe_drift_corrected"

TRIGGER = "reconcile"
"""What the audit says of a plan that a run made by itself."""

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True, slots=True)
class Waiting:
    """A plan of which no step was carried out, and why: ``why`` is a sentence, empty where nobody tried."""

    planned: Planned
    why: str = ""
    severity: dg.AssetCheckSeverity = _ERROR

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of the plan."""
        return self.planned.plan.steps

    @property
    def safe(self) -> tuple[Step, ...]:
        """Those that a run carries out by itself."""
        return tuple(step for step in self.steps if step.safe)

    @property
    def left(self) -> tuple[Step, ...]:
        """Those that are left to people."""
        return tuple(step for step in self.steps if not step.safe)


Changes: TypeAlias = Applied | Waiting


def correct(where: Context, manifest: Manifest) -> Changes:
    """Carry out the safe steps of a plan that is made now. What holds them back is part of the result.

    Raises ``BrokerError`` and ``StateError``.
    """
    try:
        return apply_safe(where, manifest, trigger=TRIGGER)
    except ReadOnly as error:
        return _held_back(where, manifest, error, _WARN)
    except PlanHeldBack as error:
        return _held_back(where, manifest, error, _ERROR)


def plan_alone(where: Context, manifest: Manifest) -> Waiting:
    """The steps that a run would carry out, or leave to people. Raises ``BrokerError`` and ``StateError``."""
    return Waiting(make_plan(where, manifest))


def _held_back(where: Context, manifest: Manifest, error: OmniError, severity: dg.AssetCheckSeverity) -> Waiting:
    return Waiting(make_plan(where, manifest), str(error), severity)


def drift_after(where: Context, manifest: Manifest, changes: Changes | None) -> DriftReport:
    """What differs afterwards. What was looked at for the changes, and was not changed since, is not looked at again.

    Raises ``BrokerError`` and ``StateError``.
    """
    if isinstance(changes, Waiting):
        return report(where, changes.planned.seen, changes.planned.calls)
    if changes is not None and changes.after is not None:
        return changes.after
    if changes is not None and changes.seen is not None:
        return drift_from(where, changes.seen, changes.calls)
    return drift(where, manifest)


def changes_metadata(where: Context, changes: Changes) -> Metadata:
    """What a materialization of ``applied_changes`` says."""
    entries: Metadata = {
        **(_applied(changes) if isinstance(changes, Applied) else _waiting(changes)),
        "broker": dg.MetadataValue.text(where.bootstrap_servers),
    }
    if changes.left:
        entries |= preview("left_to_people", _STEPS, map(_step, changes.left), "see `omni plan`")
        entries["how_to_approve"] = dg.MetadataValue.md(_HOW_TO_APPROVE)
    return entries


def corrected(changes: Changes) -> dg.AssetCheckResult:
    """Whether every difference that is safe to correct was corrected."""
    if isinstance(changes, Applied):
        return _result(_ERROR, *_fate(changes))
    if not changes.safe:
        return _result(_ERROR, _NOTHING, {})
    waiting = preview("waiting", _STEPS, map(_step, changes.safe), "see `omni plan`")
    return _result(changes.severity, changes.why or f"{count(len(changes.safe), 'safe step')} to be done", waiting)


def troubled(applied: Applied) -> tuple[Carried, ...]:
    """The steps that failed, or that cannot be said to have worked."""
    return tuple(each for each in applied.carried if each.outcome is not StepOutcome.APPLIED)


def trouble_sentence(applied: Applied) -> str:
    """How many steps did not work and why the first did not, as a sentence."""
    failed = troubled(applied)
    first = failed[0]
    return (
        f"{len(failed):,} of {count(len(applied.carried), 'step')} did not take effect; {first.outcome.value} on "
        f"{first.step.topic}: {first.detail}. The others are done, and running it again continues."
    )


def _fate(applied: Applied) -> tuple[str, Metadata]:
    failed = troubled(applied)
    if failed:
        return trouble_sentence(applied), preview("offending_steps", _OUTCOMES, map(_outcome, failed))
    done = f"{count(len(applied.carried), 'step')} carried out and read back" if applied.carried else _NOTHING
    return done, {}


def _result(severity: dg.AssetCheckSeverity, description: str, offending: Metadata) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not offending,
        asset_key=APPLIED_CHANGES,
        check_name=SAFE_DRIFT_CORRECTED,
        severity=severity,
        description=description,
        metadata=offending,
    )


def _applied(applied: Applied) -> Metadata:
    entries: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(applied.carried)),
        **counts({**applied.counts, "left": len(applied.left), "waiting": 0}),
        "broker_calls": dg.MetadataValue.int(applied.calls),
        "seconds": seconds(applied.seconds),
        **steps_done(applied.carried),
    }
    if applied.unrecorded is not None:
        entries["not_recorded"] = dg.MetadataValue.text(str(applied.unrecorded))
    return entries


def _waiting(waiting: Waiting) -> Metadata:
    return {
        "dagster/row_count": dg.MetadataValue.int(0),
        **counts(dict.fromkeys((outcome.value for outcome in StepOutcome), 0)),
        **counts({"left": len(waiting.left), "waiting": len(waiting.safe)}),
        "held_back": dg.MetadataValue.text(waiting.why),
        **preview("waiting_steps", _STEPS, map(_step, waiting.safe), "see `omni plan`"),
    }


_NOTHING = "nothing differs that is safe to correct"
_HOW_TO_APPROVE = (
    "Read a step's consequence first. Then give its id, or its topic, as an approval in the launchpad of the job "
    "`apply_plan`; or write the plan with `omni plan -o plan.json` and carry it out with "
    "`omni apply plan.json --approve ID`."
)
_CHANGE = (Column("topic"), Column("action"), Column("field"), Column("before"), Column("after"))
_OUTCOMES = (*_CHANGE, Column("outcome"), Column("why"), Column("reason"), Column("contract"))
_STEPS = (Column("id"), *_CHANGE, Column("reason"), Column("consequence"), Column("contract"))


def steps_done(carried: Iterable[Carried]) -> Metadata:
    """The table of steps and what became of them."""
    return preview("steps", _OUTCOMES, map(_outcome, carried), "see the table audit")


def _outcome(each: Carried) -> dict[str, str | None]:
    return {**_change(each.step), "outcome": each.outcome.value, "why": each.detail, "reason": each.step.reason}


def _step(step: Step) -> dict[str, str | None]:
    return {"id": step.id, **_change(step), "reason": step.reason, "consequence": step.consequence}


def _change(step: Step) -> dict[str, str | None]:
    return {
        "topic": step.topic,
        "action": step.action.value.replace("_", " "),
        "field": step.field,
        "before": readable(step.field, step.before),
        "after": readable(step.field, step.after),
        "contract": f"{step.path}:{step.line}" if step.path else None,
    }
