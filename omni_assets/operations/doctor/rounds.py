"""A whole examination: every area of a project, each as far as it can be looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from omni_assets import settings as settings_module
from omni_assets.contracts.model import Manifest
from omni_assets.errors import OmniError
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.doctor import broker, clock, dagster, environment, models, project, state
from omni_assets.operations.doctor.examination import Area, Examination
from omni_assets.operations.doctor.examining import SECONDS, Notify, examine
from omni_assets.settings import Settings


def rounds(
    paths: Sequence[str] = (),
    *,
    environment_name: str | None = None,
    bootstrap_servers: str | None = None,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    notify: Notify = lambda _done, _of: None,
    seconds: float = SECONDS,
) -> Examination:
    """Examine everything. Nothing is raised of what is wrong, and nothing is written to a broker."""
    context = _context(paths, environment_name, bootstrap_servers, environ, folder)
    return examine(areas(context, environ), notify, seconds)


def areas(context: Context | OmniError, environ: Mapping[str, str] = os.environ) -> tuple[Area, ...]:
    """The areas of a project, whose settings may be unreadable."""
    manifest = _manifest(context)
    home = settings_module.state_folder(Settings(), environ) if isinstance(context, OmniError) else context.home
    return (
        environment.area(models.variables_named(context), environ),
        project.area(context, manifest),
        state.area(home),
        broker.area(context, manifest),
        models.area(context, environ),
        clock.area(models.addresses(context, environ)),
        dagster.area(home, environ),
    )


def _context(
    paths: Sequence[str],
    environment_name: str | None,
    bootstrap_servers: str | None,
    environ: Mapping[str, str],
    folder: Path | None,
) -> Context | OmniError:
    try:
        return resolve(
            paths, environment=environment_name, bootstrap_servers=bootstrap_servers, environ=environ, folder=folder
        )
    except OmniError as error:
        return error


def _manifest(context: Context | OmniError) -> Manifest | OmniError:
    if isinstance(context, OmniError):
        return context
    try:
        return context.manifest()
    except OmniError as error:
        return error
