"""The catalog as people write it: one YAML file with the endpoints and the models, all of its flaws told together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from omni_assets.errors import CatalogUnusable
from omni_assets.router.calling.addresses import address_flaw, address_variable
from omni_assets.router.catalog import Catalog, Endpoint, Model
from omni_assets.router.files.reading import Flaw, Flawed, Loaded, load, near, shown

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def read_catalog(path: str) -> Catalog:
    """The catalog in the file at ``path``. Raises ``CatalogUnusable``."""
    try:
        return load_catalog(path).value
    except Flawed as error:
        raise CatalogUnusable(path, [str(flaw) for flaw in error.flaws]) from None


def load_catalog(path: str) -> Loaded[Catalog]:
    """The catalog, and where each part of it stands. Raises ``Flawed``."""
    loaded = load(path, Catalog)
    flaws = list(_flaws(loaded))
    if flaws:
        raise Flawed(flaws)
    return loaded


def _flaws(loaded: Loaded[Catalog]) -> Iterator[Flaw]:
    catalog = loaded.value
    for name, endpoint in catalog.endpoints.items():
        for fields, problem, fix in _endpoint_problems(name, endpoint):
            yield Flaw(loaded.tree.place("endpoints", name, *fields), f"the endpoint {shown(name)} {problem}", fix)
    for name, model in catalog.models.items():
        for fields, problem, fix in _model_problems(model, catalog):
            yield Flaw(loaded.tree.place("models", name, *fields), f"the model {shown(name)} {problem}", fix)


def _endpoint_problems(name: str, endpoint: Endpoint) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What is wrong with an endpoint. No message quotes a value: it may be a key that somebody put there."""
    for field in ("base_url_env", "key_env"):
        variable = getattr(endpoint, field)
        if variable is not None and not _VARIABLE.fullmatch(variable):
            fix = "name the variable that holds it, in capitals such as `OPENAI_API_KEY`"
            yield (field,), f"has a `{field}` that is no name of a variable", fix
    flaw = address_flaw(endpoint.base_url) if endpoint.base_url is not None else None
    if flaw is not None:
        fix = "write one such as `https://api.example/v1`, or name the variable that holds it as `base_url_env`"
        yield ("base_url",), f"has a `base_url` that cannot be used: {flaw}", fix
    if endpoint.base_url is None and address_variable(name, endpoint) is None:
        yield (), "has no address", "give it a `base_url`, or a `base_url_env`"


def _model_problems(model: Model, catalog: Catalog) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if model.endpoint not in catalog.endpoints:
        meant = near(model.endpoint, list(catalog.endpoints))
        fix = f"write {' or '.join(map(shown, meant))}" if meant else "add it to `endpoints`"
        yield ("endpoint",), f"is at the endpoint {shown(model.endpoint)}, which is not there", fix
    if model.max_output_tokens is not None and model.max_output_tokens > model.context_window:
        yield ("max_output_tokens",), "may answer with more tokens than its context window holds", "lower it"
