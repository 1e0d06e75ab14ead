"""YAML nodes as JSON data: what a contract writes out of a JSON schema, or of an example."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import Pairs, is_null

MAX_DEPTH = 60
"""Deepest nesting of collections that becomes data."""

MAX_NODES = 20_000
"""Most nodes that one contract turns into data: an alias multiplies them."""

_SCALARS = "tag:yaml.org,2002:"
_construct = SafeConstructor()


class NotJson(Exception):
    """A node that JSON has no value for; ``str()`` is a clause that says why, ``node`` is where."""

    def __init__(self, reason: str, node: Node) -> None:
        super().__init__(reason)
        self.node = node


class Bounds(NamedTuple):
    """The most values, and the deepest nesting of collections, that become data; ``what`` ends in "hold" or "holds"."""

    values: int
    depth: int
    what: str


OF_A_CONTRACT = Bounds(MAX_NODES, MAX_DEPTH, "schemas and examples of this contract hold")


class JsonData:
    """The data of the nodes of one document, as every YAML loader would read them, within bounds."""

    def __init__(self, pairs_of: Callable[[MappingNode], Pairs], bounds: Bounds = OF_A_CONTRACT) -> None:
        self._pairs_of = pairs_of
        self._bounds = bounds
        self._left = bounds.values

    def of(self, node: Node) -> Any:
        """The JSON value of ``node``: a date stays the text that it is written as. Raises ``NotJson``."""
        return self._value(node, 0)

    def _value(self, node: Node, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise NotJson(f"{self._bounds.what} more than {self._bounds.values:,} values", node)
        if depth > self._bounds.depth:
            raise NotJson(f"it nests deeper than {self._bounds.depth} levels", node)
        if isinstance(node, SequenceNode):
            return [self._value(item, depth + 1) for item in node.value]
        if isinstance(node, MappingNode):
            return {_key(key): self._value(value, depth + 1) for key, value in self._pairs_of(node)}
        if isinstance(node, ScalarNode):
            return _scalar(node)
        raise NotJson("it is no value", node)


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise NotJson("a key of it is no text", node)
    return str(node.value)


def _scalar(node: ScalarNode) -> str | bool | int | float | None:
    if is_null(node):
        return None
    try:
        match node.tag.removeprefix(_SCALARS):
            case "bool":
                return bool(_construct.construct_yaml_bool(node))
            case "int":
                return int(_construct.construct_yaml_int(node))
            case "float":
                number = float(_construct.construct_yaml_float(node))
                if not math.isfinite(number):
                    raise NotJson(f"JSON has no number `{node.value[:20]}`", node)
                return number
    except (ValueError, KeyError, IndexError, OverflowError, ConstructorError):
        raise NotJson(f"`{str(node.value)[:20]}` is no number or truth value", node) from None
    return str(node.value)
