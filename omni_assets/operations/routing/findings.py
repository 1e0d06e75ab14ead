"""What is wrong with the catalog of models and the task classes, as findings. Where a project has neither, nothing is.

The router refuses to start over the same flaws, see ``router.catalog_file`` and ``router.class_files``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, Rule
from omni_assets.contracts.rules import INVALID_CATALOG, INVALID_TASK_CLASS
from omni_assets.settings import Settings, models_path, task_classes_path

if TYPE_CHECKING:
    from omni_assets.router.files.reading import Flaw


def routing_findings(settings: Settings) -> list[Finding]:
    """The flaws of a project's catalog and task classes. Raises ``SettingsError`` where an installed gate is none."""
    if not has_routing(settings):
        return []
    from omni_assets.router.files.catalog_file import load_catalog
    from omni_assets.router.files.class_files import load_task_classes
    from omni_assets.router.files.reading import Flawed

    catalog, found = None, []
    try:
        catalog = load_catalog(models_path(settings)).value
    except Flawed as error:
        found += _findings(INVALID_CATALOG, error.flaws)
    _, flaws = load_task_classes(task_classes_path(settings), catalog)
    return [*found, *_findings(INVALID_TASK_CLASS, flaws)]


def is_about_routing(path: str, settings: Settings) -> bool:
    """Whether a path is the catalog, the folder of task classes or something in it: no contract of a node."""
    real = os.path.realpath(path)
    folder = os.path.realpath(task_classes_path(settings))
    return real in {os.path.realpath(models_path(settings)), folder} or real.startswith(folder + os.sep)


def has_routing(settings: Settings) -> bool:
    """Whether a project has a catalog or task classes, or states where they are."""
    stated = {"models", "task_classes"} & settings.router.model_fields_set
    return bool(stated) or os.path.exists(models_path(settings)) or os.path.exists(task_classes_path(settings))


def _findings(rule: Rule, flaws: Iterable[Flaw]) -> list[Finding]:
    return [finding(rule, f"{flaw.message}.", flaw.location, fix=flaw.fix) for flaw in flaws]
