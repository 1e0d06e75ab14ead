"""Names that are nearly the same, ranked, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from omni_assets.contracts.naming import Grammar


class Reason(StrEnum):
    """How two names differ, strongest first: the values are clauses for people ("they differ in …")."""

    SEPARATOR = "`-`, `_` and `.`"


@dataclass(frozen=True, slots=True)
class Near:
    """A known name that is nearly the one that was asked for."""

    name: str
    reason: Reason


class NearNames:
    """An index over known names. Building it takes time linear in them, a question only a few look-ups."""

    def __init__(self, names: Iterable[str], grammar: Grammar | None = None) -> None:
        self._names = tuple(names)
        self._grammar = grammar or Grammar()

    def of(self, name: str, limit: int = 3) -> tuple[Near, ...]:
        """Known names that are nearly ``name``, best first, at most ``limit``; never ``name`` itself.

        ``name`` need not follow the grammar.
        """
        raise NotImplementedError
