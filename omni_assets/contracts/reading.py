"""One walk over one document, beside the tree of forms.

Every string that looks like a topic is either a declaration or a finding. The walk is iterative and visits a shared
node (a YAML alias) once for each form that reaches it, so neither depth nor alias bombs matter. A text that only
mentions topics is prose.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts import faults
from omni_assets.contracts.document import Document, Pairs, Unreadable, is_null, place
from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.forms import Form, Party, Step
from omni_assets.contracts.handling import Handling
from omni_assets.contracts.json_data import JsonData
from omni_assets.contracts.mentions import Mention, Mentions
from omni_assets.contracts.merges import Merges
from omni_assets.contracts.model import (
    NO_SETTINGS,
    Contract,
    Declaration,
    Finding,
    Location,
    Outside,
    Payload,
    Role,
    TopicSettings,
)
from omni_assets.contracts.naming import Grammar, InvalidName, is_template
from omni_assets.contracts.payloads import KEYS as PAYLOAD_KEYS
from omni_assets.contracts.payloads import read_payload
from omni_assets.contracts.rules import UNREADABLE
from omni_assets.contracts.terminal import terminal_findings
from omni_assets.contracts.topic_settings import is_setting, read_settings

MAX_FINDINGS = 10_000
"""Most findings of one contract: beyond, something that is no contract was read as one."""

MAX_SETTINGS = 50_000
"""Most keys that the mappings of one contract's topics may hold together: an alias multiplies them."""

MAX_NAME, MAX_DESCRIPTION = 120, 500
"""Most characters that are kept of a node's name, and of what it is for."""

_NAME_KEYS = ("node_name", "name", "node", "contract_name")
_BOOLEAN = "tag:yaml.org,2002:bool"
_MERGE = "tag:yaml.org,2002:merge"
_FALSE = frozenset({"false", "no", "off"})
_LONGEST_PATH = 160

_Trail: TypeAlias = "tuple[_Trail, str] | None"
_Stack: TypeAlias = list[tuple[Node, Step | None, _Trail]]


class Reading:
    """What one document declares, and what is wrong with it."""

    def __init__(self, document: Document, grammar: Grammar, forms: Step) -> None:
        self.path = document.path
        self.root = document.root
        self.grammar = grammar
        self.forms = forms
        self.node = _node_name(document)
        self.description = _text_of(document, "description", MAX_DESCRIPTION)
        self.merges = Merges(document)
        self.mentions = Mentions(grammar)
        self.needle = grammar.prefix.lower()
        self.declarations: list[Declaration] = []
        self.misnamed: list[Declaration] = []
        self.outside: list[Outside] = []
        self.findings: dict[Finding, None] = {}
        self.taken: set[int] = set()
        self.unread: dict[int, tuple[Node, _Trail]] = {}
        self.settled: set[tuple[int, str, Role]] = set()
        self.settings_left = MAX_SETTINGS
        self.data = JsonData(self.merges.pairs)
        self.payloads: list[Payload] = []

    def contract(self, digest: str) -> Contract:
        """What was read. Raises ``Unreadable`` where the contract goes beyond a bound."""
        self._walk()
        self._report_unread()
        for each in terminal_findings(self.declarations, self.grammar):
            self._found(each)
        handling = Handling(
            self.path, self.merges.pairs(self.root), self.merges, _in_place(self.declarations), self.grammar
        )
        for each in handling.findings:
            self._found(each)
        if handling.handler is not None and all(each.role is not Role.SUBSCRIBES for each in self.declarations):
            self._found(faults.idle(self.node, handling.handler.location))
        if handling.handler is not None and handling.handler.intents:
            # The workers of the node read them, and they are no records to work on.
            self.outside.append(Outside(handling.handler.intents, Role.SUBSCRIBES, handling.handler.location))
        return Contract(
            self.node,
            place(self.path, self.root),
            _in_place(self.declarations),
            in_order(list(self.findings)),
            digest,
            _in_place(self.misnamed),
            tuple(sorted(self.outside, key=lambda each: (each.location, each.topic, each.role))),
            handling.handler,
            handling.after,
            tuple(sorted(self.payloads, key=lambda each: (each.location, each.topic))),
            self.description,
        )

    def _walk(self) -> None:
        seen: set[tuple[int, int]] = set()
        checked: set[int] = set()
        stack: _Stack = [(self.root, self.forms, None)]
        while stack:
            node, step, trail = stack.pop()
            mark = (id(node), id(step))
            if mark in seen:
                continue
            seen.add(mark)
            if type(node) is MappingNode:
                if id(node) not in checked:
                    checked.add(id(node))
                    self._check_duplicates(node.value)
                self._walk_mapping(node, step, trail, stack)
            elif type(node) is SequenceNode:
                self._walk_sequence(node, step, trail, stack)
            elif type(node) is ScalarNode:
                self._look_at(node, trail)

    def _walk_mapping(self, node: MappingNode, step: Step | None, trail: _Trail, stack: _Stack) -> None:
        needle = self.needle
        steps = step.keys if step is not None else _NO_STEPS
        topics = step.topics if step is not None else None
        silent = PAYLOAD_KEYS if step is not None and step.holds_settings else _NO_KEYS
        pairs = self.merges.pairs(node)
        if pairs is not node.value:
            # What a merged mapping holds is read through the pairs; what an own key overrides is looked at still.
            stack.extend((value, None, (trail, "<<")) for key, value in node.value if key.tag == _MERGE)
        for key_node, value in pairs:
            if type(key_node) is not ScalarNode:
                stack.append((key_node, None, (trail, "?")))
                stack.append((value, None, (trail, "?")))
                continue
            key = key_node.value
            if key in silent:
                continue
            if needle in key.lower() or not key.isascii():
                self._look_at(key_node, trail)
            child = steps.get(key)
            if topics is not None and child is None:
                child = self._take_key(key_node, value, topics)
            if type(value) is not ScalarNode:
                stack.append((value, child, (trail, key)))
            elif child is not None:
                self._take(value, child, step, node, (trail, key))
            elif needle in value.value.lower() or not value.value.isascii():
                self._look_at(value, (trail, key))
        if step is not None and not step.generic and not step.holds_mapping and node.value:
            self._found(faults.misplaced(step, _key_path(trail), "a mapping", place(self.path, node)))

    def _walk_sequence(self, node: SequenceNode, step: Step | None, trail: _Trail, stack: _Stack) -> None:
        needle = self.needle
        child = step.items if step is not None else None
        for index, value in enumerate(node.value):
            if type(value) is not ScalarNode:
                stack.append((value, child, (trail, f"[{index}]")))
                if child is not None and type(value) is MappingNode:
                    self._check_item(value, child, (trail, f"[{index}]"))
            elif child is not None:
                self._take(value, child, None, None, (trail, f"[{index}]"))
            elif needle in value.value.lower() or not value.value.isascii():
                self._look_at(value, (trail, f"[{index}]"))
        if step is not None and child is None and not step.generic and node.value:
            self._found(faults.misplaced(step, _key_path(trail), "a list", place(self.path, node)))

    def _check_item(self, item: MappingNode, step: Step, trail: _Trail) -> None:
        """An item that names no topic is lost with all that it states, unless what it holds is reported by itself."""
        if not step.holds_settings:
            return
        pairs = self.merges.pairs(item)
        if any(self._names_a_topic(step.keys.get(key.value), value) for key, value in pairs if type(key) is ScalarNode):
            return
        described = step.form is None or step.form.lenient
        if described and not any(is_setting(key.value) for key, _ in pairs):
            return  # an event that is described, and that never goes over the bus
        if any(type(value) is ScalarNode and self.mentions.alone(value.value) for _, value in pairs):
            return
        self._found(faults.nameless(step, _key_path(trail), place(self.path, item)))

    def _names_a_topic(self, step: Step | None, value: Node) -> bool:
        if step is None or step.form is None or step.form.party is Party.OUTSIDE:
            return False
        return not step.form.lenient or (type(value) is ScalarNode and self.mentions.sole(value.value) is not None)

    def _look_at(self, node: ScalarNode, trail: _Trail) -> None:
        if self.mentions.alone(node.value):
            self.unread.setdefault(id(node), (node, trail))

    def _check_duplicates(self, pairs: Pairs) -> None:
        if len({key.value for key, _ in pairs if type(key) is ScalarNode}) == len(pairs):
            return
        first: dict[tuple[str, str], Node] = {}
        for key, _ in pairs:
            if type(key) is not ScalarNode:
                continue
            known = first.setdefault((key.tag, key.value), key)
            if known is not key:
                self._found(faults.duplicate_key(key.value, place(self.path, key), place(self.path, known)))

    def _take_key(self, key: ScalarNode, value: Node, step: Step) -> Step | None:
        """Reads a key as a topic. Gives what forms say of the mapping below it, or ``None`` where there is none."""
        mapping = value if type(value) is MappingNode else None
        described = mapping is not None or is_null(value)
        if step.form is not None and (described or self.mentions.sole(key.value) is not None):
            self._name(key, step.form, step, mapping)
        return step if mapping is not None else None

    def _take(
        self, value: ScalarNode, step: Step, above: Step | None, mapping: MappingNode | None, trail: _Trail
    ) -> None:
        """Reads a scalar where the forms lead; ``mapping`` is where it stands, unless that is a list."""
        form = step.form
        if form is None and not step.generic:
            self._misplaced_scalar(value, step, trail)
        elif form is None or (form.lenient and self.mentions.sole(value.value) is None):
            self._look_at(value, trail)
        elif not is_null(value) or mapping is None:
            self._name(value, form, above, mapping)

    def _name(self, node: ScalarNode, form: Form, step: Step | None, mapping: MappingNode | None) -> None:
        """A name in its form; ``mapping`` and ``step`` are where its settings and marks stand."""
        self.taken.add(id(node))
        location = place(self.path, node)
        text = node.value
        if not self.grammar.matches(text):
            mention = self.mentions.sole(text) or Mention(text, text)
            text = mention.name
            if mention.disguised or not self.grammar.matches(text):
                self._misnamed(mention, form, location)
                return
            if mention.placeholders:
                self._found(faults.environment_prefix(mention, location))
        if form.party is Party.OUTSIDE:
            self.outside.append(Outside(text, form.role, location))
            return
        settings = self._settings(form, mapping, text)
        self.declarations.append(Declaration(text, form.role, self.node, form.path, location, settings))
        if form.with_people:
            self.outside.append(Outside(text, form.role.other, location))
        if step is not None and mapping is not None and step.marks:
            self._marks(text, step, mapping)

    def _marks(self, topic: str, step: Step, mapping: MappingNode) -> None:
        for key, value in self._pairs_within_bounds(mapping):
            mark = step.marks.get(key.value) if type(key) is ScalarNode else None
            if mark is not None and _stated(value):
                self.outside.append(Outside(topic, mark.role, place(self.path, key)))

    def _misnamed(self, mention: Mention, form: Form, location: Location) -> None:
        if mention.disguised:
            name = mention.written
            self._found(faults.look_alike(name, self.grammar, location))
        else:
            name = mention.name
            try:
                self.grammar.parse(name)
            except InvalidName as reason:
                if is_template(name):
                    self._found(faults.template(name, reason, location))
                    return
                self._found(faults.malformed(name, reason, self.grammar, location))
        if name.strip() and form.party is Party.OWN:
            self.misnamed.append(Declaration(name, form.role, self.node, form.path, location))

    def _settings(self, form: Form, mapping: MappingNode | None, topic: str) -> TopicSettings:
        if mapping is None or not form.takes_settings:
            return NO_SETTINGS
        key = (id(mapping), topic, form.role)
        if key in self.settled:
            return NO_SETTINGS
        self.settled.add(key)
        settings, findings = read_settings(self.path, mapping, topic, self._pairs_within_bounds)
        payload, more = read_payload(self.path, topic, self.merges.pairs(mapping), self.data)
        if payload is not None:
            self.payloads.append(payload)
        for each in (*findings, *more):
            self._found(each)
        return settings

    def _pairs_within_bounds(self, mapping: MappingNode) -> Pairs:
        pairs = self.merges.pairs(mapping)
        self.settings_left -= len(pairs)
        if self.settings_left < 0:
            raise self._beyond(f"more than {MAX_SETTINGS} keys in the settings of its topics")
        return pairs

    def _misplaced_scalar(self, value: ScalarNode, step: Step, trail: _Trail) -> None:
        text = value.value.strip()
        if is_null(value) or not text:
            return
        self.taken.add(id(value))
        names = [mention.name for mention in self.mentions.alone(text)]
        for each in faults.misplaced_scalar(step, _key_path(trail), text, names, place(self.path, value)):
            self._found(each)

    def _report_unread(self) -> None:
        declared = {each.topic: each.location for each in reversed(self.declarations)}
        declared |= {each.topic: each.location for each in reversed(self.outside)}
        for identity, (node, trail) in self.unread.items():
            if identity in self.taken:
                continue
            location = place(self.path, node)
            at = f"`{_key_path(trail)}`" if trail is not None else "the top level"
            for mention in self.mentions.alone(node.value):
                if mention.disguised:
                    self._found(faults.look_alike(mention.written, self.grammar, location))
                else:
                    self._found(faults.unread(mention, at, self.grammar, location, declared.get(mention.name)))

    def _found(self, found: Finding) -> None:
        self.findings[found] = None
        if len(self.findings) > MAX_FINDINGS:
            raise self._beyond(f"more than {MAX_FINDINGS} findings")

    def _beyond(self, what: str) -> Unreadable:
        message = f"this contract has {what}, so it is not read."
        fix = "split it, or rename it if it is no contract"
        return Unreadable(finding(UNREADABLE, message, place(self.path, self.root), fix=fix))


_NO_STEPS: dict[str, Step] = {}
_NO_KEYS: frozenset[str] = frozenset()


def folder_name(path: str) -> str:
    """The name of a node that does not say its own: that of its folder."""
    parts = PurePath(path)
    return parts.parent.name or parts.stem


def _in_place(declarations: list[Declaration]) -> tuple[Declaration, ...]:
    return tuple(sorted(declarations, key=lambda each: (each.location, each.topic, each.role)))


def _node_name(document: Document) -> str:
    named = (_text_of(document, key, MAX_NAME) for key in _NAME_KEYS)
    return next(filter(None, named), "") or folder_name(document.path)


def _text_of(document: Document, key: str, longest: int) -> str:
    """What stands under a key of the whole document, on one line; empty where that is no text."""
    value = _value_of(document.root.value, key)
    if isinstance(value, ScalarNode) and not is_null(value):
        return short(" ".join(str(value.value).split()), longest)
    return ""


def _value_of(pairs: Pairs, wanted: str) -> Node | None:
    return next((value for key, value in pairs if key.value == wanted), None)


def _stated(value: Node) -> bool:
    """Whether a mark is present: neither empty, nor null, nor false."""
    if type(value) is not ScalarNode:
        return True
    if value.tag == _BOOLEAN:
        return value.value.lower() not in _FALSE
    return not is_null(value) and bool(value.value.strip())


def _key_path(trail: _Trail) -> str:
    parts: list[str] = []
    length = 0
    while trail is not None and length <= _LONGEST_PATH:
        trail, part = trail
        parts.append(short(part))
        length += len(part) + 1
    return ("…" if trail is not None else "") + ".".join(reversed(parts)).replace(".[", "[")
