"""Which project a component shows."""

from functools import cache
from pathlib import Path

import dagster as dg
from pydantic import Field

from omni_assets.pipeline.resources import ProjectResource


class ProjectAttributes(dg.Resolvable, dg.Model):
    """The attributes that say where a project is. What is not stated comes from ``OMNI_`` variables and settings."""

    folder: str = Field(
        default=".",
        description="The folder whose settings hold, and whose contracts are read; from the root of the Dagster "
        "project. `omni init` makes one.",
    )
    environment: str | None = Field(
        default=None, description="The environment of the settings: broker and limits. Else OMNI_ENV."
    )
    bootstrap_servers: str | None = Field(
        default=None,
        description="The broker, host:port[,host:port]. Else OMNI_BOOTSTRAP_SERVERS, or the environment's.",
    )
    home: str | None = Field(
        default=None,
        description="The state folder, from the root of the Dagster project. Else OMNI_HOME, or .omni beside the "
        "settings.",
    )

    def project(self, root: Path) -> ProjectResource:
        """The project, from the ``root`` of the Dagster project: components that mean the same one share it."""
        home = None if self.home is None else str(root / self.home)
        return _shared(str(root / self.folder), self.environment, self.bootstrap_servers, home)


@cache
def _shared(folder: str, environment: str | None, bootstrap_servers: str | None, home: str | None) -> ProjectResource:
    # Dagster merges definitions whose resources of one name are one object, and refuses any others.
    return ProjectResource(folder=folder, environment=environment, bootstrap_servers=bootstrap_servers, home=home)
