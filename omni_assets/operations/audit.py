"""Who decided and did what to a cluster, in the journal before it is done and after."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from omni_assets.contracts.text import count
from omni_assets.drift.plan import Plan, Step, document
from omni_assets.operations.context import Context
from omni_assets.projection.rows import AuditRow
from omni_assets.projection.store import Projection

PLAN, APPROVAL, STEP, ACKNOWLEDGEMENT = "plan", "approval", "step", "acknowledgement"
BEGUN = "begun"
"""The outcome of a step that is about to be asked for: a killed process leaves it."""


class Audit:
    """The record of carrying out one plan."""

    def __init__(self, context: Context, plan: Plan, trigger: str) -> None:
        self.digest: str = document(plan)["digest"]
        self._projection = Projection(context.home)
        self._shared = (
            who(),
            socket.gethostname(),
            plan.cluster_id or plan.bootstrap_servers,
            plan.environment,
            self.digest,
        )
        self._trigger = trigger
        self._steps: dict[str, AuditRow] = {}

    def known(self) -> bool:
        """Whether this very plan was begun before."""
        return any(row.event == STEP for row in self._projection.audited(plan=self.digest, limit=1_000))

    def begin(self, steps: Sequence[Step], approvals: Iterable[str]) -> None:
        """Note the plan, who approved what, and that these steps are about to be asked for. Raises ``StateError``."""
        notes = [self._row(PLAN, detail=f"{self._trigger}: {count(len(steps), 'step')}")]
        notes += [self._row(APPROVAL, detail=approval) for approval in sorted(set(approvals))]
        self._steps = {step.id: self._of(step) for step in steps}
        self._projection.record_audit([*notes, *self._steps.values()])

    def acknowledge(self, what: str) -> None:
        """Note that somebody is content with what a brake held back. Raises ``StateError``."""
        self._projection.record_audit([self._row(ACKNOWLEDGEMENT, detail=what)])

    def end(self, outcomes: Iterable[tuple[Step, str, str]]) -> None:
        """Note what became of steps: each with its outcome and a detail. Raises ``StateError``."""
        self._projection.record_audit(
            [self._ended(self._steps[step.id], outcome, detail) for step, outcome, detail in outcomes]
        )

    def _ended(self, row: AuditRow, outcome: str, detail: str) -> AuditRow:
        return row._replace(outcome=outcome, detail=f"{row.detail}; {detail}" if detail else row.detail)

    def _of(self, step: Step) -> AuditRow:
        return self._row(STEP, step.id, step.topic, step.action.value, BEGUN, _change(step))

    def _row(
        self, event: str, step: str = "", topic: str = "", action: str = "", outcome: str = "", detail: str = ""
    ) -> AuditRow:
        at = datetime.now(UTC)
        return AuditRow(uuid.uuid4().hex, at, *self._shared, event, step, topic, action, outcome, detail)


def _change(step: Step) -> str:
    return f"{step.field or 'topic'}: {step.before or '-'} -> {step.after or '-'}"


def who() -> str:
    """The person, as far as the system knows one: a container may run under a number without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
