"""Two sensors that ask for a ``reconcile`` run: one looks at what is declared, one at the broker.

Both are bounded in time. A broker that is down or that nobody named, or contracts that cannot be read, are a skipped
tick that says so. Each says first of runs whose process was killed that they failed: they would hold up the next.
"""

import time
from datetime import UTC, datetime

import dagster as dg

from omni_assets.errors import OmniError
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.missing import missing_topics
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.run_processes import fail_bereft_runs
from omni_assets.pipeline.topics.attempts import Attempts, dump, parse
from omni_assets.pipeline.topics.fingerprint import FINGERPRINT, fingerprint
from omni_assets.pipeline.topics.jobs import BECAUSE, active_run, last_run, reconcile
from omni_assets.pipeline.topics.keys import TOPIC_DRIFT

CONTRACTS_INTERVAL = 15
"""Least seconds between two looks at the contracts."""

BROKER_INTERVAL = 30
"""Least seconds between two looks at the broker."""

BROKER_SECONDS = 5.0
"""Most seconds that a look at the broker may take."""

MOST_ATTEMPTS = 6
"""Most runs that one change is worth, over half an hour: from then on the hourly run sees to it."""

UNNAMED = (
    "nobody named a broker, and none of this project's own runs. Name one with OMNI_BOOTSTRAP_SERVERS, or start one "
    "with `omni broker start`."
)
"""Why a sensor skips where a broker is only expected by convention."""

_DECLARED_TAG = "omni/declared"
_UNCHANGED = "the contracts have not changed."
_NAMED_IN_A_SENTENCE = 3


@dg.sensor(
    job=reconcile,
    minimum_interval_seconds=CONTRACTS_INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reconciles when a contract was added, changed or removed, or the settings make other topics of it: "
    f"what is missing is created, and all is compared anew. A run that failed is tried again, up to {MOST_ATTEMPTS} "
    "times in half an hour.",
)
def contracts_changed(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    fail_bereft_runs(context.instance)
    try:
        where = project.context()
        declared = fingerprint(where.manifest())
    except OmniError as error:
        return _skipped(str(error), context.cursor)
    if where.origin is BrokerOrigin.ASSUMED:
        return _skipped(UNNAMED, context.cursor)
    now = time.time()
    attempts = parse(context.cursor).only([declared])
    tried = dump(attempts.tried([declared], now))
    if declared in attempts.by_name:
        why_not = _why_not_again(declared, attempts, now, context.instance)
        if why_not:
            return _skipped(why_not, dump(attempts))
    elif not context.cursor and declared == _reconciled(context.instance):
        return _skipped(_UNCHANGED, tried)
    # No run key: contracts may change back, and that is a change too.
    request = dg.RunRequest(tags={BECAUSE: "contracts_changed", _DECLARED_TAG: declared})
    return dg.SensorResult([request], cursor=tried)


@dg.sensor(
    job=reconcile,
    minimum_interval_seconds=BROKER_INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reconciles when a declared topic is missing on the broker. A topic that cannot be created is tried "
    "again after a minute, then ever more rarely, down to once an hour.",
)
def topic_missing(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    fail_bereft_runs(context.instance)
    try:
        where = project.context()
        if where.origin is BrokerOrigin.ASSUMED:
            return _skipped(UNNAMED, context.cursor)
        missing = missing_topics(where, where.manifest(), BROKER_SECONDS)
    except OmniError as error:
        return _skipped(str(error), context.cursor)
    now = time.time()
    attempts = parse(context.cursor).only(missing)
    why_not = _why_not(where, missing, attempts, now, context.instance)
    if why_not:
        return _skipped(why_not, dump(attempts))
    # Not a run key: a topic may go missing again, in the same state as before.
    request = dg.RunRequest(tags={BECAUSE: "topic_missing"})
    return dg.SensorResult([request], cursor=dump(attempts.tried(missing, now)))


def _why_not_again(declared: str, attempts: Attempts, now: float, instance: dg.DagsterInstance) -> str:
    """Why nothing is to be done about a change that a run was asked for, as a sentence; empty where one is due."""
    last = last_run(instance, {_DECLARED_TAG: declared})
    if last is None or last.status is not dg.DagsterRunStatus.FAILURE or declared == _reconciled(instance):
        return _UNCHANGED
    if attempts.by_name[declared].times >= MOST_ATTEMPTS:
        return f"run {last.run_id} failed, as {MOST_ATTEMPTS - 1} did before it; the hourly run tries again."
    return _not_yet(f"run {last.run_id} failed", attempts.waits_until([declared], now), instance)


def _why_not(
    where: Context, missing: tuple[str, ...], attempts: Attempts, now: float, instance: dg.DagsterInstance
) -> str:
    """Why nothing is to be done about missing topics now, as a sentence; empty where a run is due."""
    if not missing:
        return "no declared topic is missing."
    if where.connection.read_only:
        return f"{_named(missing)} missing, and OMNI_READONLY=1 forbids every write."
    return _not_yet(f"{_named(missing)} missing", attempts.waits_until(missing, now), instance)


def _not_yet(what: str, waits_until: float | None, instance: dg.DagsterInstance) -> str:
    if waits_until is not None:
        return f"{what}; the next attempt comes after {datetime.fromtimestamp(waits_until, UTC):%H:%M:%S} UTC."
    running = active_run(instance)
    return f"{what}, and run {running} has not ended yet." if running else ""


def _skipped(sentence: str, cursor: str | None) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=sentence, cursor=cursor)


def _reconciled(instance: dg.DagsterInstance) -> str | None:
    """The fingerprint of what drift was computed for last."""
    event = instance.get_latest_materialization_event(TOPIC_DRIFT)
    materialization = event.asset_materialization if event else None
    found = materialization.metadata.get(FINGERPRINT) if materialization else None
    return found.text if isinstance(found, dg.TextMetadataValue) else None


def _named(topics: tuple[str, ...]) -> str:
    shown = ", ".join(topics[:_NAMED_IN_A_SENTENCE])
    more = len(topics) - _NAMED_IN_A_SENTENCE
    verb = "is" if len(topics) == 1 else "are"
    return f"{shown}{f' and {more:,} more' if more > 0 else ''} {verb}"
