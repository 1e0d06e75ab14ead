"""The code location. The contracts are read once each time it is loaded, and it loads whatever they hold."""

from __future__ import annotations

from typing import Any

import dagster as dg

from omni_assets.contracts.model import Manifest
from omni_assets.errors import OmniError
from omni_assets.pipeline.agents.checks import task_checks
from omni_assets.pipeline.agents.drain import agent_tasks
from omni_assets.pipeline.agents.question_asked import question_asked
from omni_assets.pipeline.agents.questions import answer_approval, list_questions, questions
from omni_assets.pipeline.agents.sensors import agent_inbox
from omni_assets.pipeline.agents.telling import tasks_asset
from omni_assets.pipeline.alerts.sensors import alert_sensors
from omni_assets.pipeline.observed import observed_in_process
from omni_assets.pipeline.report import make_report, report, report_daily
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.routing.batch import route_tasks
from omni_assets.pipeline.routing.economics import routing_economics
from omni_assets.pipeline.routing.jobs import refresh_routing, routing_daily
from omni_assets.pipeline.routing.posteriors import routing_posteriors
from omni_assets.pipeline.routing.receipts import receipts_asset
from omni_assets.pipeline.tidying import tidy, tidy_daily
from omni_assets.pipeline.topics.apply_plan import apply_plan
from omni_assets.pipeline.topics.assets import topic_tables
from omni_assets.pipeline.topics.external import external_assets
from omni_assets.pipeline.topics.history import history_asset
from omni_assets.pipeline.topics.jobs import hourly, reconcile
from omni_assets.pipeline.topics.links import NO_LINKS, links_of
from omni_assets.pipeline.topics.sensors import contracts_changed, topic_missing
from omni_assets.pipeline.topics.summary import daily, drift_summary, summarize_drift


def build(project: ProjectResource) -> dg.Definitions:
    """Everything that Dagster shows of a project. Contracts that cannot be read leave the lineage empty and are named
    in the description of ``declared_topics``, by its check, and by the sensors."""
    manifest, links, problem = Manifest((), {}, ()), NO_LINKS, ""
    try:
        where = project.context()
        links = links_of(where.settings)
        manifest = where.manifest()
    except OmniError as error:
        problem = str(error)
    external = external_assets(manifest, links=links)
    tables = topic_tables(external.ends, problem, external.folded)
    jobs: list[Any] = [
        reconcile,
        apply_plan,
        summarize_drift,
        make_report,
        route_tasks,
        refresh_routing,
        agent_tasks,
        list_questions,
        answer_approval,
        tidy,
    ]
    checks = [*tables.check_keys, *routing_economics.check_keys, *task_checks.check_keys]
    return dg.Definitions(
        assets=[
            tables,
            history_asset(),
            drift_summary,
            report,
            *external.specs,
            receipts_asset(),
            routing_posteriors,
            routing_economics,
            tasks_asset(external.handling),
            questions,
        ],
        asset_checks=[task_checks],
        jobs=jobs,
        schedules=[hourly, daily, report_daily, routing_daily, tidy_daily],
        sensors=[
            contracts_changed,
            topic_missing,
            agent_inbox,
            question_asked,
            *alert_sensors([job.name for job in jobs], checks),
        ],
        resources={"project": project},
        executor=observed_in_process(project.context),
    )


@dg.definitions
def omni_assets() -> dg.Definitions:
    """The project of the current folder and the ``OMNI_`` variables."""
    return build(ProjectResource())
