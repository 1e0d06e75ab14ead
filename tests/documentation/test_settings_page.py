"""docs/settings.md has a row for each key that there is, none that there is not, and the defaults that hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from omni_assets.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
TOLD_AS_ONE = frozenset(
    {
        "environments.<name>.reconcile",
        *(f"reconcile.{what}" for what in ("partitions", "replication_factor", "missing", "orphaned")),
    }
)
"""Tables whose keys are told in one row."""

LAYERED = frozenset({"defaults.<kind>.partitions"})
"""Keys whose value without them comes from a layer below, not from the model."""

OF_WHAT = {"config": "<key>", "defaults": "<kind>", "environments": "<name>"}
"""What the keys of a table stand for that holds a table for each of something."""


def rows() -> dict[str, str]:
    """What holds without it, for each key of the first table."""
    section = PAGE.partition("## The file")[2].partition("\n## ")[0]
    return {row[0]: row[1].strip() for row in re.findall(r"^\| `([^`]+)` \|.*\| (.*) \|$", section, re.MULTILINE)}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a model by its path, tables and what is in them alike."""
    for name, field in model.model_fields.items():
        if not field.exclude:
            path = prefix + name
            yield path, field
            within = inner(field.annotation)
            if within is not None and path not in TOLD_AS_ONE:
                below, model_below = within
                yield from keys(model_below, path + below.format(OF_WHAT.get(name)) + ".")


def inner(annotation: Any) -> tuple[str, type[BaseModel]] | None:
    """The model within an annotation, and how a path goes on to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "", annotation
    models = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
    if not models:
        return None
    return ("[]" if annotation.__origin__ is tuple else ".{}"), models[0]


KEYS = dict(keys(Settings))


def test_every_row_is_a_key() -> None:
    named = {f"{prefix}.{of}" for prefix, of in (("defaults", "<kind>"), ("environments", "<name>"))}
    assert rows().keys() - named <= KEYS.keys()


def test_every_key_that_holds_a_value_has_a_row() -> None:
    tables = {path for path, field in KEYS.items() if inner(field.annotation) and path not in TOLD_AS_ONE}
    assert KEYS.keys() - tables <= rows().keys()


def stated() -> list[tuple[str, str]]:
    """The keys whose row states one value as TOML."""
    told = ((key, without.strip("`")) for key, without in rows().items() if re.fullmatch(r"`[^`]+`|[\d.]+", without))
    return [(key, text) for key, text in told if key in KEYS and key not in TOLD_AS_ONE | LAYERED]


@pytest.mark.parametrize(("key", "text"), stated(), ids=[key for key, _ in stated()])
def test_what_holds_without_it_is_the_default(key: str, text: str) -> None:
    field = KEYS[key]
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    taken: Any = TypeAdapter(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)
    assert taken.validate_python(value) == field.get_default(call_default_factory=True)


def test_a_topic_has_as_many_partitions_as_the_page_says_without_any_settings() -> None:
    assert rows()["defaults.<kind>.partitions"] == str(Settings().defaults_of("evt").partitions)


def test_most_defaults_are_stated() -> None:
    assert len(stated()) >= 20
