"""Two sensors that ask for a ``reconcile`` run: one looks at the contracts, one at the broker.

Both are bounded in time. A broker that is down, or contracts that cannot be read, is a skipped tick that says so.
"""

import time
from datetime import UTC, datetime

import dagster as dg

from omni_assets.errors import OmniError
from omni_assets.operations.context import Context
from omni_assets.operations.missing import missing_topics
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics.attempts import Attempts, dump, parse
from omni_assets.pipeline.topics.jobs import active_run, reconcile
from omni_assets.pipeline.topics.keys import TOPIC_DRIFT

CONTRACTS_INTERVAL = 15
"""Least seconds between two looks at the contracts."""

BROKER_INTERVAL = 30
"""Least seconds between two looks at the broker."""

BROKER_SECONDS = 5.0
"""Most seconds that a look at the broker may take."""

_NAMED_IN_A_SENTENCE = 3


@dg.sensor(
    job=reconcile,
    minimum_interval_seconds=CONTRACTS_INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reconciles when a contract was added, changed or removed: its topics are created, and compared anew.",
)
def contracts_changed(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    try:
        digest = project.context().manifest().digest
    except OmniError as error:
        return _skipped(str(error), context.cursor)
    if digest == (context.cursor or _reconciled(context.instance)):
        return _skipped("the contracts have not changed.", digest)
    # No run key: contracts may change back, and that is a change too.
    return dg.SensorResult([dg.RunRequest(tags={"omni/because": "contracts_changed"})], cursor=digest)


@dg.sensor(
    job=reconcile,
    minimum_interval_seconds=BROKER_INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reconciles when a declared topic is missing on the broker. A topic that cannot be created is tried "
    "again after a minute, then ever more rarely, down to once an hour.",
)
def topic_missing(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    try:
        where = project.context()
        missing = missing_topics(where, where.manifest(), BROKER_SECONDS)
    except OmniError as error:
        return _skipped(str(error), context.cursor)
    now = time.time()
    attempts = parse(context.cursor).only(missing)
    why_not = _why_not(where, missing, attempts, now, context.instance)
    if why_not:
        return _skipped(why_not, dump(attempts))
    # Not a run key: a topic may go missing again, in the same state as before.
    request = dg.RunRequest(tags={"omni/because": "topic_missing"})
    return dg.SensorResult([request], cursor=dump(attempts.tried(missing, now)))


def _why_not(
    where: Context, missing: tuple[str, ...], attempts: Attempts, now: float, instance: dg.DagsterInstance
) -> str:
    """Why nothing is to be done about missing topics now, as a sentence; empty where a run is due."""
    if not missing:
        return "no declared topic is missing."
    if where.connection.read_only:
        return f"{_named(missing)} missing, and OMNI_READONLY=1 forbids every write."
    if not attempts.due(missing, now):
        next_at = datetime.fromtimestamp(attempts.next_at(missing) or now, UTC)
        return f"{_named(missing)} still missing after an attempt; the next one comes after {next_at:%H:%M:%S} UTC."
    running = active_run(instance)
    return f"{_named(missing)} missing, and run {running} has not ended yet." if running else ""


def _skipped(sentence: str, cursor: str | None) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=sentence, cursor=cursor)


def _reconciled(instance: dg.DagsterInstance) -> str | None:
    """The digest of the contracts that drift was computed for last, for a sensor that has never ticked."""
    event = instance.get_latest_materialization_event(TOPIC_DRIFT)
    materialization = event.asset_materialization if event else None
    digest = materialization.metadata.get("digest") if materialization else None
    return digest.text if isinstance(digest, dg.TextMetadataValue) else None


def _named(topics: tuple[str, ...]) -> str:
    shown = ", ".join(topics[:_NAMED_IN_A_SENTENCE])
    more = len(topics) - _NAMED_IN_A_SENTENCE
    verb = "is" if len(topics) == 1 else "are"
    return f"{shown}{f' and {more:,} more' if more > 0 else ''} {verb}"
