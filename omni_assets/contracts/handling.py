"""What works on a node's records, and after which nodes: the keys ``handler`` and ``after`` of a contract."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from enum import StrEnum

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import Pairs, is_null, place
from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.merges import Merges
from omni_assets.contracts.model import After, Finding, Handler, HandlerKind, Location
from omni_assets.contracts.rules import INVALID_HANDLER, INVALID_ORDER

MOST_NAMES = 100
"""Most effects of a handler, and most nodes that one comes after."""


class _Field(StrEnum):
    KIND = "kind"
    TASK_CLASS = "task_class"
    ENTRY = "entry"
    EFFECTS = "effects"


_NEEDED = {HandlerKind.LLM: _Field.TASK_CLASS, HandlerKind.PYTHON: _Field.ENTRY}
_KINDS = {kind.value: kind for kind in HandlerKind}
_FIELDS = [field.value for field in _Field]


class Handling:
    """The handler and the order that the root of one contract states, with what is wrong with them.

    A handler with a fault is none: nothing works on the node's records until it is mended.
    """

    def __init__(self, path: str, pairs: Pairs, merges: Merges) -> None:
        self.handler: Handler | None = None
        self.after: tuple[After, ...] = ()
        self.findings: list[Finding] = []
        self._path = path
        self._merges = merges
        for key, value in pairs:
            if key.value == "handler" and not is_null(value):
                self.handler = self._handler(value)
            elif key.value == "after" and not is_null(value):
                self.after = tuple(self._after(value))

    def _handler(self, node: Node) -> Handler | None:
        if not isinstance(node, MappingNode):
            self._wrong(node, "`handler` is no mapping", "write `handler:`, and `kind:` below it")
            return None
        known: dict[_Field, Node] = {}
        for key, value in self._merges.pairs(node):
            if key.value not in _FIELDS:
                close = get_close_matches(str(key.value)[:60], _FIELDS, 1)
                fix = f"write `{close[0]}`" if close else "remove it"
                self._wrong(key, f"a handler has no `{short(str(key.value))}`", fix)
            elif not is_null(value):
                known[_Field(key.value)] = value
        kind = self._kind(node, known.pop(_Field.KIND, None))
        effects = self._names("effects", known.pop(_Field.EFFECTS, None))
        if kind is None:
            return None
        needed = _NEEDED[kind]
        stated = self._needed(node, kind, needed, known.pop(needed, None))
        for field, value in known.items():
            self._wrong(value, f"a handler of kind `{kind}` has no `{field}`", "remove it, or mend the kind")
        if self.findings or stated is None:
            return None
        names = tuple(name for name, _ in effects)
        return Handler(kind, place(self._path, node), effects=names, **{needed.value: stated})

    def _kind(self, handler: Node, node: Node | None) -> HandlerKind | None:
        text = _text(node) if node is not None else ""
        if text in _KINDS:
            return _KINDS[text]
        what = f"`{short(text)}` is no kind of handler" if node is not None else "the handler does not say its `kind`"
        self._wrong(node or handler, what, f"write `kind: {HandlerKind.LLM}` or `kind: {HandlerKind.PYTHON}`")
        return None

    def _needed(self, handler: Node, kind: HandlerKind, field: _Field, node: Node | None) -> str | None:
        text = _text(node) if node is not None else ""
        if node is None or not text:
            self._wrong(node or handler, f"a handler of kind `{kind}` has to name its `{field}`", f"write `{field}:`")
        elif field is _Field.ENTRY and not is_entry(text):
            self._wrong(node, f"the entry `{short(text)}` is no `module:function`", "write `module:function`")
        else:
            return text
        return None

    def _names(self, key: str, node: Node | None) -> list[tuple[str, Location]]:
        if node is None:
            return []
        items = node.value if isinstance(node, SequenceNode) else [node]
        for item in items[MOST_NAMES:] or [each for each in items if not _text(each)]:
            self._wrong(item, f"`{key}` is no list of up to {MOST_NAMES} names", f"write `{key}: [name]`")
            return []
        return [(_text(item), place(self._path, item)) for item in items]

    def _after(self, node: Node) -> Iterator[After]:
        items: Iterable[Node] = node.value if isinstance(node, SequenceNode) else [node]
        for number, item in enumerate(items):
            name = _text(item)
            if name and number < MOST_NAMES:
                yield After(name, place(self._path, item))
                continue
            message = f"`after` is no list of up to {MOST_NAMES} nodes, so this is not read."
            fix = "write `after: [name]`"
            self.findings.append(finding(INVALID_ORDER, message, place(self._path, item), fix=fix))
            return

    def _wrong(self, node: Node, what: str, fix: str) -> None:
        message = f"{what}, so nothing works on what this node subscribes."
        self.findings.append(finding(INVALID_HANDLER, message, place(self._path, node), fix=fix))


def is_entry(text: str) -> bool:
    """Whether a text names a function as ``module:function``, each part a name of Python."""
    module, colon, function = text.partition(":")
    names = (*module.split("."), function)
    return bool(colon) and all(name.isidentifier() and not keyword.iskeyword(name) for name in names)


def _text(node: Node) -> str:
    return str(node.value).strip() if isinstance(node, ScalarNode) and not is_null(node) else ""
