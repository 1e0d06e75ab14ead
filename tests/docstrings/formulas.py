"""A module that computes by a formula says where it is from: a name and a year, an RFC, an address, or "of our own".

A formula is met by the functions and constants that only formulas have: logarithms, roots, powers and the like.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tests.docstrings.source import Finding, Function, Module, document

MATHEMATICAL = frozenset(
    {"exp", "log", "log10", "log1p", "log2", "sqrt", "pow", "gamma", "lgamma", "erf", "comb", "solve", "NormalDist"}
)
LIBRARIES = frozenset({"linalg", "math", "np", "statistics"})
SOURCE = re.compile(r"https?://|\bof our own\b|\bRFC \d+|\bISO \d+|[A-Z][\w'-]+[^.]{0,60}\b(?:1[6-9]|20)\d\d\b")


def unsourced_formulas(modules: Iterable[Module]) -> Iterator[Finding]:
    """A finding for each module with a formula and no source in any of its docstrings."""
    for module in modules:
        found = next(_formulas(module.tree), None)
        if found is not None and not SOURCE.search(_everything_said(module)):
            yield Finding(module.path, found.lineno, "a formula, and no docstring of the module says where it is from")


def _formulas(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MATHEMATICAL and _last(node.value) in LIBRARIES:
            yield node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _is_plain(node):
            yield node


def _is_plain(power: ast.BinOp) -> bool:
    """Whether it is a number of its own or a square, a doubling, or moves a decimal point (``10**digits``)."""
    return isinstance(power.right, ast.Constant) or ast.unparse(power.left) in {"2", "2.0", "10"}


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _everything_said(module: Module) -> str:
    nodes = (each for each in ast.walk(module.tree) if isinstance(each, Function | ast.ClassDef | ast.Module))
    under = (
        each.value.value
        for each in ast.walk(module.tree)
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
    )
    return "\n".join([*map(document, nodes), *under])
