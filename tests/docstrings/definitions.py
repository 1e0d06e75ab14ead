"""Every definition of Dagster is described to the people who meet it in the UI, by its decorator or by a docstring.

Ruff leaves their docstrings alone (``ignore-decorators``): the description is what is read, and Dagster takes the
docstring only where there is none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.docstrings.source import Finding, Module, document, functions

# What describes a definition; specs have descriptions of their own.
DESCRIBING = frozenset({"description", "specs"})


def undescribed_definitions(modules: Iterable[Module]) -> Iterator[Finding]:
    """A finding for each definition that nothing describes."""
    for each in functions(modules):
        if each.definition is not None and not (_describes(each.definition) or document(each.function)):
            yield Finding(each.module.path, each.function.lineno, f"nothing describes the definition `{each.name}`")


def _describes(decorator: ast.Call) -> bool:
    return any(each.arg in DESCRIBING for each in decorator.keywords)
