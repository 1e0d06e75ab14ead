"""What works on a node's records, and after which nodes: the keys ``handler`` and ``after`` of a contract."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from enum import StrEnum

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import Pairs, is_null, place
from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.forms import ANSWERS, REQUESTS
from omni_assets.contracts.merges import Merges
from omni_assets.contracts.model import (
    After,
    Approvals,
    Declaration,
    Finding,
    Handler,
    HandlerKind,
    Location,
    Role,
    Rule,
)
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import HALF_APPROVALS, INVALID_HANDLER, INVALID_ORDER, UNRECORDED_EFFECTS

MOST_NAMES = 100
"""Most effects of a handler, and most nodes that one comes after."""

ANSWER, FAILURE = "routing-complete", "routing-failed"
"""The events that a node of the kind ``router`` has to publish."""

_MOST_SHOWN = 3


class _Field(StrEnum):
    KIND = "kind"
    TASK_CLASS = "task_class"
    ENTRY = "entry"
    EFFECTS = "effects"
    APPROVALS = "approvals"
    SAMPLE = "sample"


_NEEDED = {HandlerKind.LLM: _Field.TASK_CLASS, HandlerKind.PYTHON: _Field.ENTRY}
_BESIDE = {HandlerKind.PYTHON: (_Field.EFFECTS, _Field.APPROVALS, _Field.SAMPLE)}
_APPROVALS = [form.rpartition(".")[2] for form in (REQUESTS, ANSWERS)]
_KINDS = {kind.value: kind for kind in HandlerKind}
_FIELDS = [field.value for field in _Field]


class Handling:
    """The handler and the order that the root of one contract states, with what is wrong with them.

    A handler with a fault is none: nothing works on the node's records until it is mended. ``declared`` is what the
    same contract publishes and subscribes.
    """

    def __init__(
        self,
        path: str,
        pairs: Pairs,
        merges: Merges,
        declared: Sequence[Declaration] = (),
        grammar: Grammar | None = None,
    ) -> None:
        self.handler: Handler | None = None
        self.after: tuple[After, ...] = ()
        self.findings: list[Finding] = []
        self._path = path
        self._merges = merges
        self._declared = declared
        self._grammar = grammar or Grammar()
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
        if kind is None:
            return None
        beside = {field: known.pop(field, None) for field in _BESIDE.get(kind, ())}
        effects = self._names("effects", beside.get(_Field.EFFECTS))
        intents = self._intents(effects)
        approvals = self._approvals(beside.get(_Field.APPROVALS))
        sample = beside.get(_Field.SAMPLE)
        maker = self._needed(node, kind, _Field.SAMPLE, sample) if sample is not None else ""
        needed = _NEEDED.get(kind)
        stated = {needed.value: self._needed(node, kind, needed, known.pop(needed, None))} if needed else {}
        for field, value in known.items():
            self._wrong(value, f"a handler of kind `{kind}` has no `{field}`", "remove it, or mend the kind")
        if kind is HandlerKind.ROUTER:
            self._answers(node)
        if self.findings or not all(stated.values()) or (approvals is not None and not all(approvals)):
            return None
        names = tuple(name for name, _ in effects)
        where = place(self._path, node)
        return Handler(kind, where, effects=names, intents=intents, approvals=approvals, sample=maker, **stated)

    def _answers(self, handler: Node) -> None:
        """A router has topics for its answers and for what no model could do."""
        said = {self._grammar.parse(each.topic).event for each in self._declared if each.role is Role.PUBLISHES}
        for event in (ANSWER, FAILURE):
            if event not in said:
                what = f"a handler of kind `{HandlerKind.ROUTER}` publishes no topic of the event `{event}`"
                self._wrong(handler, what, "publish one")

    def _kind(self, handler: Node, node: Node | None) -> HandlerKind | None:
        text = _text(node) if node is not None else ""
        if text in _KINDS:
            return _KINDS[text]
        what = f"`{short(text)}` is no kind of handler" if node is not None else "the handler does not say its `kind`"
        self._wrong(node or handler, what, "write " + " or ".join(f"`kind: {each}`" for each in HandlerKind))
        return None

    def _needed(self, handler: Node, kind: HandlerKind, field: _Field, node: Node | None) -> str:
        text = _text(node) if node is not None else ""
        if node is None or not text:
            self._wrong(node or handler, f"a handler of kind `{kind}` has to name its `{field}`", f"write `{field}:`")
        elif field is not _Field.TASK_CLASS and not is_entry(text):
            self._wrong(node, f"the {field} `{short(text)}` is no `module:function`", "write `module:function`")
        else:
            return text
        return ""

    def _intents(self, effects: list[tuple[str, Location]]) -> str:
        """The topic where effects are written down first; empty where there is none to write down, or no one topic."""
        if not effects:
            return ""
        published = {each.topic for each in self._declared if each.role is Role.PUBLISHES}
        topics = sorted(each for each in published if self._grammar.is_intent(self._grammar.parse(each).kind))
        if len(topics) == 1:
            return topics[0]
        name, where = effects[0]
        found = f"several: {', '.join(f'`{short(each)}`' for each in topics[:_MOST_SHOWN])}" if topics else "none"
        message = f"the effect `{short(name)}` needs one topic for its intents, and this contract publishes {found}"
        kinds = " or ".join(f"`{kind}`" for kind in self._grammar.intent_kinds)
        fix = "publish one of them" if topics else f"publish a topic of the kind {kinds}"
        self._told(UNRECORDED_EFFECTS, where, message, fix)
        return ""

    def _approvals(self, node: Node | None) -> Approvals | None:
        """The two topics of questions and answers. A name that is none is told where topics are read."""
        if node is None:
            return None
        pairs = self._merges.pairs(node) if isinstance(node, MappingNode) else []
        stated = sorted(str(key.value) for key, value in pairs if not is_null(value))
        known = {each.form: each.topic for each in self._declared}
        requests, answers = known.get(REQUESTS, ""), known.get(ANSWERS, "")
        if stated != sorted(_APPROVALS) or (requests and requests == answers):
            message = "`approvals` does not name two topics, one for questions and one for their answers"
            fix = "write `approvals: {requests: TOPIC, answers: TOPIC}`"
            self._told(HALF_APPROVALS, place(self._path, node), message, fix)
        return Approvals(requests, answers)

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
        self._told(INVALID_HANDLER, place(self._path, node), what, fix)

    def _told(self, rule: Rule, where: Location, what: str, fix: str) -> None:
        message = f"{what}, so nothing works on what this node subscribes."
        self.findings.append(finding(rule, message, where, fix=fix))


def is_entry(text: str) -> bool:
    """Whether a text names a function as ``module:function``, each part a name of Python."""
    module, colon, function = text.partition(":")
    names = (*module.split("."), function)
    return bool(colon) and all(name.isidentifier() and not keyword.iskeyword(name) for name in names)


def _text(node: Node) -> str:
    return str(node.value).strip() if isinstance(node, ScalarNode) and not is_null(node) else ""
