"""The task classes as people write them: a folder with a YAML file each, all of their flaws told together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from omni_assets.contracts.discovery import FILE_NAMES
from omni_assets.contracts.model import Location as Place
from omni_assets.errors import TaskClassUnusable, reason
from omni_assets.router.catalog import Catalog
from omni_assets.router.files.reading import Flaw, Flawed, Loaded, load, near, shown
from omni_assets.router.gates.table import UnknownGate, every_gate, gate_named
from omni_assets.router.prompt import MalformedTemplate, parse
from omni_assets.router.task_class import CloudPolicy, TaskClass
from omni_assets.router.values import Location, OutputFormat

_BUILDS_ON: Mapping[str, str] = MappingProxyType({"learned-scorer": "agreement"})
_ENDINGS = (".yaml", ".yml")


def read_task_classes(folder: str, catalog: Catalog) -> Mapping[str, TaskClass]:
    """The task classes in ``folder`` by name, held against the catalog and the gates that there are.

    Raises ``TaskClassUnusable``.
    """
    loaded, flaws = load_task_classes(folder, catalog)
    if flaws:
        raise TaskClassUnusable(folder, [str(flaw) for flaw in flaws])
    return MappingProxyType({each.name: each for each in loaded})


def load_task_classes(folder: str, catalog: Catalog | None) -> tuple[tuple[TaskClass, ...], tuple[Flaw, ...]]:
    """The classes that can be used, in order of their files, and the flaws of all others.

    Without a catalog, since it has flaws itself, models are not looked up. A folder that holds no class is a flaw.
    """
    classes: list[TaskClass] = []
    flaws: list[Flaw] = []
    try:
        paths = class_paths(folder)
    except OSError as error:
        where = Place(folder)
        return (), (Flaw(where, f"this folder of task classes cannot be listed: {reason(error)}", "add it"),)
    if not paths:
        return (), (Flaw(Place(folder), "this folder holds no task class", "add one, such as `summarization.yaml`"),)
    for path in paths:
        try:
            classes.append(load_task_class(path, catalog))
        except Flawed as error:
            flaws += error.flaws
    return tuple(classes), tuple(flaws)


def class_paths(folder: str) -> list[str]:
    """The files of a folder that hold a task class, by name. Raises ``OSError``."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(_ENDINGS) and not entry.name.startswith(".")]
    return [os.path.join(folder, name) for name in sorted(names)]


def load_task_class(path: str, catalog: Catalog | None) -> TaskClass:
    """The task class in the file at ``path``. Raises ``Flawed``."""
    loaded = load(path, TaskClass)
    flaws = [flaw for check in _CHECKS for flaw in check(loaded, catalog)]
    if flaws:
        raise Flawed(flaws)
    return loaded.value


def _name_flaws(loaded: Loaded[TaskClass], _: Catalog | None) -> Iterator[Flaw]:
    file, name = PurePath(loaded.tree.path), loaded.value.name
    if file.name in FILE_NAMES:
        yield Flaw(loaded.tree.place(), f"a file named {shown(file.name)} holds a node's contract", "rename it")
    elif file.stem != name:
        message = f"the class is named {shown(name)}, and its file {shown(file.name)}"
        yield Flaw(loaded.tree.place("name"), message, f"write `name: {file.stem}`, or rename the file")


def _prompt_flaws(loaded: Loaded[TaskClass], _: Catalog | None) -> Iterator[Flaw]:
    for field in ("system", "user", "request"):
        try:
            parse(getattr(loaded.value.prompt, field) or "")
        except MalformedTemplate as error:
            where = loaded.tree.place_in_text(error.offset, "prompt", field)
            yield Flaw(where, f"`prompt.{field}`: {error}", "write `{name}` for an input, and `{{` or `}}` for a brace")


def _gate_flaws(loaded: Loaded[TaskClass], _: Catalog | None) -> Iterator[Flaw]:
    for index, use in enumerate(loaded.value.gates):
        try:
            gate = gate_named(use.gate)
        except UnknownGate:
            meant = near(use.gate, list(every_gate()))
            fix = f"write {' or '.join(map(shown, meant))}" if meant else "`omni docs` lists the gates"
            yield Flaw(loaded.tree.place("gates", index, "gate"), f"there is no gate {shown(use.gate)}", fix)
            continue
        try:
            gate.parameters.model_validate(dict(use.parameters))
        except ValidationError as error:
            yield from loaded.tree.flaws(error, gate.parameters, "gates", index, "parameters")
        earlier = _BUILDS_ON.get(gate.id)
        if earlier is not None and earlier not in {each.gate for each in loaded.value.gates[:index]}:
            message = f"the gate {shown(gate.id)} builds on {shown(earlier)}, which does not stand before it"
            yield Flaw(loaded.tree.place("gates", index, "gate"), message, f"add {shown(earlier)} before it")


def _model_flaws(loaded: Loaded[TaskClass], catalog: Catalog | None) -> Iterator[Flaw]:
    if catalog is None:
        return
    named: list[tuple[str, tuple[str | int, ...]]] = [
        (model, ("models", index)) for index, model in enumerate(loaded.value.models)
    ]
    if loaded.value.baseline is not None:
        named.append((loaded.value.baseline, ("baseline",)))
    for model, path in named:
        if model not in catalog.models:
            meant = near(model, list(catalog.models))
            fix = f"write {' or '.join(map(shown, meant))}" if meant else "add it to the catalog"
            yield Flaw(loaded.tree.place(*path), f"the catalog has no model {shown(model)}", fix)


def _cloud_flaws(loaded: Loaded[TaskClass], catalog: Catalog | None) -> Iterator[Flaw]:
    task_class = loaded.value
    if catalog is None or task_class.cloud is not CloudPolicy.BLOCKED:
        return
    for index, model in enumerate(task_class.models):
        if _in_the_cloud(model, catalog):
            message = f"the model {shown(model)} is in the cloud, where tasks of this class may not go"
            yield Flaw(loaded.tree.place("models", index), message, "remove it, or let `cloud` be `opt-in`")
    if task_class.baseline is not None and _in_the_cloud(task_class.baseline, catalog) and task_class.audit_share:
        message = f"audits would send tasks to {shown(task_class.baseline)} in the cloud, where they may not go"
        yield Flaw(loaded.tree.place("baseline"), message, "write `audit_share: 0`, or name a local baseline")


def _audit_flaws(loaded: Loaded[TaskClass], _: Catalog | None) -> Iterator[Flaw]:
    task_class = loaded.value
    if task_class.baseline is None and "audit_share" in task_class.model_fields_set and task_class.audit_share:
        message = "answers are to be audited, and there is no `baseline` to compare them with"
        yield Flaw(loaded.tree.place("audit_share"), message, "name a strong model as `baseline`")


def _answer_flaws(loaded: Loaded[TaskClass], _: Catalog | None) -> Iterator[Flaw]:
    task_class, schema = loaded.value, loaded.value.output_schema
    structured = {"answer_key": task_class.answer_key, "output_schema": schema}
    if task_class.output_format is not OutputFormat.JSON:
        for field in (field for field, value in structured.items() if value is not None):
            message = f"`{field}` is for JSON, and `output_format` is `{task_class.output_format}`"
            yield Flaw(loaded.tree.place(field), message, f"write `output_format: json`, or remove `{field}`")
        return
    if schema is None:
        return
    problem = _schema_problem(schema)
    if problem:
        yield Flaw(loaded.tree.place("output_schema"), f"`output_schema` is no JSON schema: {problem}", "mend it")
        return
    properties = schema.get("properties")
    named = list(properties) if isinstance(properties, Mapping) else []
    if task_class.answer_key is not None and named and task_class.answer_key not in named:
        meant = near(task_class.answer_key, named)
        fix = f"write {' or '.join(map(shown, meant))}" if meant else "add it to the schema's `properties`"
        message = f"`answer_key` is {shown(task_class.answer_key)}, which `output_schema` does not name"
        yield Flaw(loaded.tree.place("answer_key"), message, fix)


def _in_the_cloud(model: str, catalog: Catalog) -> bool:
    return model in catalog.models and catalog.location(model) is Location.CLOUD


def _schema_problem(schema: Mapping[str, Any]) -> str:
    """Why a JSON schema is none, or nothing. Without the package that knows, the gate that needs it says so."""
    try:
        from jsonschema import Draft202012Validator, SchemaError
    except ImportError:
        return ""
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        return shown(error.message)
    return ""


_CHECKS = (_name_flaws, _prompt_flaws, _gate_flaws, _model_flaws, _cloud_flaws, _audit_flaws, _answer_flaws)
