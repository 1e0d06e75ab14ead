"""The endpoints of models: each asked for what it serves, with the key that it wants, which is never shown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from functools import partial

from omni_assets.contracts.text import count
from omni_assets.credentials import Redactor
from omni_assets.errors import CatalogUnusable, ExtraMissing, OmniError
from omni_assets.operations.context import Context
from omni_assets.operations.doctor.examination import (
    Area,
    Checked,
    Question,
    Told,
    examples,
    problem,
    unknown,
    warning,
    well,
)
from omni_assets.operations.doctor.examining import LeftOpen, told_by
from omni_assets.operations.local_model import variables
from omni_assets.router.calling.addresses import LOCAL_ENDPOINT, Address, address, address_variable
from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.catalog import Catalog
from omni_assets.router.files.catalog_file import read_catalog
from omni_assets.router.files.class_files import read_task_classes
from omni_assets.settings import models_path, task_classes_path

CATALOG = Question("models.catalog", "Can the catalog of models be read?")
CLASSES = Question("models.classes", "Can the classes of tasks be read?")

SECONDS_TO_ASK = 10.0
"""The most that an endpoint may take to list its models."""

_REMEDIES: Mapping[Kind, str] = {
    Kind.UNREACHABLE: "Start it, or mend its address in the catalog.",
    Kind.TIMEOUT: "Look whether it is overloaded, or a firewall keeps what is sent there.",
    Kind.RATE_LIMITED: "Ask again later, or raise the limit with whoever runs it.",
    Kind.SERVER_ERROR: "Look what its log says.",
}
_OTHERWISE = "Look whether its address in the catalog is that of an API like OpenAI's."
_LIST_REFUSED: Mapping[Kind, str] = {
    Kind.UNAUTHORIZED: "Look whether {key} holds a key that is good. Some endpoints keep their list from keys that may "
    "ask a model: `omni route run` with one task tells.",
    Kind.NO_SUCH_MODEL: "The address has to end where the API begins, such as https://host/v1. Some endpoints have no "
    "list: `omni route run` with one task tells.",
    Kind.REFUSED: "Some endpoints have no list: `omni route run` with one task tells.",
}
"""What leaves open whether a model can be asked: the list of models is all that is refused."""


def area(context: Context | OmniError, environ: Mapping[str, str] = os.environ) -> Area:
    """Questions about the catalog of a context, and one about each endpoint in it."""
    return Area((CATALOG, CLASSES), partial(_look, context, environ))


def addresses(context: Context | OmniError, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Where the endpoints of the catalog are, by name; those that cannot be asked are left out."""
    catalog = _catalog(context)
    if catalog is None or isinstance(context, OmniError):
        return {}
    known = _addresses(catalog, context, environ)
    return {name: at.base_url for name, at in known.items() if isinstance(at, Address)}


def variables_named(context: Context | OmniError) -> frozenset[str]:
    """The variables that the catalog names for keys and addresses, and those for files that hold them; none where it
    cannot be read."""
    catalog = _catalog(context)
    endpoints = catalog.endpoints.values() if catalog is not None else ()
    named = {name for each in endpoints for name in (each.key_env, each.base_url_env) if name}
    return frozenset({*named, *(f"{name}_FILE" for name in named)})


def _look(context: Context | OmniError, environ: Mapping[str, str]) -> Iterator[Checked]:
    if isinstance(context, OmniError):
        raise LeftOpen("the settings cannot be read")
    if not os.path.lexists(models_path(context.settings)):
        yield Checked(CATALOG, well("there is none, and nothing here asks a model"))
        yield Checked(CLASSES, well("none is needed"))
        return
    try:
        catalog = read_catalog(models_path(context.settings))
    except OmniError as error:
        yield Checked(CATALOG, told_by(error))
        raise LeftOpen("the catalog of models cannot be read") from None
    yield Checked(CATALOG, well(count(len(catalog.models), "model")))
    yield Checked(CLASSES, _classes(context, catalog))
    yield from asyncio.run(_asked(catalog, _addresses(catalog, context, environ)))


def _classes(context: Context, catalog: Catalog) -> Told:
    try:
        classes = read_task_classes(task_classes_path(context.settings), catalog)
    except OmniError as error:
        return told_by(error)
    return well(f"{len(classes)}: {', '.join(sorted(classes))}")


async def _asked(catalog: Catalog, known: Mapping[str, Address | str]) -> list[Checked]:
    """Every endpoint at once, and what came of each."""
    redactor = Redactor(at.key for at in known.values() if isinstance(at, Address) and at.key)
    answers = await asyncio.gather(*(_told(catalog, name, at, redactor) for name, at in known.items()))
    return [
        Checked(Question(f"models.{name}", f"Does the endpoint `{name}` serve what the catalog says?"), told)
        for name, told in zip(known, answers, strict=True)
    ]


async def _told(catalog: Catalog, name: str, at: Address | str, redactor: Redactor) -> Told:
    endpoint = catalog.endpoints[name]
    if isinstance(at, str):
        return warning(f"{at}, so its models are passed over", _way_to(catalog, name))
    try:
        from omni_assets.router.calling.client import Client
    except ImportError:
        error = ExtraMissing("router", "asking a model")
        return unknown(error.message.rstrip("."), error.remedy)
    client = Client(endpoint, at, redactor)
    try:
        served = await client.listing(min(SECONDS_TO_ASK, endpoint.timeout_seconds))
    finally:
        await client.close()
    with_key = f", with the key in {endpoint.key_env}" if endpoint.key_env else ", without a key"
    if isinstance(served, Failed):
        key = endpoint.key_env or "the variable that `key_env` names"
        if (refused := _LIST_REFUSED.get(served.kind)) is not None:
            return warning(f"its list of models: {served.message}{with_key}", refused.format(key=key))
        return problem(f"{served.message}{with_key}", _REMEDIES.get(served.kind, _OTHERWISE))
    if not served:
        return unknown(f"it answers, and lists no model{with_key}", _LIST_REFUSED[Kind.REFUSED])
    wanted = sorted({model.served_name for model in catalog.models.values() if model.endpoint == name})
    missing = [model for model in wanted if model not in served]
    if missing:
        return problem(
            f"it lists no {examples(missing)}{with_key}; it lists {redactor.clause(examples(served))}",
            "Mend `served_name` in the catalog, or have it serve that model.",
        )
    return well(f"it lists {examples(wanted)}{with_key}")


def _addresses(catalog: Catalog, context: Context, environ: Mapping[str, str]) -> Mapping[str, Address | str]:
    known = variables(catalog, context.home, environ)
    return {name: address(name, endpoint, known) for name, endpoint in catalog.endpoints.items()}


def _way_to(catalog: Catalog, name: str) -> str:
    """What makes an endpoint one that can be asked."""
    endpoint = catalog.endpoints[name]
    names = [each for each in (address_variable(name, endpoint), endpoint.key_env) if each]
    way = f"Set {' and '.join(names)}" if names else "State its `base_url` in the catalog"
    return f"{way}, or serve the local model: `omni model serve`." if name == LOCAL_ENDPOINT else f"{way}."


def _catalog(context: Context | OmniError) -> Catalog | None:
    if isinstance(context, OmniError):
        return None
    try:
        return read_catalog(models_path(context.settings))
    except CatalogUnusable:
        return None
