"""The one parser: from contract files to contracts, with file, line and column for every declaration.

CI, boot and validation all come through here. A document is walked once beside the tree of forms; every string that
looks like a topic is either a declaration or a finding. The walk is iterative and visits a shared node (a YAML alias)
once for each form that reaches it, so neither depth nor alias bombs matter. A text that only mentions topics is prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.document import Document, Pairs, Unreadable, parse, place, read
from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.forms import FORMS, Form, Step, tree
from omni_assets.contracts.manifest import SpecPolicy, assemble
from omni_assets.contracts.merges import Merges
from omni_assets.contracts.model import (
    NO_SETTINGS,
    Contract,
    Declaration,
    Finding,
    Location,
    Manifest,
    Severity,
    TopicSettings,
)
from omni_assets.contracts.naming import Grammar, InvalidName, is_template
from omni_assets.contracts.rules import (
    DUPLICATE_KEY,
    MALFORMED_NAME,
    TEMPLATE_NAME,
    UNEXPECTED_SHAPE,
    UNREAD_DECLARATION,
    UNREADABLE,
)
from omni_assets.contracts.topic_settings import is_setting, read_settings

MAX_FINDINGS = 10_000
"""Most findings of one contract: beyond, something that is no contract was read as one."""

MAX_SETTINGS = 50_000
"""Most keys that the settings of one contract's topics may hold together: an alias multiplies them."""

_NAME_KEYS = ("node_name", "name", "node", "contract_name")
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_BETWEEN_NAMES = re.compile(r"[\s,;]+")
_OPENING = frozenset("=:|([<{\"'`")
_CLOSING = ")]>}\"'`|!?.:/"
_LONGEST_PATH = 160

_Trail: TypeAlias = "tuple[_Trail, str] | None"


class ContractTopicExtractor:
    """Reads contracts under one grammar and one policy for the settings that contracts leave open."""

    def __init__(
        self, grammar: Grammar | None = None, policy: SpecPolicy | None = None, forms: Iterable[Form] = FORMS
    ) -> None:
        self.grammar = grammar or Grammar()
        self.policy = policy or SpecPolicy()
        self._tree = tree(forms)

    def extract(self, sources: Iterable[str]) -> Manifest:
        """The manifest of every contract under ``sources``, which are files or folders.

        Raises ``PathNotFound`` for a source that does not exist and ``NoContracts`` where nothing is found.
        """
        return self.assemble(self.read(path) for path in find_contracts(sources))

    def assemble(self, contracts: Iterable[Contract]) -> Manifest:
        """The manifest of contracts that were read before."""
        return assemble(tuple(contracts), self.grammar, self.policy)

    def read(self, path: str) -> Contract:
        """The contract at ``path``. Whatever is wrong with it is a finding of the contract, never an exception."""
        try:
            content = read(path)
        except Unreadable as error:
            return _not_read(path, error)
        return self.parsed(path, content)

    def parsed(self, path: str, content: bytes) -> Contract:
        """The contract with that content, wherever it was read; ``path`` is what locations name."""
        digest = sha256(content).hexdigest()
        try:
            return _Reading(parse(path, content), self.grammar, self._tree).contract(digest)
        except Unreadable as error:
            return _not_read(path, error, digest)


class _Reading:
    """One walk over one document."""

    def __init__(self, document: Document, grammar: Grammar, forms: Step) -> None:
        self.path = document.path
        self.root = document.root
        self.grammar = grammar
        self.forms = forms
        self.node = _node_name(document)
        self.merges = Merges(document)
        self.needle = grammar.prefix.lower()
        self.declarations: list[Declaration] = []
        self.findings: dict[Finding, None] = {}
        self.taken: set[int] = set()
        self.unread: dict[int, tuple[Node, _Trail]] = {}
        self.settings: dict[tuple[int, str], TopicSettings] = {}
        self.settings_left = MAX_SETTINGS

    def contract(self, digest: str) -> Contract:
        """What was read. Raises ``Unreadable`` where the contract goes beyond a bound."""
        self._walk()
        self._report_unread()
        declarations = tuple(sorted(self.declarations, key=lambda each: (each.location, each.topic, each.role)))
        return Contract(self.node, place(self.path, self.root), declarations, in_order(list(self.findings)), digest)

    def _walk(self) -> None:
        seen: set[tuple[int, int]] = set()
        checked: set[int] = set()
        stack: list[tuple[Node, Step | None, _Trail]] = [(self.root, self.forms, None)]
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

    def _walk_mapping(
        self, node: MappingNode, step: Step | None, trail: _Trail, stack: list[tuple[Node, Step | None, _Trail]]
    ) -> None:
        needle = self.needle
        steps = step.keys if step is not None else _NO_STEPS
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
            if needle in key.lower():
                self._look_at(key_node, trail)
            child = steps.get(key)
            if type(value) is not ScalarNode:
                stack.append((value, child, (trail, key)))
            elif child is not None:
                self._take(value, child, node, (trail, key))
            elif needle in value.value.lower():
                self._look_at(value, (trail, key))
        if step is not None and not step.keys and node.value:
            self._misplaced(node, step, trail, "a mapping")

    def _walk_sequence(
        self, node: SequenceNode, step: Step | None, trail: _Trail, stack: list[tuple[Node, Step | None, _Trail]]
    ) -> None:
        needle = self.needle
        child = step.items if step is not None else None
        for index, value in enumerate(node.value):
            if type(value) is not ScalarNode:
                stack.append((value, child, (trail, f"[{index}]")))
                if child is not None and type(value) is MappingNode:
                    self._check_item(value, child, (trail, f"[{index}]"))
            elif child is not None:
                self._take(value, child, None, (trail, f"[{index}]"))
            elif needle in value.value.lower():
                self._look_at(value, (trail, f"[{index}]"))
        if step is not None and child is None and node.value:
            self._misplaced(node, step, trail, "a list")

    def _check_item(self, item: MappingNode, step: Step, trail: _Trail) -> None:
        """An item that names no topic is lost with all that it states, unless what it holds is reported by itself."""
        pairs = self.merges.pairs(item)
        if not step.keys or any(key.value in step.keys for key, _ in pairs):
            return
        if step.form is None and not any(is_setting(key.value) for key, _ in pairs):
            return  # an event that is described, and that never goes over the bus
        if any(type(value) is ScalarNode and self._names_in(value.value) for _, value in pairs):
            return
        self._found(
            finding(
                UNEXPECTED_SHAPE,
                f"`{_key_path(trail)}` has no `{next(iter(step.keys))}`, so nothing of it is read.",
                place(self.path, item),
                severity=Severity.WARNING,
                fix="name the topic, or remove the item",
            )
        )

    def _look_at(self, node: ScalarNode, trail: _Trail) -> None:
        if self._names_in(node.value):
            self.unread.setdefault(id(node), (node, trail))

    def _names_in(self, text: str) -> list[str]:
        """The topics that ``text`` consists of, whatever signs stand around them (``kafka://``, ``topic=``); none where
        it holds other words, since prose may mention topics."""
        names: list[str] = []
        for word in _BETWEEN_NAMES.split(text):
            name = word if self.grammar.resembles(word) else self._name_within(word)
            if name:
                names.append(name)
            elif any(map(str.isalnum, word)):
                return []
        return names

    def _name_within(self, word: str) -> str:
        """The topic that ``word`` ends with, after a sign and without closing ones; empty where there is none."""
        start = word.lower().find(self.needle, 1) if self.needle else -1
        if start < 0 or not (word[start - 1] in _OPENING or word[:start].endswith("://")):
            return ""
        name = word[start:].rstrip(_CLOSING)
        return name if self.grammar.resembles(name) else ""

    def _check_duplicates(self, pairs: Pairs) -> None:
        if len({key.value for key, _ in pairs if type(key) is ScalarNode}) == len(pairs):
            return
        first: dict[tuple[str, str], Node] = {}
        for key, _ in pairs:
            if type(key) is not ScalarNode:
                continue
            known = first.setdefault((key.tag, key.value), key)
            if known is key:
                continue
            where = place(self.path, known)
            self._found(
                finding(
                    DUPLICATE_KEY,
                    f"the key `{_short(key.value)}` stands twice in this mapping, first in line {where.line}.",
                    place(self.path, key),
                    related=((where, f"the first `{_short(key.value)}`"),),
                    fix="remove one of them",
                )
            )

    def _take(self, value: ScalarNode, step: Step, mapping: MappingNode | None, trail: _Trail) -> None:
        text = value.value
        if step.form is None:
            self._misplaced_scalar(value, step, trail)
            return
        if value.tag == _NULL and mapping is not None:
            return
        self.taken.add(id(value))
        location = place(self.path, value)
        try:
            self.grammar.parse(text)
        except InvalidName as reason:
            self._misnamed(text, location, reason)
            return
        settings = self._settings(step.form, mapping, text)
        self.declarations.append(Declaration(text, step.form.role, self.node, step.form.path, location, settings))

    def _misnamed(self, text: str, location: Location, reason: InvalidName) -> None:
        if is_template(text):
            self._found(
                finding(
                    TEMPLATE_NAME,
                    f"`{_short(text)}` is a template, so it is not provisioned: {reason}.",
                    location,
                    topic=text,
                    fix=_INSTEAD_OF_A_TEMPLATE,
                )
            )
            return
        stripped = text.strip()
        suggestion = stripped if self.grammar.matches(stripped) else self.grammar.suggest(stripped)
        self._found(
            finding(
                MALFORMED_NAME,
                f"`{_short(text)}` is not a topic name: {reason}.",
                location,
                topic=text,
                fix=f"write `{suggestion}`" if suggestion else f"follow `{self.grammar.template}`",
            )
        )

    def _settings(self, form: Form, mapping: MappingNode | None, topic: str) -> TopicSettings:
        if mapping is None or not form.takes_settings:
            return NO_SETTINGS
        known = self.settings.get((id(mapping), topic))
        if known is None:
            known, findings = read_settings(self.path, mapping, topic, self._pairs_of_settings)
            self.settings[id(mapping), topic] = known
            for each in findings:
                self._found(each)
        return known

    def _pairs_of_settings(self, mapping: MappingNode) -> Pairs:
        pairs = self.merges.pairs(mapping)
        self.settings_left -= len(pairs)
        if self.settings_left < 0:
            raise self._beyond(f"more than {MAX_SETTINGS} keys in the settings of its topics")
        return pairs

    def _misplaced(self, node: Node, step: Step, trail: _Trail, found: str) -> None:
        """A list or a mapping that a form does not take. What it holds is looked at, and reported by itself."""
        wanted, fix = _wanted(step)
        self._found(
            finding(
                UNEXPECTED_SHAPE,
                f"`{_key_path(trail)}` holds {found} where {wanted} is expected, so nothing of it is read.",
                place(self.path, node),
                severity=None if step.items or step.form else Severity.WARNING,
                fix=fix,
            )
        )

    def _misplaced_scalar(self, value: ScalarNode, step: Step, trail: _Trail) -> None:
        text = value.value.strip()
        if value.tag == _NULL or not text:
            return
        wanted, fix = _wanted(step)
        names = self._names_in(text)
        self.taken.add(id(value))
        severity = None if names or step.items else Severity.WARNING
        for name in names or [text]:
            held = f"`{_key_path(trail)}` holds the single value `{_short(name)}`"
            self._found(
                finding(
                    UNEXPECTED_SHAPE,
                    f"{held} where {wanted} is expected, so it is not read.",
                    place(self.path, value),
                    topic=name if names else None,
                    severity=severity,
                    fix=fix,
                )
            )

    def _report_unread(self) -> None:
        declared = {each.topic: each.location for each in reversed(self.declarations)}
        for identity, (node, trail) in self.unread.items():
            if identity in self.taken:
                continue
            location = place(self.path, node)
            for name in self._names_in(node.value):
                self._found(self._unread(name, location, trail, declared.get(name)))

    def _unread(self, name: str, location: Location, trail: _Trail, declared: Location | None) -> Finding:
        at = f"`{_key_path(trail)}`" if trail is not None else "the top level"
        message = f"`{_short(name)}` looks like a topic, and no form reads it at {at}"
        if declared is not None:
            return finding(
                UNREAD_DECLARATION,
                f"{message}; nothing is lost, since line {declared.line} declares it.",
                location,
                topic=name,
                severity=Severity.NOTE,
                related=((declared, "declared here"),),
            )
        shown = name if self.grammar.matches(name) else self.grammar.suggest(name)
        places = "under event_bus.publish_topics or event_bus.subscribe_topics"
        declared_as = f"`{_short(shown)}`" if shown else f"a name that follows `{self.grammar.template}`"
        return finding(
            UNREAD_DECLARATION,
            f"{message}, so it is neither provisioned nor checked.",
            location,
            topic=name,
            fix=_INSTEAD_OF_A_TEMPLATE if is_template(name) else f"declare {declared_as} {places}",
        )

    def _found(self, found: Finding) -> None:
        self.findings[found] = None
        if len(self.findings) > MAX_FINDINGS:
            raise self._beyond(f"more than {MAX_FINDINGS} findings")

    def _beyond(self, what: str) -> Unreadable:
        message = f"this contract has {what}, so it is not read."
        fix = "split it, or rename it if it is no contract"
        return Unreadable(finding(UNREADABLE, message, place(self.path, self.root), fix=fix))


_NO_STEPS: dict[str, Step] = {}
_INSTEAD_OF_A_TEMPLATE = "declare one topic and put the placeholder's value into the record's key"


def _wanted(step: Step) -> tuple[str, str]:
    """What a form takes where ``step`` stands, and how to write it."""
    if step.items is not None:
        of = "topics" if step.items.form else "mappings with a `topic`"
        return f"a list of {of}", "write each on a line of its own, after `- `"
    if step.form is not None:
        return "a topic", "write the topic's name"
    if "topic" in step.keys:
        return "a mapping with a `topic`", "write the name after `topic: `"
    return "a mapping", f"write {' or '.join(f'`{key}:`' for key in list(step.keys)[:2])} under it"


def _node_name(document: Document) -> str:
    for key in _NAME_KEYS:
        value = _value_of(document.root.value, key)
        if isinstance(value, ScalarNode) and value.value.strip() and value.tag != _NULL:
            return _short(" ".join(str(value.value).split()))
    return _folder_name(document.path)


def _not_read(path: str, error: Unreadable, digest: str = "") -> Contract:
    return Contract(_folder_name(path), Location(path), (), (error.finding,), digest)


def _folder_name(path: str) -> str:
    parts = PurePath(path)
    return parts.parent.name or parts.stem


def _value_of(pairs: Pairs, wanted: str) -> Node | None:
    return next((value for key, value in pairs if key.value == wanted), None)


def _key_path(trail: _Trail) -> str:
    parts: list[str] = []
    length = 0
    while trail is not None and length <= _LONGEST_PATH:
        trail, part = trail
        parts.append(_short(part))
        length += len(part) + 1
    return ("…" if trail is not None else "") + ".".join(reversed(parts)).replace(".[", "[")


def _short(text: str, longest: int = 120) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
