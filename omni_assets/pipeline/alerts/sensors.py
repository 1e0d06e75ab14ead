"""The sensors that tell people what is wrong: each looks at some of it, and all tell it in the same way.

They launch nothing. Where nobody asked to be told, or nothing can be seen, a tick is skipped and says so.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.errors import OmniError
from omni_assets.operations.alerts.alert import NOTHING_SEEN, Look
from omni_assets.operations.alerts.looking import look_at_broker, look_at_budget, look_at_drift, look_at_tasks
from omni_assets.operations.alerts.telling import channels, tell
from omni_assets.operations.context import Context
from omni_assets.pipeline.alerts.looking import look_at_checks, look_at_runs
from omni_assets.pipeline.resources import ProjectResource

NOBODY_ASKED = (
    "nobody asked to be told. Set OMNI_ALERT_WEBHOOK to the address of a webhook, or name the node that owns the topic "
    "of alerts as alerts.node in the settings."
)
"""Why a sensor skips where there is no channel."""

_TO_BOTH = "It tells the webhook of OMNI_ALERT_WEBHOOK and the topic of alerts, once each, and launches nothing."

Looking = Callable[[Context, dg.DagsterInstance], Look]


@dataclass(frozen=True, slots=True)
class Watch:
    """A sensor: what it looks at, how often at most, and what it says of itself."""

    name: str
    seconds: int
    description: str
    looks: Sequence[Looking]


def alert_sensors(jobs: Collection[str], checks: Collection[dg.AssetCheckKey]) -> list[dg.SensorDefinition]:
    """All sensors of alerts, for these jobs and checks."""

    def runs(_: Context, instance: dg.DagsterInstance) -> Look:
        return look_at_runs(instance, jobs)

    def judged(_: Context, instance: dg.DagsterInstance) -> Look:
        return look_at_checks(instance, checks)

    watches = (
        Watch(
            "drift_appeared",
            30,
            "Tells of drift: what differs between contracts and broker, by verdict and owner, as soon as it was "
            "observed; again when there is more of it, once a day while it lasts, and when it is over. What the hourly "
            f"run corrects by itself is told when it did not for two hours. {_TO_BOTH}",
            [_drift],
        ),
        Watch(
            "budget_nearly_spent",
            60,
            "Tells when most of a day's `router.budget` is gone (`alerts.budget_share` in the settings says how much), "
            f"of all tasks together or of a class. {_TO_BOTH}",
            [_budget],
        ),
        Watch(
            "alerts",
            60,
            "Tells of everything else that is wrong: a check that fails, a broker that does not answer for long, many "
            "dead letters in an hour, questions of agents that wait for a person; and of a job that failed before, "
            f"when it works again. {_TO_BOTH}",
            [judged, runs, _tasks, _broker],
        ),
    )
    return [_run_failure(runs), *map(_sensor, watches)]


def _sensor(watch: Watch) -> dg.SensorDefinition:
    @dg.sensor(
        name=watch.name,
        minimum_interval_seconds=watch.seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=watch.description,
    )
    def watching(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SkipReason:
        return dg.SkipReason(_told(project, context.instance, watch.looks))

    return watching


def _run_failure(runs: Looking) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="run_failure",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of a run that failed: of which job, and why. Further failures of the same job are told once "
        f"a day, and the sensor `alerts` tells when it works again. {_TO_BOTH}",
    )
    def run_failure(context: dg.RunFailureSensorContext, project: ProjectResource) -> dg.SkipReason:
        return dg.SkipReason(_told(project, context.instance, [runs]))

    return run_failure


def _told(project: ProjectResource, instance: dg.DagsterInstance, looks: Sequence[Looking]) -> str:
    """What became of a look, as a sentence for the tick."""
    try:
        where = project.context()
        to = channels(where)
        if not to:
            return NOBODY_ASKED
        seen, unseen = NOTHING_SEEN, []
        for look in looks:
            try:
                seen |= look(where, instance)
            except OmniError as error:
                unseen.append(str(error))
        done = tell(where, seen, to, datetime.now(UTC))
    except OmniError as error:
        return str(error)
    told = f"{count(done.number, 'alert')} told, {len(seen.alerts):,} of what was looked at wrong now."
    return " ".join([told, *unseen, *done.troubles])


def _drift(where: Context, _: dg.DagsterInstance) -> Look:
    return look_at_drift(where)


def _budget(where: Context, _: dg.DagsterInstance) -> Look:
    return look_at_budget(where)


def _tasks(where: Context, _: dg.DagsterInstance) -> Look:
    return look_at_tasks(where, datetime.now(UTC))


def _broker(where: Context, _: dg.DagsterInstance) -> Look:
    return look_at_broker(where)
