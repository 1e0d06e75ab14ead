"""The public functions and classes of a package, each with the texts that speak for it; read off syntax trees alone."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_AS = re.compile(r"\b(?:[Aa]s|what) ``([\w.]+)``")


@dataclass(frozen=True)
class Module:
    """One file. ``name`` is what an import calls it."""

    path: str
    name: str
    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Those of the module itself, by name."""
        return {each.name: each for each in self.tree.body if isinstance(each, Function)}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Those of the module itself, by name."""
        return {each.name: each for each in self.tree.body if isinstance(each, ast.ClassDef)}

    @cached_property
    def imports(self) -> dict[str, str]:
        """The dotted name of everything that is imported from somewhere, by what it is called here."""
        return {
            each.asname or each.name: f"{node.module}.{each.name}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        }

    @cached_property
    def commands(self) -> frozenset[str]:
        """The dotted names of what is given to ``app.command(…)`` or ``app.callback(…)``: their docstring is help."""
        return frozenset(
            self.imports.get(each.id, "") if each.id not in self.functions else f"{self.name}.{each.id}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Call)
            if getattr(node.func.func, "attr", "") in {"callback", "command"}
            for each in node.args
            if isinstance(each, ast.Name)
        )


@dataclass(frozen=True, slots=True)
class Public:
    """A public function, or the function of a public class. ``owner`` is that class.

    ``alike`` is what is said of the function that its docstring refers to by "as ``name``". ``is_command`` says that it
    is one of the command line.
    """

    module: Module
    function: Function
    owner: ast.ClassDef | None = None
    alike: str = ""
    is_command: bool = False

    @property
    def name(self) -> str:
        """``Class.function``, as people write it."""
        return f"{self.owner.name}.{self.function.name}" if self.owner else self.function.name

    @property
    def dotted(self) -> str:
        """Its name as an import would have it."""
        return f"{self.module.name}.{self.name}"

    @property
    def own(self) -> str:
        """Its docstring and what that refers to; of what makes an object, that of the class."""
        if self.owner is not None and self.function.name == "__init__":
            return document(self.owner)
        return f"{document(self.function)}\n{self.alike}"

    @property
    def text(self) -> str:
        """All that is said of it: its docstring, what that refers to, and that of its class."""
        return self.own if self.owner is None else f"{self.own}\n{document(self.owner)}"

    @property
    def definition(self) -> ast.Call | None:
        """The decorator of Dagster that makes a definition of it."""
        decorators = (each for each in self.function.decorator_list if isinstance(each, ast.Call))
        return next((each for each in decorators if ast.unparse(each.func).startswith("dg.")), None)

    @property
    def is_for_people(self) -> bool:
        """Whether its docstring is what people read of a command or of a definition of Dagster, and no programmer."""
        return self.is_command or self.definition is not None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a docstring does not say."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


def read(package: Path) -> tuple[Module, ...]:
    """All modules of a package, in the order of their paths."""
    files = sorted(package.rglob("*.py"))
    return tuple(parse(str(path.relative_to(package.parent)), path.read_text("utf-8")) for path in files)


def parse(path: str, source: str) -> Module:
    """One module. Raises ``SyntaxError``."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return Module(path, ".".join(parts), ast.parse(source, path))


def functions(modules: Iterable[Module]) -> tuple[Public, ...]:
    """The public functions of modules, and the public and special ones of their public classes."""
    known = tuple(modules)
    commands = frozenset().union(*(each.commands for each in known))
    found = [replace(each, is_command=each.dotted in commands) for module in known for each in _functions(module)]
    said: defaultdict[str, list[Public]] = defaultdict(list)
    for each in found:
        for name in {each.name, each.dotted, f"{each.module.name}.{each.function.name}"}:
            said[name].append(each)
    return tuple(replace(each, alike="\n".join(it.text for it in _alike(each, said))) for each in found)


def classes(module: Module) -> Iterator[ast.ClassDef]:
    """The public classes of a module."""
    return (each for name, each in module.classes.items() if is_public(name))


def is_public(name: str) -> bool:
    return not name.startswith("_")


def document(node: Function | ast.ClassDef | ast.Module) -> str:
    """Its docstring; empty where there is none."""
    return ast.get_docstring(node) or ""


def _alike(public: Public, said: Mapping[str, list[Public]]) -> list[Public]:
    """The functions that a docstring refers to, and those that they refer to in turn."""
    found = [public]
    for each in found:
        for name in _AS.findall(each.text):
            at = each.module.imports.get(name, name if "." in name else f"{each.module.name}.{name}")
            found += [it for it in said.get(at, ()) if it not in found]
    return found[1:]


def _functions(module: Module) -> Iterator[Public]:
    for node in module.tree.body:
        if isinstance(node, Function) and is_public(node.name):
            yield Public(module, node)
    for owner in classes(module):
        for node in owner.body:
            if isinstance(node, Function) and (is_public(node.name) or node.name.startswith("__")):
                yield Public(module, node, owner)
