"""What is wrong now, as the projection, the budget and the broker tell it.

What cannot be looked at says nothing: neither that something is wrong, nor that it is over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from omni_assets.errors import BrokerError
from omni_assets.operations.alerts.alert import NOTHING_SEEN, Kind, Look
from omni_assets.operations.alerts.wrong import (
    Money,
    approval_alerts,
    broker_alerts,
    budget_alerts,
    dead_letter_alerts,
    drift_alerts,
)
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.recording import stored_drift
from omni_assets.operations.routing.opening import budget
from omni_assets.projection.store import Projection

BROKER_SECONDS = 5.0
"""Most seconds that a broker may take to say that it is there."""

LATELY = timedelta(hours=1)
"""In what time so many dead letters are a flood."""

_MOST_TASKS = 10_000


def look_at_drift(context: Context) -> Look:
    """Open drift, as it was observed last. Raises ``StateError``, also where it was not observed yet."""
    _, found = stored_drift(context)
    return Look(frozenset({Kind.DRIFT}), drift_alerts(found))


def look_at_budget(context: Context) -> Look:
    """What is gone of the budget of today. Raises ``BudgetUnusable``."""
    limits, seen = context.settings.router.budget, frozenset({Kind.BUDGET})
    if limits.per_day_usd is None and not limits.classes:
        return Look(seen)
    with budget(context) as money:
        spent = [Money(name, money.spent(name).usd, limit) for name, limit in sorted(limits.classes.items())]
        if limits.per_day_usd is not None:
            spent.insert(0, Money("", money.spent().usd, limits.per_day_usd))
    return Look(seen, budget_alerts(spent, context.settings.alerts.budget_share))


def look_at_tasks(context: Context, now: datetime) -> Look:
    """Tasks that failed lately, and those that wait for a person, as far as the ledger is projected.

    Raises ``StateError``.
    """
    projection, within = Projection(context.home), context.settings.agents.answer_within
    failed = projection.tasks_failed(now - LATELY, _MOST_TASKS)
    waiting = projection.tasks_unanswered(now - within, _MOST_TASKS)
    return Look(
        frozenset({Kind.DEAD_LETTERS, Kind.APPROVALS}),
        (*dead_letter_alerts(failed, context.settings.alerts.dead_letters), *approval_alerts(waiting, within)),
    )


def look_at_broker(context: Context) -> Look:
    """Whether the broker answers, asked once and within ``BROKER_SECONDS``. Of one that nobody named nothing is known,
    and so of one that refuses to say: it is there.
    """
    if context.origin is BrokerOrigin.ASSUMED:
        return NOTHING_SEEN
    limit = min(BROKER_SECONDS, context.connection.timeout)
    unreachable = ""
    try:
        with replace(context, connection=replace(context.connection, timeout=limit)).admin() as admin:
            admin.cluster_id()
    except BrokerError as error:
        unreachable = str(error) if error.transient else ""
    return Look(frozenset({Kind.BROKER}), broker_alerts(unreachable, context.settings.alerts.broker_away_for))
