"""A plan as a document, and back: readable for people, and refused once anything in it was edited. Pure.

The digest tells an edited or damaged document; it is no signature, and whoever can write the file can write both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from omni_assets.contracts.model import Location
from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan.definition import Action, Plan, Step
from omni_assets.drift.plan.fingerprint import digest
from omni_assets.drift.verdict import Reason, Verdict

FORMAT = 1


class PlanUnreadable(ValueError):
    """A document that is no plan as it was written; ``str()`` gives the reason as a clause."""


def document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values. ``digest`` is over all the rest."""
    body = {
        "format": FORMAT,
        "cluster_id": plan.cluster_id,
        "bootstrap_servers": plan.bootstrap_servers,
        "environment": plan.environment,
        "made_at": plan.made_at.isoformat(),
        "state_hash": plan.state_hash,
        "steps": [step_document(step) for step in plan.steps],
        "surfaced": [_drift(row) for row in plan.surfaced],
    }
    return {**body, "digest": digest(body)}


def from_document(found: Mapping[str, Any]) -> Plan:
    """The plan that ``document`` wrote. Raises ``PlanUnreadable``."""
    body = {key: value for key, value in found.items() if key != "digest"}
    stated = body.get("format")
    if isinstance(stated, int) and stated > FORMAT:
        raise PlanUnreadable(f"a newer omni wrote it, in format {stated}, and this one knows {FORMAT}")
    if stated != FORMAT:
        raise PlanUnreadable(f"it is no plan of format {FORMAT}")
    try:
        intact = digest(body) == found.get("digest")
    except (TypeError, ValueError, RecursionError):
        intact = False
    if not intact:
        raise PlanUnreadable("it was edited or damaged since it was made: its digest does not fit")
    try:
        return Plan(
            cluster_id=_text(body["cluster_id"]),
            bootstrap_servers=_text(body["bootstrap_servers"]),
            environment=_text(body["environment"]),
            made_at=datetime.fromisoformat(_text(body["made_at"])),
            state_hash=_text(body["state_hash"]),
            steps=tuple(_read_step(each) for each in body["steps"]),
            surfaced=tuple(_read_drift(each) for each in body["surfaced"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PlanUnreadable(f"something in it is missing or of another kind ({error})") from None


def step_document(step: Step) -> dict[str, Any]:
    """One step as JSON values."""
    return {
        "id": step.id,
        "topic": step.topic,
        "kind": step.kind.value,
        "field": step.field,
        "verdict": step.verdict.value,
        "action": step.action.value,
        "before": step.before,
        "after": step.after,
        "reason": step.reason,
        "consequence": step.consequence,
        "path": step.path,
        "line": step.line,
    }


def _drift(row: Drift) -> dict[str, Any]:
    return {
        "topic": row.topic,
        "kind": row.kind.value,
        "field": row.field,
        "declared": row.declared,
        "observed": row.observed,
        "verdict": row.verdict.value,
        "reason": row.reason.value,
        "explanation": row.explanation,
        "owner": row.owner,
        "path": None if row.location is None else row.location.path,
        "line": None if row.location is None else row.location.line,
        "column": None if row.location is None else row.location.column,
        "detail": row.detail,
    }


def _read_step(found: Mapping[str, Any]) -> Step:
    return Step(
        id=_text(found["id"]),
        topic=_text(found["topic"]),
        kind=DriftKind(found["kind"]),
        field=_text(found["field"]),
        verdict=Verdict(found["verdict"]),
        action=Action(found["action"]),
        before=_maybe_text(found["before"]),
        after=_maybe_text(found["after"]),
        reason=_text(found["reason"]),
        consequence=_text(found["consequence"]),
        path=_maybe_text(found["path"]),
        line=None if found["line"] is None else _whole(found["line"]),
    )


def _read_drift(found: Mapping[str, Any]) -> Drift:
    path = _maybe_text(found["path"])
    return Drift(
        topic=_text(found["topic"]),
        kind=DriftKind(found["kind"]),
        field=_text(found["field"]),
        declared=_maybe_text(found["declared"]),
        observed=_maybe_text(found["observed"]),
        verdict=Verdict(found["verdict"]),
        reason=Reason(found["reason"]),
        owner=_maybe_text(found["owner"]),
        location=None if path is None else Location(path, _whole(found["line"]), _whole(found["column"])),
        detail=_text(found["detail"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _maybe_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value
