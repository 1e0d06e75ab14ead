"""Where the assets and sensors work: the same context that the command line resolves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import Field

from omni_assets.errors import OmniError
from omni_assets.operations.context import Context, resolve


class ProjectResource(dg.ConfigurableResource[Context]):
    """Contracts, broker, profile and state folder. What is not stated comes from ``OMNI_`` variables and settings."""

    paths: list[str] = Field(default_factory=list)
    environment: str | None = None
    bootstrap_servers: str | None = None
    home: str | None = None
    folder: str | None = None

    def context(self) -> Context:
        """The context that operations work in. Raises ``SettingsError``."""
        variables = {**os.environ, "OMNI_HOME": self.home} if self.home else os.environ
        return resolve(
            self.paths,
            environment=self.environment,
            bootstrap_servers=self.bootstrap_servers,
            environ=variables,
            folder=Path(self.folder) if self.folder else None,
        )


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn an error that a person can mend into a failed step that says so, in the error's own words."""
    try:
        yield
    except OmniError as error:
        raise dg.Failure(str(error), allow_retries=error.transient) from None
