"""A YAML file as a pydantic model, or everything that is wrong with it, each with its place. Pure but for the reading.

The tree comes from ``contracts.document``, which bounds size and depth. Plain scalars are read as YAML 1.2 has them:
only ``true`` and ``false`` are booleans, so that a label such as ``no`` stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import Document, Pairs, Unreadable, compose, place, read
from omni_assets.contracts.merges import Merges
from omni_assets.contracts.model import Location
from omni_assets.contracts.text import visible

MAX_DEPTH = 50
"""Deepest nesting of values that is taken."""

MAX_VALUES = 50_000
"""Most values of one file, an alias counted as all that it stands for."""

M = TypeVar("M", bound=BaseModel)

_YAML = "tag:yaml.org,2002:"
_MERGE = f"{_YAML}merge"
_PLAIN = frozenset(f"{_YAML}{tag}" for tag in ("bool", "float", "int", "merge", "null", "str", "timestamp", "value"))
_QUOTED = frozenset({"'", '"', "|", ">"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(("", "~", "null", "Null", "NULL")),
        **dict.fromkeys(("true", "True", "TRUE"), True),
        **dict.fromkeys(("false", "False", "FALSE"), False),
    }
)
_LONGEST_SHOWN = 60
_LONGEST_NUMBER = 100


class Flaw(NamedTuple):
    """Something that is wrong with a file, as a clause, and what to do about it, as another."""

    location: Location
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.location} {self.message}; {self.fix}"


class Flawed(Exception):
    """Files that cannot be used; carries all of their flaws in order."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(map(str, flaws)))
        self.flaws = tuple(sorted(set(flaws)))


@dataclass(frozen=True, slots=True)
class Tree:
    """A file as YAML nodes. A path leads through keys and positions; parts that the file does not state are passed."""

    path: str
    root: MappingNode
    merges: Merges

    def place(self, *path: str | int) -> Location:
        """Where the value at ``path`` begins, or the nearest one around it that the file states."""
        return place(self.path, self._reach(path).value)

    def place_in_text(self, offset: int, *path: str | int) -> Location:
        """Where the character at ``offset`` of a text stands: its line in a block, else where the text begins."""
        node = self._reach(path).value
        begins = place(self.path, node)
        if not isinstance(node, ScalarNode) or node.style != "|":
            return begins
        return Location(self.path, begins.line + 1 + node.value.count("\n", 0, offset))

    def flaws(self, error: ValidationError, model: type[BaseModel], *under: str | int) -> list[Flaw]:
        """What pydantic says of the value at ``under``, held against ``model``, as flaws."""
        return [self._flaw(each, model, under) for each in error.errors(include_url=False)]

    def _flaw(self, error: Any, model: type[BaseModel], under: tuple[str | int, ...]) -> Flaw:
        kind, location = error["type"], error["loc"]
        reached = self._reach((*under, *location))
        if kind == "missing":
            return Flaw(place(self.path, reached.value), f"{_name(*reached.path, location[-1])} is missing", "add it")
        if kind == "extra_forbidden":
            unknown, fields = str(location[-1]), sorted(_fields(model, location[:-1]))
            meant = " or ".join(shown(each) for each in near(unknown, fields))
            fix = f"write {meant}" if meant else _without(fields)
            return Flaw(place(self.path, reached.key), f"{_name(*reached.path)} is not a field", fix)
        where = reached.key if location[-1:] == ("[key]",) else reached.value
        problem, fix = problem_of(error)
        subject = _name(*reached.path) if reached.path else "this file"
        return Flaw(place(self.path, where), f"{subject} {problem}", fix)

    def _reach(self, path: Sequence[str | int]) -> _Reached:
        reached = _Reached(self.root, self.root, ())
        for part in path:
            step = self._step(reached.value, part)
            if step is not None:
                reached = _Reached(*step, (*reached.path, part))
        return reached

    def _step(self, node: Node, part: str | int) -> tuple[Node, Node] | None:
        """The key and the value of ``part`` in ``node``; ``None`` where it has none."""
        if isinstance(node, MappingNode):
            pairs = self.merges.pairs(node)
            return next((pair for pair in pairs if isinstance(pair[0], ScalarNode) and pair[0].value == part), None)
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part], node.value[part]
        return None


class _Reached(NamedTuple):
    key: Node
    value: Node
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """What a file holds, the tree that it was read from, and the file's bytes."""

    value: M
    tree: Tree
    content: bytes


def load(path: str, model: type[M]) -> Loaded[M]:
    """The model in the file at ``path``. Raises ``Flawed``."""
    try:
        content = read(path)
    except Unreadable as error:
        raise Flawed([_unreadable(error)]) from None
    return loads(path, content, model)


def loads(path: str, content: bytes, model: type[M]) -> Loaded[M]:
    """The model in ``content``, which stands at ``path``. Raises ``Flawed``."""
    try:
        root = compose(path, content)
        if not isinstance(root, MappingNode):
            where = Location(path) if root is None else place(path, root)
            fix = f"begin it with `{next(iter(model.model_fields))}:`"
            raise Flawed([Flaw(where, "this file holds no mapping", fix)])
        tree = Tree(path, root, Merges(Document(path, content, root)))
        values = _Values(tree)
        plain = values.of(root)
    except Unreadable as error:
        raise Flawed([_unreadable(error)]) from None
    try:
        value = model.model_validate(plain)
    except ValidationError as error:
        known = {flaw.location for flaw in values.flaws}
        further = [flaw for flaw in tree.flaws(error, model) if flaw.location not in known]
        raise Flawed([*values.flaws, *further]) from None
    if values.flaws:
        raise Flawed(values.flaws)
    return Loaded(value, tree, content)


def problem_of(error: Any) -> tuple[str, str]:
    """What one of pydantic's errors says of a value, as a clause, and what to do about it, as another."""
    problem, fix = _PROBLEMS.get(error["type"], _OTHERWISE)
    return visible(problem.format_map({"msg": error["msg"], **error.get("ctx", {})})), fix


def near(name: str, known: Sequence[str]) -> list[str]:
    """The names, two at most, that ``name`` is likely to be a slip of."""
    return get_close_matches(name, known, 2)


def shown(value: object) -> str:
    """A value as a message quotes it: on one line, safe to show, and short."""
    text = visible(str(value))
    return f"`{text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + '…'}`"


class _Values:
    """Plain values of YAML nodes. What cannot be taken is noted, and stands as ``None`` meanwhile."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._left = MAX_VALUES
        self.flaws: list[Flaw] = []

    def of(self, node: Node, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Flawed([self._flaw(node, f"this file holds more than {MAX_VALUES:,} values", "split it")])
        if depth > MAX_DEPTH:
            raise Flawed([self._flaw(node, f"values nest deeper than {MAX_DEPTH} levels", "flatten them")])
        if isinstance(node, MappingNode) and node.tag == f"{_YAML}map":
            return self._mapping(node, depth)
        if isinstance(node, SequenceNode) and node.tag == f"{_YAML}seq":
            return [self.of(each, depth + 1) for each in node.value]
        if isinstance(node, ScalarNode) and node.tag in _PLAIN:
            return _scalar(node)
        self.flaws.append(self._flaw(node, f"the tag {shown(node.tag)} is not taken here", "remove it"))
        return None

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        self._check_keys(node.value)
        pairs = self._tree.merges.pairs(node)
        return {key.value: self.of(value, depth + 1) for key, value in pairs if isinstance(key, ScalarNode)}

    def _check_keys(self, pairs: Pairs) -> None:
        first: dict[str, Node] = {}
        for key, _ in pairs:
            if not isinstance(key, ScalarNode):
                self.flaws.append(self._flaw(key, "a list or a mapping stands as a key", "write a text"))
            elif key.tag != _MERGE and first.setdefault(key.value, key) is not key:
                line = place("", first[key.value]).line
                message = f"the key {shown(key.value)} stands twice, before in line {line}"
                self.flaws.append(self._flaw(key, message, "remove one of the two"))

    def _flaw(self, node: Node, message: str, fix: str) -> Flaw:
        return Flaw(place(self._tree.path, node), message, fix)


def _scalar(node: ScalarNode) -> object:
    text = str(node.value)
    if node.style in _QUOTED or node.tag == f"{_YAML}str" or len(text) > _LONGEST_NUMBER:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _unreadable(error: Unreadable) -> Flaw:
    found = error.finding
    return Flaw(found.location, found.message.removesuffix("."), found.fix)


def _name(*path: str | int) -> str:
    return shown("".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip("."))


def _without(fields: Sequence[str]) -> str:
    return f"remove it; there are {', '.join(map(shown, fields))}" if fields else "remove it"


def _fields(kind: Any, path: Sequence[str | int]) -> set[str]:
    """The fields of the models that ``path`` leads to from a type. A part may name a member of a union by its tag."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        if not path:
            return set(fields)
        if path[0] in fields:
            return _fields(fields[str(path[0])].annotation, path[1:])
        return set(fields) if "kind" in fields and path[0] == fields["kind"].default else set()
    rest = path if get_origin(kind) in _TRANSPARENT else path[1:]
    return {name for member in get_args(kind) for name in _fields(member, rest)}


_TRANSPARENT = (Annotated, Union, UnionType)
_OTHERWISE = ("cannot be taken: {msg}", "mend it")
_PROBLEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bool_parsing": ("is neither true nor false", "write one of the two"),
        "bool_type": ("is neither true nor false", "write one of the two"),
        "decimal_max_digits": ("has more than {max_digits} digits", "round it"),
        "decimal_max_places": ("has more than {decimal_places} decimal places", "round it"),
        "decimal_parsing": ("is not a number", "write one, such as `0.25`"),
        "decimal_type": ("is not a number", "write one, such as `0.25`"),
        "dict_type": ("is not a mapping", "write `key: value` below it"),
        "enum": ("is not one of {expected}", "write one of them"),
        "finite_number": ("is not a finite number", "write one, such as `0.25`"),
        "float_parsing": ("is not a number", "write one, such as `0.25`"),
        "float_type": ("is not a number", "write one, such as `0.25`"),
        "frozen_set_type": ("is not a list", "write `[…]`, or `- …` below it"),
        "greater_than": ("is not greater than {gt}", "raise it"),
        "greater_than_equal": ("is less than {ge}", "raise it"),
        "int_from_float": ("is not a whole number", "round it"),
        "int_parsing": ("is not a whole number", "write one, such as `8`"),
        "int_type": ("is not a whole number", "write one, such as `8`"),
        "less_than": ("is not less than {lt}", "lower it"),
        "less_than_equal": ("is greater than {le}", "lower it"),
        "list_type": ("is not a list", "write `[…]`, or `- …` below it"),
        "literal_error": ("is not {expected}", "write that"),
        "mapping_type": ("is not a mapping", "write `key: value` below it"),
        "model_type": ("is not a mapping", "write `key: value` below it"),
        "set_type": ("is not a list", "write `[…]`, or `- …` below it"),
        "string_pattern_mismatch": ("does not match the pattern {pattern}", "write it as the pattern has it"),
        "string_too_long": ("is longer than {max_length} characters", "shorten it"),
        "string_too_short": ("is empty", "write a text"),
        "string_type": ("is not a text", "write one, in quotes where it looks like a number"),
        "tuple_type": ("is not a list", "write `[…]`, or `- …` below it"),
        "union_tag_invalid": ("has a {discriminator} that is not one of {expected_tags}", "write one of them"),
        "union_tag_not_found": ("does not say its {discriminator}", "add it"),
        "value_error": ("{error}", "mend it"),
    }
)
