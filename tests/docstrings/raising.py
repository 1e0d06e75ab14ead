"""Every error that a public function raises itself is named: in its docstring, in that of its class or of its module.

So is one whose kind is named: ``BrokerError`` for ``BrokerRefused``, as whoever catches it would write.

Itself: by a ``raise`` of its own, or of a private function beside it that it calls. What is caught where it is raised
does not count, and neither does what other modules raise: naming that too is left to whoever knows what matters.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from tests.docstrings.source import Finding, Function, Module, document, functions, is_public

# Errors that no docstring need name, and why.
UNNAMED = {
    "BaseException": "the annotation of what makes it says no more",
    "Exception": "the annotation of what makes it says no more",
    "OmniError": "the annotation of what makes it says no more",
    "NotImplementedError": "it marks what a subclass has to bring",
}


def unnamed_errors(modules: Iterable[Module]) -> Iterator[Finding]:
    """A finding for each error of each function that no docstring around it names."""
    known = tuple(modules)
    raising = _Raising(known)
    for public in functions(known):
        if public.is_for_people:  # who meet the errors as sentences
            continue
        said = f"{public.text}\n{document(public.module.tree)}"
        for error in sorted(raising.of(public.module, public.owner, public.function) - UNNAMED.keys()):
            if not any(re.search(rf"\b{kind}\b", said) for kind in raising.kinds(error) - UNNAMED.keys()):
                line = public.function.lineno
                yield Finding(public.module.path, line, f"`{public.name}` raises `{error}`, and nothing says so")


class _Raising:
    """What functions raise, by the names of the errors' classes."""

    def __init__(self, modules: tuple[Module, ...]) -> None:
        self._modules = {each.name: each for each in modules}
        self._bases = {
            name: [_last(base) for base in node.bases] for each in modules for name, node in each.classes.items()
        }
        self._found: dict[Function, frozenset[str]] = {}

    def of(self, module: Module, owner: ast.ClassDef | None, function: Function) -> frozenset[str]:
        """The errors that leave a function, its private neighbours' included."""
        if function not in self._found:
            self._found[function] = frozenset()  # what calls itself raises nothing further by that
            self._found[function] = frozenset(self._leaving(module, owner, function.body, ()))
        return self._found[function]

    def kinds(self, name: str) -> frozenset[str]:
        """An error and all that it is a kind of."""
        return frozenset(self._line(name))

    def _leaving(
        self, module: Module, owner: ast.ClassDef | None, nodes: Iterable[ast.AST], caught: tuple[str, ...]
    ) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, Function | ast.Lambda | ast.ClassDef):
                continue
            if isinstance(node, ast.Try | ast.TryStar):
                inside = (*caught, *(name for each in node.handlers if not _again(each) for name in _handled(each)))
                yield from self._leaving(module, owner, node.body, inside)
                yield from self._leaving(module, owner, [*node.handlers, *node.orelse, *node.finalbody], caught)
                continue
            if isinstance(node, ast.Raise) and node.exc is not None:
                yield from self._uncaught(self._raised(module, owner, node.exc), caught)
            if isinstance(node, ast.With):
                silent = tuple(name for each in node.items for name in _suppressed(each.context_expr))
                yield from self._leaving(module, owner, [each.context_expr for each in node.items], caught)
                yield from self._leaving(module, owner, node.body, (*caught, *silent))
                continue
            if isinstance(node, ast.Call) and (helper := _beside(module, owner, node.func)) is not None:
                yield from self._uncaught(self.of(module, owner, helper), caught)
            yield from self._leaving(module, owner, ast.iter_child_nodes(node), caught)

    def _uncaught(self, errors: Iterable[str], caught: tuple[str, ...]) -> Iterator[str]:
        return (each for each in errors if not self.kinds(each) & set(caught))

    def _raised(self, module: Module, owner: ast.ClassDef | None, raised: ast.expr) -> Iterator[str]:
        if isinstance(raised, ast.IfExp):
            yield from self._raised(module, owner, raised.body)
            yield from self._raised(module, owner, raised.orelse)
        elif isinstance(raised, ast.Call) and (maker := self._maker(module, owner, raised.func)) is not None:
            yield from self._public(_names(maker.returns))
        else:
            yield from self._public(_names(raised.func if isinstance(raised, ast.Call) else raised))

    def _maker(self, module: Module, owner: ast.ClassDef | None, called: ast.expr) -> Function | None:
        """The function that makes an error: ``raise refused(…)``."""
        beside = _beside(module, owner, called)
        if beside is not None or not isinstance(called, ast.Name):
            return beside
        if called.id in module.functions:
            return module.functions[called.id]
        where, _, name = module.imports.get(called.id, "").rpartition(".")
        return self._modules[where].functions.get(name) if where in self._modules else None

    def _public(self, names: Iterable[str]) -> Iterator[str]:
        """The errors among ``names``; a private one counts as the public one that it is a kind of."""
        for name in names:
            if "BaseException" in self.kinds(name):
                yield name if is_public(name) else next(filter(is_public, self._line(name)))
            elif name[:1].isupper() and name not in self._bases and not hasattr(builtins, name):
                yield name  # of another package

    def _line(self, name: str) -> Iterator[str]:
        """A class and those above it, by name, nearest first."""
        yield name
        for base in self._bases.get(name, ()):
            yield from self._line(base)
        built_in = getattr(builtins, name, None)
        if name not in self._bases and isinstance(built_in, type):
            yield from (each.__name__ for each in built_in.__mro__[1:])


def _beside(module: Module, owner: ast.ClassDef | None, called: ast.expr) -> Function | None:
    """The private function of the same module, or of the same class, that a call means."""
    if isinstance(called, ast.Name) and not is_public(called.id):
        return module.functions.get(called.id)
    if isinstance(called, ast.Attribute) and not is_public(called.attr) and _last(called.value) in {"self", "cls"}:
        own = owner.body if owner is not None else []
        return next((each for each in own if isinstance(each, Function) and each.name == called.attr), None)
    return None


def _again(handler: ast.ExceptHandler) -> bool:
    """Whether a handler lets go on what it caught."""
    return any(isinstance(each, ast.Raise) and each.exc is None for each in ast.walk(handler))


def _handled(handler: ast.ExceptHandler) -> list[str]:
    return ["BaseException"] if handler.type is None else _names(handler.type)


def _suppressed(context: ast.expr) -> list[str]:
    if not isinstance(context, ast.Call) or _last(context.func) != "suppress":
        return []
    return [name for each in context.args for name in _names(each)]


def _names(node: ast.expr | None) -> list[str]:
    """The classes that an expression names: ``A``, ``module.A``, ``A.made``, ``(A, B)``, ``A | None``."""
    if isinstance(node, ast.Attribute) and node.attr[:1].isupper():
        return [node.attr]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.findall(r"\w+", node.value)
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)] if node is not None else []


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
