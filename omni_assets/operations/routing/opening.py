"""A router for a project: its catalog and classes, what its receipts teach, and its budget."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from pydantic import ValidationError

from omni_assets.credentials import IN_FILE, secret
from omni_assets.errors import ExtraMissing
from omni_assets.operations.context import Context
from omni_assets.operations.local_model import variables
from omni_assets.projection.store import Projection
from omni_assets.router.classifying import classifier
from omni_assets.router.files.catalog_file import read_catalog
from omni_assets.router.files.class_files import read_task_classes
from omni_assets.router.learning.learned import Learned, learn
from omni_assets.router.learning.training import LEAST_EXAMPLES, train
from omni_assets.router.money.budget import BUDGET_FILE, Budget
from omni_assets.router.planning import Planner
from omni_assets.router.receipt import Receipt, read_receipt
from omni_assets.router.runtime import Done, Router
from omni_assets.router.task_class import TaskClass
from omni_assets.settings import models_path, task_classes_path

MOST_LEARNT = 5_000
"""Receipts that are learnt from, the newest: older ones tell of models and prompts that are gone."""


def planner(context: Context) -> Planner:
    """What plans the tasks of a project. Raises ``CatalogUnusable`` and ``TaskClassUnusable``."""
    catalog = read_catalog(models_path(context.settings))
    classes = read_task_classes(task_classes_path(context.settings), catalog)
    return Planner(catalog, classes, classifier())


def learned(context: Context) -> Learned:
    """What the remembered receipts teach. Raises ``StateError``."""
    return learn(_receipts(context))


def taught(context: Context, classes: Iterable[TaskClass]) -> Learned:
    """What the remembered receipts teach, with the scorer and the plans for these classes where enough of them tell
    which answers were right, and the extra ``learn`` is there. It takes seconds. Raises ``StateError``.
    """
    known = learned(context)
    if len(known.examples()) >= LEAST_EXAMPLES:
        with suppress(ExtraMissing):
            train(known, {each.max_escalations + 1 for each in classes})
    return known


@contextmanager
def budget(context: Context) -> Iterator[Budget]:
    """The budget of a project, shared by all of its processes. Raises ``BudgetUnusable``."""
    opened = Budget(context.home / BUDGET_FILE, context.settings.router.budget)
    try:
        yield opened
    finally:
        opened.close()


def environment(project: Planner, context: Context, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The variables that endpoints are found by: those of the process, their keys that stand in files, and where the
    local model is served. Raises ``SettingsError`` where such a file cannot be used.
    """
    wanted = (each.key_env for each in project.catalog.endpoints.values() if each.key_env)
    in_files = {name: secret(name, environ) for name in wanted if environ.get(name + IN_FILE)}
    return variables(project.catalog, context.home, {**environ, **in_files} if in_files else environ)


@asynccontextmanager
async def opened(
    context: Context,
    record: Callable[[Done], None] = lambda _: None,
    environ: Mapping[str, str] = os.environ,
) -> AsyncIterator[Router]:
    """The project's router, open. ``record`` is given what became of each task as soon as it is known.

    Raises ``CatalogUnusable``, ``TaskClassUnusable``, ``BudgetUnusable``, ``StateError`` and ``ExtraMissing``.
    """
    project = planner(context)
    with budget(context) as money:
        router = Router(
            project,
            await asyncio.to_thread(taught, context, project.classes.values()),
            money,
            environment(project, context, environ),
            record=record,
            store_text=context.settings.router.store_text,
        )
        async with router:
            yield router


def _receipts(context: Context) -> Iterator[Receipt]:
    """The newest receipts, oldest first. One of another version teaches nothing."""
    for document in reversed(Projection(context.home).receipt_documents(MOST_LEARNT)):
        with suppress(ValidationError):
            yield read_receipt(document)
