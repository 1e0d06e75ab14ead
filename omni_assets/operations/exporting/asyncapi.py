"""The contracts of a project as an AsyncAPI document, with the schemas that stand in files of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from omni_assets.contracts.asyncapi.writing import UNTITLED, About, Notation, asyncapi_document, written
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.payloads import payloads, with_schemas
from omni_assets.errors import InputError, reason
from omni_assets.operations.files import write_whole


class Described(NamedTuple):
    """A document as text, how much is in it, and a clause for each topic whose schema it lacks."""

    text: str
    topics: int
    operations: int
    nodes: int
    lacking: tuple[tuple[str, str], ...]


def describe(manifest: Manifest, notation: Notation, about: About = UNTITLED) -> Described:
    """The document over all topics of ``manifest``; files that schemas are in are read now."""
    whole = replace(manifest, contracts=tuple(map(with_schemas, manifest.contracts)))
    document = asyncapi_document(whole, about)
    return Described(
        written(document, notation),
        len(document["channels"]),
        len(document["operations"]),
        len(document["info"].get("tags", ())),
        tuple((topic, each.flaw) for topic, each in payloads(whole).items() if each.flaw),
    )


def write(path: str, text: str) -> None:
    """Write a document whole, in the place of what is at ``path``. Raises ``InputError``."""
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {reason(error)}.", "Make its folder writable, or name another file with -o."
        ) from None
