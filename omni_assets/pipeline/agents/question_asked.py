"""The sensor ``question_asked``: where other tasks than before wait for a person, it asks for their questions to be
listed anew."""

from datetime import UTC, datetime
from hashlib import sha256

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.errors import OmniError
from omni_assets.operations.context import BrokerOrigin
from omni_assets.pipeline.agents.questions import list_questions
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics.jobs import BECAUSE
from omni_assets.pipeline.topics.sensors import UNNAMED
from omni_assets.projection.store import Projection

QUESTIONS_INTERVAL = 30
"""Least seconds between two looks at what waits for people."""

_MOST = 10_000
_NOTHING = "nothing waits"  # an empty cursor would leave the one before


@dg.sensor(
    job=list_questions,
    minimum_interval_seconds=QUESTIONS_INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lists the questions of agents anew in `agents/questions`, when a task waits for a person that did not "
    "before, or one does no longer. It knows of tasks what is projected of the ledger.",
)
def question_asked(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    try:
        where = project.context()
        if where.origin is BrokerOrigin.ASSUMED:
            return dg.SensorResult(skip_reason=UNNAMED, cursor=context.cursor)
        waiting = Projection(where.home).tasks_unanswered(datetime.now(UTC), _MOST)
    except OmniError as error:
        return dg.SensorResult(skip_reason=str(error), cursor=context.cursor)
    cursor = sha256("\n".join(each.id for each in waiting).encode()).hexdigest() if waiting else _NOTHING
    if cursor == (context.cursor or _NOTHING):
        return dg.SensorResult(skip_reason=f"{count(len(waiting), 'task')} waiting for a person, as before.")
    # No run key: the same tasks may wait again.
    return dg.SensorResult([dg.RunRequest(tags={BECAUSE: "question_asked"})], cursor=cursor)
