"""A gate that asks whether what an output names is there: in what the task supplied, in Python, or in the output."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import chain, islice

from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, failed, passed
from omni_assets.router.gates.python_code import python_of
from omni_assets.router.task import Source, Task
from omni_assets.router.values import OutputFormat, Strict

_WORD = re.compile(r"[^\W\d]\w*")
_SPAN = re.compile(r"`([^`\n]{1,200})`")
_IDENTIFIER = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)(?:\(\))?")
_MOST_NAMED = 5
_TYPES = (object, str, bytes, int, float, complex, bool, list, tuple, dict, set, frozenset, range, type, BaseException)
_METHODS = frozenset(chain.from_iterable(dir(each) for each in _TYPES))
_BUILT_IN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__"}
_LITERALS: tuple[tuple[type[ast.expr], type], ...] = (
    (ast.JoinedStr, str),
    (ast.List, list),
    (ast.ListComp, list),
    (ast.Tuple, tuple),
    (ast.Dict, dict),
    (ast.DictComp, dict),
    (ast.Set, set),
    (ast.SetComp, set),
)


class Known(Strict):
    """Top-level modules that count as there, besides those that can be imported where the router runs."""

    modules: tuple[str, ...] = ()


def _identifiers_exist(evidence: Evidence, parameters: Known) -> Judged:
    supplied = _supplied(evidence.task)
    if evidence.task_class.output_format is OutputFormat.CODE:
        tree = python_of(evidence)
        if isinstance(tree, Judged):
            return tree
        missing = _missing(tree, supplied, frozenset(parameters.modules))
    else:
        missing = _missing_in_prose(evidence.output.text, supplied, frozenset(parameters.modules))
    named = [*islice(dict.fromkeys(missing), _MOST_NAMED)]
    return failed(f"not there: {', '.join(named)}") if named else passed()


def _supplied(task: Task) -> frozenset[str]:
    """Every word of what the task supplies that could be an identifier."""
    texts = (
        *task.symbols,
        *task.inputs.values(),
        *(text for source in task.sources for text in (source.id, source.text)),
        task.signature or "",
        task.tests or "",
    )
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _missing_in_prose(text: str, supplied: frozenset[str], modules: frozenset[str]) -> Iterator[str]:
    """What stands between backticks like an identifier, and is none of what there is."""
    known = supplied | _BUILT_IN | _METHODS | modules | {*keyword.kwlist}
    for span in _SPAN.finditer(text):
        if found := _IDENTIFIER.fullmatch(span[1].strip()):
            first, *others = found[1].split(".")
            there = first in known or _importable(first)
            if not there or (first in supplied and not known.issuperset(others)):
                yield f"`{span[1].strip()}`"


def _missing(tree: ast.Module, supplied: frozenset[str], modules: frozenset[str]) -> Iterator[str]:
    bound = frozenset(name for node in ast.walk(tree) for name in _bound(node))
    own = bound | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _stored(node)}
    foreign = {name for node in ast.walk(tree) for name in _imported(node, supplied)}
    names = bound | supplied | modules | _BUILT_IN
    attributes = supplied | own | _METHODS
    selves = frozenset(_selves(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not _there(alias.name, supplied, modules):
                    yield _placed(alias.name, node)
        elif isinstance(node, ast.ImportFrom):
            yield from _missing_imports(node, supplied, modules)
        elif isinstance(node, ast.Name):
            if node.id not in names:
                yield _placed(node.id, node)
        elif isinstance(node, ast.Attribute) and not _stored(node):
            if (kind := _literal(node.value)) is not None:
                if node.attr not in dir(kind):
                    yield _placed(f"{kind.__name__}.{node.attr}", node)
            elif node.attr not in attributes and _is_supplied(node.value, supplied, bound - foreign, selves):
                yield _placed(ast.unparse(node)[:100], node)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds, in whatever scope."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
        case _:
            pass


def _imported(node: ast.AST, supplied: frozenset[str]) -> Iterator[str]:
    """The names that a node imports from what the task supplied: what they have is known."""
    if isinstance(node, ast.ImportFrom) and (node.level or not _importable((node.module or "").partition(".")[0])):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if top in supplied and not _importable(top):
                yield alias.asname or top


def _selves(tree: ast.Module) -> Iterator[str]:
    """``self`` and ``cls``, where every class of the module is made of nothing but what stands in it."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    names = {each.name for each in classes} | {"object"}
    plain = all(
        isinstance(base, ast.Name) and base.id in names for each in classes for base in (*each.bases, *each.keywords)
    )
    if classes and plain and not any(each.decorator_list for each in classes):
        yield from ("self", "cls")


def _is_supplied(base: ast.expr, supplied: frozenset[str], own: frozenset[str], selves: frozenset[str]) -> bool:
    """Whether an expression is dotted names that begin with something that the task supplied, or with ``self``."""
    while isinstance(base, ast.Attribute) and base.attr in supplied:
        base = base.value
    return isinstance(base, ast.Name) and (base.id in selves or (base.id in supplied and base.id not in own))


def _missing_imports(node: ast.ImportFrom, supplied: frozenset[str], modules: frozenset[str]) -> Iterator[str]:
    module = node.module or ""
    if not node.level and not _there(module, supplied, modules):
        yield _placed(module, node)
    elif node.level or not (module.partition(".")[0] in modules or _importable(module.partition(".")[0])):
        for alias in node.names:
            if alias.name != "*" and alias.name not in supplied:
                yield _placed(f"{module}.{alias.name}", node)


def _there(module: str, supplied: frozenset[str], modules: frozenset[str]) -> bool:
    top, *below = module.split(".")
    return top in modules or _importable(top) or (top in supplied and supplied.issuperset(below))


@cache
def _importable(top: str) -> bool:
    """Whether there is a top-level module of that name. It is looked up only, which runs none of its code."""
    try:
        return top.isidentifier() and find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _literal(base: ast.expr) -> type | None:
    if isinstance(base, ast.Constant):
        return type(base.value)
    return next((kind for node, kind in _LITERALS if isinstance(base, node)), None)


def _stored(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def _placed(name: str, node: ast.stmt | ast.expr) -> str:
    return f"`{name}` (line {node.lineno})"


_STORE = Source(
    id="shop/store.py", text="class Store:\n    def find(self, key): ...\n    def put(self, key, item): ...\n"
)

GATES = (
    Gate(
        id="identifiers-exist",
        version=1,
        summary="Nothing is named that neither the task, nor Python, nor the output itself has.",
        explanation=(
            "In Python code: names, imported modules and attributes. A name counts as there if it is built in, bound "
            "in the output, or a word of the task's `symbols`, sources, inputs, signature or tests; a module if it "
            "can be imported where the router runs (which is looked up, never done) or is one of the parameter "
            "`modules`. Attributes are judged where it is known what they belong to: a literal, `self`, or something "
            "that the task supplied. What an importable module has is not looked at. In text and JSON: what stands "
            "between backticks like an identifier. Code in another language is unknown."
        ),
        passes="from shop.store import Store\n\n\ndef has(store, key):\n    return Store.find(store, key) is not None",
        fails="from shop.store import Store\n\n\ndef has(store, key):\n    return Store.contains(store, key)",
        parameters=Known,
        judge=_identifiers_exist,
        given=Given(task=Task(id="example", sources=(_STORE,)), output_format=OutputFormat.CODE),
    ),
)
