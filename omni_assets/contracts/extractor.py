"""The one parser: from contract files to contracts, with file, line and column for every declaration.

CI, boot and validation all come through here. A document is walked once beside the tree of forms; every string that
looks like a topic is either a declaration or a finding. Both walks are iterative and visit a shared node (a YAML alias)
once for each form that reaches it, so neither depth nor alias bombs matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.document import Document, Unreadable, parse, place, read
from omni_assets.contracts.findings import (
    DUPLICATE_KEY,
    MALFORMED_NAME,
    TEMPLATE_NAME,
    UNEXPECTED_SHAPE,
    UNREAD_DECLARATION,
    finding,
    in_order,
)
from omni_assets.contracts.forms import BESIDE, FORMS, NOWHERE, Form, Step, tree
from omni_assets.contracts.manifest import SpecPolicy, assemble
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
from omni_assets.contracts.topic_settings import read_settings

_NAME_KEYS = ("node_name", "name", "node", "contract_name")
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"

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
        digest = ""
        try:
            content = read(path)
            digest = sha256(content).hexdigest()
            document = parse(path, content)
        except Unreadable as error:
            return Contract(_folder_name(path), Location(path), (), (error.finding,), digest)
        return _Reading(document, self.grammar, self._tree).contract(digest)


class _Reading:
    """One walk over one document."""

    def __init__(self, document: Document, grammar: Grammar, forms: Step) -> None:
        self.path = document.path
        self.root = document.root
        self.grammar = grammar
        self.forms = forms
        self.node = _node_name(document)
        self.needle = grammar.prefix.lower()
        self.declarations: list[Declaration] = []
        self.findings: list[Finding] = []
        self.unread: list[tuple[str, Location, _Trail]] = []
        self.settings: dict[tuple[int, str], TopicSettings] = {}

    def contract(self, digest: str) -> Contract:
        self._walk()
        self._report_unread()
        declarations = tuple(sorted(self.declarations, key=lambda each: (each.location, each.topic, each.role)))
        return Contract(self.node, place(self.path, self.root), declarations, in_order(self.findings), digest)

    def _walk(self) -> None:
        needle = self.needle
        seen: set[tuple[int, int]] = set()
        stack: list[tuple[Node, Step | None, _Trail]] = [(self.root, self.forms, None)]
        while stack:
            node, step, trail = stack.pop()
            mark = (id(node), id(step))
            if mark in seen:
                continue
            seen.add(mark)
            if type(node) is MappingNode:
                pairs = node.value
                self._check_duplicates(pairs)
                for key_node, value in pairs:
                    if type(key_node) is not ScalarNode:
                        stack.append((key_node, None, (trail, "?")))
                        stack.append((value, None, (trail, "?")))
                        continue
                    key = key_node.value
                    if needle in key.lower() and self.grammar.resembles(key):
                        self.unread.append((key, place(self.path, key_node), trail))
                    if key_node.tag == _MERGE:
                        self._push_merged(stack, value, step, trail)
                        continue
                    child = step.keys.get(key) if step is not None else None
                    if type(value) is ScalarNode:
                        if child is not None:
                            self._take(value, child, node, (trail, key))
                        elif needle in value.value.lower() and self.grammar.resembles(value.value.strip()):
                            self.unread.append((value.value.strip(), place(self.path, value), (trail, key)))
                    else:
                        stack.append((value, child, (trail, key)))
                if step is not None and step.items is not None:
                    self._misplaced(node, trail, "a mapping", "a list")
            elif type(node) is SequenceNode:
                child = step.items if step is not None else None
                for index, value in enumerate(node.value):
                    if type(value) is ScalarNode:
                        if child is not None:
                            self._take(value, child, None, (trail, f"[{index}]"))
                        elif needle in value.value.lower() and self.grammar.resembles(value.value.strip()):
                            self.unread.append((value.value.strip(), place(self.path, value), (trail, f"[{index}]")))
                    else:
                        stack.append((value, child, (trail, f"[{index}]")))
                if step is not None and step.items is None:
                    self._misplaced(node, trail, "a list", "a topic" if step.form else "a mapping")
            elif type(node) is ScalarNode and self.grammar.resembles(node.value.strip()):
                self.unread.append((node.value.strip(), place(self.path, node), trail))

    def _push_merged(
        self, stack: list[tuple[Node, Step | None, _Trail]], value: Node, step: Step | None, trail: _Trail
    ) -> None:
        merged = value.value if isinstance(value, SequenceNode) else [value]
        stack.extend((each, step, (trail, "<<")) for each in merged)

    def _check_duplicates(self, pairs: list[tuple[Node, Node]]) -> None:
        if len({key.value for key, _ in pairs if type(key) is ScalarNode}) == len(pairs):
            return
        first: dict[str, Node] = {}
        for key, _ in pairs:
            if type(key) is not ScalarNode:
                continue
            if key.value in first:
                where = place(self.path, first[key.value])
                self.findings.append(
                    finding(
                        DUPLICATE_KEY,
                        f"the key `{key.value}` stands twice in this mapping, first in line {where.line}.",
                        place(self.path, key),
                        related=((where, f"the first `{key.value}`"),),
                        fix="remove one of them",
                    )
                )
            else:
                first[key.value] = key

    def _take(self, value: ScalarNode, step: Step, mapping: MappingNode | None, trail: _Trail) -> None:
        text = value.value.strip()
        if step.form is None:
            if self.grammar.resembles(text):
                self.unread.append((text, place(self.path, value), trail))
            elif value.tag != _NULL and text:
                wanted = "a list of topics" if step.items is not None else "a mapping"
                self._misplaced(value, trail, f"the single value `{_short(text)}`", wanted)
            return
        if value.tag == _NULL and mapping is not None:
            return
        location = place(self.path, value)
        try:
            self.grammar.parse(text)
        except InvalidName as reason:
            self._misnamed(text, location, reason)
            return
        settings = self._settings(step.form, mapping, text)
        self.declarations.append(Declaration(text, step.form.role, self.node, step.form.path, location, settings))

    def _misnamed(self, text: str, location: Location, reason: InvalidName) -> None:
        shown = _short(text)
        if is_template(text):
            self.findings.append(
                finding(
                    TEMPLATE_NAME,
                    f"`{shown}` is a template, so it is not provisioned: {reason}.",
                    location,
                    topic=text,
                    fix="declare one topic and put the placeholder's value into the record's key",
                )
            )
            return
        suggestion = self.grammar.suggest(text)
        self.findings.append(
            finding(
                MALFORMED_NAME,
                f"`{shown}` is not a topic name: {reason}.",
                location,
                topic=text,
                fix=f"write `{suggestion}`" if suggestion else f"follow `{self.grammar.template}`",
            )
        )

    def _settings(self, form: Form, mapping: MappingNode | None, topic: str) -> TopicSettings:
        if mapping is None or form.settings == NOWHERE:
            return NO_SETTINGS
        node = mapping if form.settings == BESIDE else _value_of(mapping, form.settings)
        if not isinstance(node, MappingNode):
            return NO_SETTINGS
        settings, findings = read_settings(self.path, node, topic)
        self.findings += findings
        return settings

    def _misplaced(self, node: Node, trail: _Trail, found: str, wanted: str) -> None:
        self.findings.append(
            finding(
                UNEXPECTED_SHAPE,
                f"`{_key_path(trail)}` holds {found} where {wanted} is expected, so nothing of it is read.",
                place(self.path, node),
                fix=f"make it {wanted}",
            )
        )

    def _report_unread(self) -> None:
        declared = {each.topic: each.location for each in reversed(self.declarations)}
        for text, location, trail in self.unread:
            where = declared.get(text)
            at = _key_path(trail) or "the top level"
            message = f"`{_short(text)}` looks like a topic, and no form reads it at `{at}`"
            self.findings.append(
                finding(
                    UNREAD_DECLARATION,
                    f"{message}; this contract declares it in line {where.line}." if where else f"{message}.",
                    location,
                    topic=text,
                    severity=Severity.NOTE if where else None,
                    related=((where, "declared here"),) if where else (),
                    fix="" if where else "declare it under event_bus.publish_topics or event_bus.subscribe_topics",
                )
            )


def _node_name(document: Document) -> str:
    for key in _NAME_KEYS:
        value = _value_of(document.root, key)
        if isinstance(value, ScalarNode) and value.value.strip() and value.tag != _NULL:
            return str(value.value).strip()
    return _folder_name(document.path)


def _folder_name(path: str) -> str:
    parts = PurePath(path)
    return parts.parent.name or parts.stem


def _value_of(mapping: MappingNode, wanted: str) -> Node | None:
    return next((value for key, value in mapping.value if key.value == wanted), None)


def _key_path(trail: _Trail) -> str:
    parts: list[str] = []
    while trail is not None:
        trail, part = trail
        parts.append(part)
    return ".".join(reversed(parts)).replace(".[", "[")


def _short(text: str, longest: int = 120) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
