"""Making a plan: what would bring the broker to what the contracts declare, and what holds it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count
from omni_assets.drift.plan import (
    Action,
    Brake,
    Plan,
    PlanUnreadable,
    brakes,
    build,
    build_deletion,
    document,
    from_document,
    windows,
)
from omni_assets.errors import PlanUnusable, reason
from omni_assets.operations.audit import Audit
from omni_assets.operations.context import Context
from omni_assets.operations.files import write_whole
from omni_assets.operations.memory import Because, cluster_of, seen_now, trust
from omni_assets.operations.observe import Look, look

MOST_BYTES = 256 * 1024 * 1024
"""Largest plan in bytes that is read."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made from, and the brakes that hold it back. ``calls`` counts the requests to the broker."""

    plan: Plan
    seen: Look
    brakes: tuple[Brake, ...]
    calls: int


def make_plan(context: Context, manifest: Manifest) -> Planned:
    """The plan for what differs now. Writes nothing, on the broker or in the projection, so that making one changes no
    brake. Raises ``BrokerError`` and ``StateError``."""
    with context.admin() as admin:
        seen = look(context, admin, manifest)
        plan = plan_of(context, admin, seen)
        return Planned(plan, seen, brakes(plan, manifest, seen.memory.known, seen.policy), admin.calls)


def acknowledge(context: Context, planned: Planned) -> Planned:
    """Say that the contracts and the cluster that were planned for are those that are meant: brakes compare with them
    from now on. Gives the plan with what holds it back still. Raises ``StateError``."""
    meant = seen_now(planned.seen.manifest, planned.seen.snapshot)
    said = f"{count(meant.declared_topics or 0, 'declared topic')} on {cluster_of(planned.seen.snapshot)}"
    Audit(context, planned.plan, "plan").acknowledge("; ".join([said, *(each.message for each in planned.brakes)]))
    trust(context, meant, Because.ACKNOWLEDGED)
    held = brakes(planned.plan, planned.seen.manifest, meant, planned.seen.policy)
    return replace(planned, brakes=held)


def plan_of(context: Context, admin: BrokerAdmin, seen: Look) -> Plan:
    """The plan for a look. Asks the broker how many records would fall out of a shorter retention."""
    leaving = windows(seen.drift, seen.snapshot)
    return build(
        seen.manifest,
        seen.snapshot,
        seen.drift,
        seen.policy,
        environment=context.environment,
        made_at=datetime.now(UTC),
        capabilities=seen.memory.capabilities,
        records_before=admin.records_before(leaving) if leaving else {},
    )


def deletion_of(context: Context, seen: Look, topics: frozenset[str]) -> Plan:
    """The plan that deletes topics, as far as they may be."""
    return build_deletion(
        topics,
        seen.manifest,
        seen.snapshot,
        seen.flows,
        seen.policy,
        environment=context.environment,
        made_at=datetime.now(UTC),
    )


def deletes(plan: Plan) -> bool:
    """Whether it is a plan of deletions, which is one of its own."""
    return any(step.action is Action.DELETE for step in plan.steps)


def write_plan(path: str, plan: Plan) -> None:
    """Write a plan as JSON, whole or not at all. Raises ``PlanUnusable``."""
    try:
        write_whole(path, (json.dumps(document(plan), indent=2) + "\n").encode())
    except (OSError, ValueError) as error:
        raise PlanUnusable(path, f"it cannot be written ({reason(error)})") from None


def read_plan(path: str) -> Plan:
    """The plan in a file. Raises ``PlanUnusable`` where it cannot be read, is none, or was edited since."""
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PlanUnusable(path, f"it cannot be read ({reason(error)})") from None
    if len(content) > MOST_BYTES:
        raise PlanUnusable(path, "it is larger than any plan")
    try:
        found: Any = json.loads(content)
        if not isinstance(found, Mapping):
            raise PlanUnusable(path, "it is no plan")
        return from_document(found)
    except PlanUnreadable as why:
        raise PlanUnusable(path, str(why)) from None
    except (ValueError, RecursionError):
        raise PlanUnusable(path, "it is no JSON document") from None
