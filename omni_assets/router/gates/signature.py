"""A gate that asks whether a definition kept the shape that its callers rely on."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from itertools import chain, zip_longest

from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, NoParameters, failed, passed, unknown
from omni_assets.router.gates.python_code import MOST_CODE, NoPython, python_of, tree_of
from omni_assets.router.task import Task
from omni_assets.router.values import OutputFormat

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef

_KINDS = frozenset({"classmethod", "property", "staticmethod"})


def _signature_preserved(evidence: Evidence, _: NoParameters) -> Judged:
    signature = evidence.task.signature
    if signature is None:
        return unknown("the task has no `signature`")
    wanted = _wanted(signature)
    if not wanted:
        return unknown("the task's `signature` is no Python definition")
    tree = python_of(evidence)
    if isinstance(tree, Judged):
        return tree
    there = _definitions(tree)
    for name, definition in wanted.items():
        if (found := there.get(name)) is None:
            return failed(f"`{name}` is not defined")
        if difference := _difference(definition, found):
            return failed(f"`{name}` (line {found.lineno}) {difference}")
    return passed(f"{', '.join(f'`{name}`' for name in wanted)} as wanted")


def _wanted(signature: str) -> Mapping[str, Definition]:
    """The definitions of a signature, which may stand without bodies."""
    plain = textwrap.dedent(signature).strip()
    for text in (plain, f"{plain} ...", f"{plain}: ..."):
        try:
            return _definitions(tree_of(text)) if len(text) <= MOST_CODE else {}
        except NoPython:
            continue
    return {}


def _definitions(tree: ast.Module) -> Mapping[str, Definition]:
    """Functions and classes by dotted name, those within functions left out; the last of a name counts."""
    found: dict[str, Definition] = {}
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        prefix, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Definition):
                found[f"{prefix}{child.name}"] = child
            if isinstance(child, ast.ClassDef):
                waiting.append((f"{prefix}{child.name}.", child))
            elif isinstance(child, ast.If | ast.Try | ast.With):
                waiting.append((prefix, child))
    return found


def _difference(wanted: Definition, found: Definition) -> str:
    """What is not as wanted, as a predicate; empty where all is."""
    if type(wanted) is not type(found):
        return f"is {_kind(found)} and should be {_kind(wanted)}"
    if isinstance(wanted, ast.ClassDef) or isinstance(found, ast.ClassDef):
        return ""
    if _decorated(wanted) != _decorated(found):
        return f"is {_decorated(found) or 'plain'} and should be {_decorated(wanted) or 'plain'}"
    for one, other in zip_longest(_parameters(wanted.args), _parameters(found.args)):
        if one is None or other is None or one[:2] != other[:2]:
            return f"takes {_shown(found)} and should take {_shown(wanted)}"
        if one[2] is not None and not _same(one[2], other[2]):
            return f"takes `{other[1]}` as another type than `{ast.unparse(one[2])}`"
        if not _same(one[3], other[3]):
            return f"has another default for `{one[1]}`"
    if wanted.returns is not None and not _same(wanted.returns, found.returns):
        return f"gives back another type than `{ast.unparse(wanted.returns)}`"
    return ""


def _parameters(arguments: ast.arguments) -> Iterator[tuple[str, str, ast.expr | None, ast.expr | None]]:
    """Each parameter: how it is passed, its name, its type and its default."""
    positional = [
        *(("positional only", each) for each in arguments.posonlyargs),
        *(("", each) for each in arguments.args),
    ]
    without = len(positional) - len(arguments.defaults)
    for (kind, each), default in zip(positional, chain([None] * without, arguments.defaults), strict=True):
        yield kind, each.arg, each.annotation, default
    if arguments.vararg is not None:
        yield "*", arguments.vararg.arg, arguments.vararg.annotation, None
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield "keyword only", each.arg, each.annotation, default
    if arguments.kwarg is not None:
        yield "**", arguments.kwarg.arg, arguments.kwarg.annotation, None


def _same(one: ast.expr | None, other: ast.expr | None) -> bool:
    return (one and ast.dump(one)) == (other and ast.dump(other))


def _decorated(function: Function) -> str:
    return " ".join(sorted(_KINDS & {each.id for each in function.decorator_list if isinstance(each, ast.Name)}))


def _kind(definition: Definition) -> str:
    if isinstance(definition, ast.ClassDef):
        return "a class"
    return "an async function" if isinstance(definition, ast.AsyncFunctionDef) else "a function"


def _shown(function: Function) -> str:
    return f"`({ast.unparse(function.args)})`"


GATES = (
    Gate(
        id="signature-preserved",
        version=1,
        summary="The definitions of the task's `signature` are there, and are called as before.",
        explanation=(
            "Functions, methods and classes are compared by their dotted names: the order, names, kinds and defaults "
            "of parameters, async or not, static or not. Types are compared where the signature states them. What is "
            "defined besides is the output's own affair. Without a `signature` this is unknown."
        ),
        passes="def retry(call, times=3, *, wait=0.1):\n    return call()",
        fails="def retry(call, attempts=3, *, wait=0.1):\n    return call()",
        parameters=NoParameters,
        judge=_signature_preserved,
        given=Given(
            task=Task(id="example", signature="def retry(call, times=3, *, wait=0.1)"), output_format=OutputFormat.CODE
        ),
    ),
)
