"""The job `route_tasks` of a project in a folder, in a form that Dagster can load anew, as it does to repeat a run."""

from __future__ import annotations

import dagster as dg

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource


def job_of(folder: str, home: str) -> dg.JobDefinition:
    """The job ``route_tasks`` of the project in ``folder``, whose state is in ``home``."""
    return build(ProjectResource(folder=folder, home=home, environment="local")).resolve_job_def("route_tasks")
