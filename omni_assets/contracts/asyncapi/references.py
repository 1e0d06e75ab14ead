"""What references within a document lead to. Nothing outside of it is ever fetched. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote

from omni_assets.contracts.asyncapi.vocabulary import pointer
from omni_assets.contracts.faults import short

Steps: TypeAlias = tuple[str, ...]
"""The keys, and positions in lists, that lead from the root of the document to a value."""

MOST_HOPS = 20
"""Longest chain of references that is followed."""


class LeadsNowhere(ValueError):
    """A reference that cannot be followed; ``str()`` is a clause that says why."""


class Found(NamedTuple):
    """A value, where it stands, and the places that the references on the way there named, the first one first."""

    value: Any
    at: Steps
    by: tuple[Steps, ...]


class References:
    """The references of one document."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def followed(self, value: Any, at: Steps) -> Found:
        """``value``, which stands ``at`` those steps; or, where it is a reference, what that leads to in the end.

        Raises ``LeadsNowhere``.
        """
        by = [at]
        for _ in range(MOST_HOPS):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return Found(value, at, tuple(by))
            at = steps(reference)
            value = self.value(at)
            by.append(at)
        raise LeadsNowhere(f"more than {MOST_HOPS} references follow one another from `{_shown(by[0])}`")

    def value(self, at: Steps) -> Any:
        """What stands at those steps. Raises ``LeadsNowhere``."""
        found = self._document
        for step in at:
            if isinstance(found, dict) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(found):
                found = found[int(step[:9])]
            else:
                raise LeadsNowhere(f"it refers to `{_shown(at)}`, which is not there")
        return found


def steps(reference: str) -> Steps:
    """The steps of a reference within the document, a URI fragment that is a JSON pointer (RFC 6901, section 6).

    Raises ``LeadsNowhere`` for any other.
    """
    if reference == "#":
        return ()
    if not reference.startswith("#/"):
        raise LeadsNowhere(f"it refers to `{short(reference, 80)}`, and only what is in the document is read")
    return tuple(unquote(each).replace("~1", "/").replace("~0", "~") for each in reference[2:].split("/"))


def _shown(at: Steps) -> str:
    return short(pointer(*at), 80)
