"""What Dagster shows of a project, part by part: a code location has all of them, somebody else's has those it wants.

A part needs the resource ``project``, which whoever puts it together gives it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg

from omni_assets.contracts.model import Manifest
from omni_assets.errors import OmniError
from omni_assets.pipeline.agents.checks import task_checks
from omni_assets.pipeline.agents.drain import agent_tasks
from omni_assets.pipeline.agents.question_asked import question_asked
from omni_assets.pipeline.agents.questions import answer_approval, list_questions, questions
from omni_assets.pipeline.agents.sensors import agent_inbox
from omni_assets.pipeline.agents.telling import tasks_asset
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
from omni_assets.pipeline.topics.external import ExternalAssets, external_assets
from omni_assets.pipeline.topics.history import history_asset
from omni_assets.pipeline.topics.jobs import hourly, reconcile
from omni_assets.pipeline.topics.links import NO_LINKS, links_of
from omni_assets.pipeline.topics.sensors import contracts_changed, topic_missing
from omni_assets.pipeline.topics.summary import daily, drift_summary, summarize_drift


@dataclass(frozen=True, slots=True)
class Declared:
    """What the contracts of a project say, as it is drawn. ``problem`` says why they could not be read, and is empty
    where they could."""

    external: ExternalAssets
    problem: str


def declared(project: ProjectResource) -> Declared:
    """The contracts of a project, read once. Where they cannot be read, nothing is drawn, and ``problem`` says why."""
    manifest, links, problem = Manifest((), {}, ()), NO_LINKS, ""
    try:
        where = project.context()
        links = links_of(where.settings)
        manifest = where.manifest()
    except OmniError as error:
        problem = str(error)
    return Declared(external_assets(manifest, links=links), problem)


def about_topics(drawn: Declared) -> dg.Definitions:
    """What is declared, what the broker has, what differs, who hands what to whom, and the jobs that see to it."""
    external = drawn.external
    return dg.Definitions(
        assets=[
            topic_tables(external.ends, drawn.problem, external.folded),
            history_asset(),
            drift_summary,
            *external.specs,
        ],
        jobs=[reconcile, apply_plan, summarize_drift],
        schedules=[hourly, daily],
        sensors=[contracts_changed, topic_missing],
    )


def about_agents(drawn: Declared) -> dg.Definitions:
    """What became of tasks on the bus, a receipt each, what people are asked, and the runs that work on what waits."""
    return dg.Definitions(
        assets=[tasks_asset(drawn.external.handling), questions],
        asset_checks=[task_checks],
        jobs=[agent_tasks, list_questions, answer_approval],
        sensors=[agent_inbox, question_asked],
    )


def about_routing() -> dg.Definitions:
    """What the router did, what its receipts teach, and what it cost and saved."""
    return dg.Definitions(
        assets=[receipts_asset(), routing_posteriors, routing_economics],
        jobs=[route_tasks, refresh_routing],
        schedules=[routing_daily],
    )


def about_keeping() -> dg.Definitions:
    """The report, and what is taken away when it is old."""
    return dg.Definitions(assets=[report], jobs=[make_report, tidy], schedules=[report_daily, tidy_daily])


def check_keys(parts: Iterable[dg.Definitions]) -> list[dg.AssetCheckKey]:
    """The checks of parts."""
    return [
        key
        for part in parts
        for each in (*(part.assets or ()), *(part.asset_checks or ()))
        if isinstance(each, dg.AssetsDefinition)
        for key in each.check_keys
    ]
