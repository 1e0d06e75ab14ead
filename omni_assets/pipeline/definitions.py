"""The code location. The contracts are read once each time it is loaded, and it loads whatever they hold."""

from __future__ import annotations

import dagster as dg

from omni_assets.pipeline.alerts.sensors import alert_sensors
from omni_assets.pipeline.gauged import gauged
from omni_assets.pipeline.observed import observed_in_process
from omni_assets.pipeline.parts import about_agents, about_keeping, about_routing, about_topics, check_keys, declared
from omni_assets.pipeline.resources import ProjectResource


def build(project: ProjectResource) -> dg.Definitions:
    """Everything that Dagster shows of a project. Contracts that cannot be read leave the lineage empty and are named
    in the description of ``declared_topics``, by its check, and by the sensors."""
    drawn = declared(project)
    parts = (about_topics(drawn), about_agents(drawn), about_routing(), about_keeping())
    jobs = [job.name for part in parts for job in part.jobs or ()]
    return dg.Definitions.merge(
        *parts,
        dg.Definitions(
            sensors=alert_sensors(jobs, check_keys(parts)),
            resources={"project": project},
            executor=observed_in_process(project.context),
        ),
    )


@dg.definitions
def omni_assets() -> dg.Definitions:
    """The project of the current folder and the ``OMNI_`` variables."""
    project = ProjectResource()
    gauged(project.context)
    return build(project)
