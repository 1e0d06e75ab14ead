"""Strings of a Python module by its syntax tree, put together from constants where those are known.

A name counts as a constant where its scope binds it once, to something known, and nothing declares it ``global`` or
``nonlocal``. What is not known stays a placeholder: a value is never guessed. Docstrings are not literals.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from string import Formatter
from typing import TypeAlias

from omni_assets.contracts.source.literals import UNKNOWN, Literal, Looks

Value: TypeAlias = str | int

_LONGEST = 4_096
_PERCENT = re.compile(r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[-+ 0#]*\d*(?:\.\d+)?)(?P<type>[a-zA-Z%])")
_LINE_END = re.compile(r"\r\n|\r|\n")

_NOTHING = ast.Constant(None)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Unparsed(ValueError):
    """The text is not Python that this interpreter can parse."""


@dataclass(frozen=True, slots=True)
class Import:
    """What a name was imported as: ``name`` of ``module``, or the module itself where ``name`` is empty.

    ``level`` counts the dots of a relative import.
    """

    module: str
    level: int
    name: str = ""


Resolve: TypeAlias = Callable[[Import], Value | None]
"""The value of a constant of another module, or ``None`` where it is not known."""


class PythonModule:
    """A parsed module. Raises ``Unparsed``."""

    def __init__(self, text: str, resolve: Resolve) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a doubtful escape in somebody's code is not ours to warn of
                self._tree = ast.parse(text)
            self._lines: list[str] | None = None
            self._text = text
            self._names = _Names(self._tree, resolve)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Unparsed(str(error)) from None

    def literals(self, looks: Looks) -> list[Literal]:
        """Every string that looks like a topic, the longest that can be put together at each place.

        Raises ``Unparsed`` where the code nests too deep.
        """
        reader = _Reader(looks, self._names)
        try:
            reader.read(self._tree)
        except RecursionError as error:
            raise Unparsed(str(error)) from None
        return [Literal(text, node.lineno, self._column(node), named) for text, node, named in reader.found]

    def constant(self, name: str) -> Value | None:
        """The value of a constant of the module (``PREFIX``) or of a class in it (``Names.PREFIX``)."""
        try:
            return self._names.value(name.split("."), (self._names.module,))
        except RecursionError:
            return None

    def constants(self) -> Iterator[tuple[str, Value]]:
        """What other modules may take from this one: its constants by name, and those of its classes by the class's.

        Of the module's own only names in capitals count, as is the custom for constants.
        """
        scopes = [(node.name, scope) for node, scope in self._names.classes.items()]
        for owner, scope in (("", self._names.module), *scopes):
            for name in scope.bound if owner else filter(str.isupper, scope.bound):
                value = self._names.of_scope(scope, name)
                if value is not None:
                    yield owner or name, value

    def _column(self, node: ast.expr) -> int:
        """The column in characters from 1; the parser counts bytes of UTF-8."""
        if self._lines is None:
            self._lines = _LINE_END.split(self._text)
        line = self._lines[node.lineno - 1]
        if line.isascii():
            return node.col_offset + 1
        return len(line.encode("utf-8", "surrogatepass")[: node.col_offset].decode("utf-8", "ignore")) + 1


class _Scope:
    """The names that one module, class or function binds: to an expression, an import, or something unknown."""

    def __init__(self, owner: ast.AST, outer: tuple[_Scope, ...] = ()) -> None:
        self.around = (*outer, self)
        self.of_class = isinstance(owner, ast.ClassDef)
        self.bound: Counter[str] = Counter()
        self.folded: dict[str, Value | None] = {}
        self.values: dict[str, ast.expr | Import | ast.ClassDef] = {}
        if isinstance(owner, _Function):
            arguments = owner.args
            every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
            self.bound.update(each.arg for each in every if each is not None)
        body = owner.body if isinstance(owner, ast.Module | ast.ClassDef | _Function) else []
        pending: list[ast.AST] = [*body] if isinstance(body, list) else [body]
        while pending:
            node = pending.pop()
            self._bind(node)
            if isinstance(node, ast.ClassDef | _Function):
                continue  # a scope of its own
            pending.extend(ast.iter_child_nodes(node))

    def known(self, name: str) -> ast.expr | Import | ast.ClassDef | None:
        """What ``name`` is bound to, where it is bound once."""
        return self.values.get(name) if self.bound[name] == 1 else None

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self.values.update({each.id: value for each in targets if isinstance(each, ast.Name)})
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name)):
                self.bound[name] -= 1  # an annotation alone binds nothing
            case ast.AugAssign(target=ast.Name(id=name)):
                self.bound[name] += 1
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                self.bound[name] += 1
            case ast.ClassDef(name=name):
                self._once(name, node)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self.bound[name] += 1
            case ast.Import(names=names):
                for alias in names:
                    whole = alias.asname is not None or "." not in alias.name
                    module = alias.name if whole else alias.name.partition(".")[0]
                    self._import(alias.asname or module, Import(module, 0))
            case ast.ImportFrom(module=source, names=names, level=level):
                for alias in names:
                    self._import(alias.asname or alias.name, Import(source or "", level, alias.name))
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                self.bound[name] += 1
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                self.bound[name] += 1

    def _import(self, name: str, imported: Import) -> None:
        if isinstance(self.values.get(name), Import) and not imported.name:
            return  # `import acme.names` and `import acme.kinds` bind `acme` alike
        self._once(name, imported)

    def _once(self, name: str, value: Import | ast.ClassDef) -> None:
        self.bound[name] += 1
        self.values[name] = value


class _Names:
    """What names stand for."""

    def __init__(self, tree: ast.Module, resolve: Resolve) -> None:
        self.module = _Scope(tree)
        self.classes = {node: _Scope(node, (self.module,)) for node in tree.body if isinstance(node, ast.ClassDef)}
        self._resolve = resolve
        self._unstable: set[str] = set()
        self._set_from_outside: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Global | ast.Nonlocal):
                self._unstable.update(node.names)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
                self._set_from_outside.add(node.attr)

    def value(self, path: list[str], scopes: tuple[_Scope, ...]) -> Value | None:
        """What a dotted name stands for, seen from the innermost of ``scopes``."""
        name, *rest = path
        scope = next((each for each in reversed(scopes) if each.bound[name]), None)
        if scope is None or name in self._unstable:
            return None
        if not rest:
            return self.of_scope(scope, name)
        known = scope.known(name)
        if isinstance(known, Import):
            return self._of_import(known, rest)
        return self._of_class(known, rest) if isinstance(known, ast.ClassDef) else None

    def of_scope(self, scope: _Scope, name: str) -> Value | None:
        """The value of a name that ``scope`` binds."""
        if name not in scope.folded:
            scope.folded[name] = None  # so that a name made of itself ends here
            known = None if name in self._unstable else scope.known(name)
            if isinstance(known, Import):
                scope.folded[name] = self._resolve(known) if known.name else None
            elif isinstance(known, ast.expr):
                scope.folded[name] = self._constant(known, scope.around)
        return scope.folded[name]

    def _of_import(self, imported: Import, rest: list[str]) -> Value | None:
        if imported.name:  # `from acme import names`, or a class of another module
            inner = Import(f"{imported.module}.{imported.name}".lstrip("."), imported.level, ".".join(rest))
            value = self._resolve(inner)
            return (
                value
                if value is not None
                else self._resolve(Import(imported.module, imported.level, f"{imported.name}.{'.'.join(rest)}"))
            )
        for cut in range(len(rest) - 1, -1, -1):
            module = ".".join([imported.module, *rest[:cut]])
            value = self._resolve(Import(module, imported.level, ".".join(rest[cut:])))
            if value is not None:
                return value
        return None

    def _of_class(self, node: ast.ClassDef, rest: list[str]) -> Value | None:
        scope, name = self.classes.get(node), rest[0]
        bases = [ast.unparse(base) for base in node.bases]
        enum = any("Enum" in base and not base.endswith("StrEnum") for base in bases)
        as_value = rest[1:] == ["value"]
        if scope is None or name in self._set_from_outside or not (len(rest) == 1 or as_value):
            return None
        if enum and not as_value:
            return None  # how such a member is written differs from one Python to the next
        return self.of_scope(scope, name)

    def _constant(self, node: ast.expr, scopes: tuple[_Scope, ...]) -> Value | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return node.value
        pieces = list(_Folder(self, scopes).pieces(node))
        if any(isinstance(piece, ast.expr) for piece in pieces):
            return None
        return "".join(piece for piece in pieces if isinstance(piece, str))


_Piece: TypeAlias = str | ast.expr
"""A part of a string: its text, or the expression that it is not known of."""


class _Folder:
    """Puts strings together, as they are seen in ``scopes``."""

    def __init__(self, names: _Names, scopes: tuple[_Scope, ...]) -> None:
        self._names = names
        self._scopes = scopes

    def pieces(self, node: ast.expr) -> list[_Piece]:
        """The parts of what ``node`` evaluates to; ``node`` itself where nothing of it is known."""
        found = self._pieces(node)
        return found if sum(len(each) for each in found if isinstance(each, str)) <= _LONGEST else [node]

    def _pieces(self, node: ast.expr) -> list[_Piece]:
        match node:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.JoinedStr(values=values):
                return [piece for value in values for piece in self.pieces(value)]
            case ast.FormattedValue(value=value, conversion=-1 | 115, format_spec=None):
                return self._formatted(value)
            case ast.FormattedValue(value=value):
                return [value]
            case ast.BinOp(op=ast.Add()):
                return [piece for operand in _operands(node) for piece in self.pieces(operand)]
            case ast.BinOp(op=ast.Mod(), left=left, right=right):
                return self._percent(self.pieces(left), right) or [node]
            case ast.Call(func=ast.Attribute(attr="format", value=template)):
                return self._format(self.pieces(template), node) or [node]
            case ast.Call(func=ast.Attribute(attr="join", value=separator), args=[ast.List() | ast.Tuple() as items]):
                return self._join(self.pieces(separator), items.elts) or [node]
            case ast.Call(func=ast.Name(id="str"), args=[value], keywords=[]):
                return self._formatted(value)
            case ast.Name() | ast.Attribute():
                known = self._value(node)
                return [known] if isinstance(known, str) else [node]
        return [node]

    def _value(self, node: ast.expr) -> Value | None:
        path = _path(node)
        return self._names.value(path, self._scopes) if path else None

    def _formatted(self, node: ast.expr) -> list[_Piece]:
        """What ``node`` becomes as text: numbers too."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return [str(node.value)]
        if isinstance(node, ast.Name | ast.Attribute):
            value = self._value(node)
            return [node] if value is None else [str(value)]
        return self.pieces(node)

    def _percent(self, template: list[_Piece], right: ast.expr) -> list[_Piece]:
        text = _text_of(template)
        if text is None:
            return []
        given = iter(right.elts if isinstance(right, ast.Tuple) else [right])
        keyed = _items(right) if isinstance(right, ast.Dict) else {}
        found: list[_Piece] = []
        at = 0
        for match in _PERCENT.finditer(text):
            found.append(text[at : match.start()])
            at = match.end()
            if match["type"] == "%":
                found.append("%")
                continue
            value = keyed.get(match["key"]) if match["key"] is not None else next(given, None)
            plain = value is not None and not match["flags"] and match["type"] in "sdi"
            found += self._formatted(value) if plain and value is not None else [value or _NOTHING]
        return [*found, text[at:]]

    def _format(self, template: list[_Piece], call: ast.Call) -> list[_Piece]:
        text = _text_of(template)
        if text is None:
            return []
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        starred = any(isinstance(each, ast.Starred) for each in call.args)
        found: list[_Piece] = []
        position = 0
        try:
            fields = list(Formatter().parse(text))
        except ValueError:
            return []
        for literal, field, spec, conversion in fields:
            found.append(literal)
            if field is None:
                continue
            name = field or str(position)
            position += not field
            value = keywords.get(name)
            if name.isdecimal() and not starred and int(name) < len(call.args):
                value = call.args[int(name)]
            plain = value is not None and not spec and conversion in (None, "s")
            found += self._formatted(value) if plain and value is not None else [value or _NOTHING]
        return found

    def _join(self, separator: list[_Piece], items: list[ast.expr]) -> list[_Piece]:
        text = _text_of(separator)
        if text is None:
            return []
        found: list[_Piece] = []
        for position, item in enumerate(items):
            found += [text] if position else []
            found += self.pieces(item)
        return found


class _Reader:
    """Walks a module with the scopes that hold at each place."""

    def __init__(self, looks: Looks, names: _Names) -> None:
        self.found: list[tuple[str, ast.expr, bool]] = []
        self._looks = looks
        self._names = names

    def read(self, tree: ast.Module) -> None:
        self._all(tree.body, (self._names.module,))

    def _all(self, nodes: Iterable[ast.AST], scopes: tuple[_Scope, ...]) -> None:
        for node in nodes:
            self._one(node, scopes)

    def _one(self, node: ast.AST, scopes: tuple[_Scope, ...]) -> None:
        match node:
            case ast.Expr(value=ast.Constant()):
                return  # a docstring, or a remark in the shape of one
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                # A class's names are not seen in its methods.
                outer = tuple(each for each in scopes if not each.of_class)
                self._all(ast.iter_child_nodes(node), _Scope(node, outer).around)
            case ast.ClassDef():
                scope = self._names.classes.get(node) or _Scope(node, scopes)
                self._all(ast.iter_child_nodes(node), scope.around)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_text(value):
                self._text(value, scopes, named=True)
            case ast.expr() if _is_text(node):
                self._text(node, scopes, named=False)
            case _:
                self._all(ast.iter_child_nodes(node), scopes)

    def _text(self, node: ast.expr, scopes: tuple[_Scope, ...], named: bool) -> None:
        pieces = _Folder(self._names, scopes).pieces(node)
        text = "".join(each if isinstance(each, str) else _label(each) for each in pieces)
        if self._looks(text):
            self.found.append((text, node, named))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            self._all(_operands(node), scopes)
            return
        elif not isinstance(node, ast.Constant | ast.JoinedStr):
            self._all(ast.iter_child_nodes(node), scopes)
            return
        for piece in pieces:
            if isinstance(piece, ast.expr) and piece is not node:
                self._one(piece, scopes)


def _is_text(node: ast.expr) -> bool:
    """Whether ``node`` is a string, or puts one together."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, str)
        case ast.JoinedStr() | ast.BinOp(op=ast.Add() | ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join")):
            return True
    return False


def _operands(node: ast.expr) -> list[ast.expr]:
    """The terms of a sum, from left to right: a chain of thousands nests as deep."""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _path(node: ast.expr) -> list[str]:
    """``a.b.c`` as its names; empty where something else stands in front."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def _items(node: ast.Dict) -> dict[object, ast.expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}


def _label(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return f"{{{name}}}"
    return UNKNOWN


def _text_of(pieces: list[_Piece]) -> str | None:
    text = [each for each in pieces if isinstance(each, str)]
    return "".join(text) if len(text) == len(pieces) else None
