"""Merge keys (``<<``), resolved as every YAML loader does: what a node itself loads is what is read here."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import Document, Pairs, Unreadable, place
from omni_assets.contracts.findings import finding
from omni_assets.contracts.rules import INVALID_YAML, UNREADABLE

MAX_PAIRS = 50_000
"""Most pairs that the merge keys of one contract may bring in together: a merge of merges multiplies."""

MAX_CHAIN = 100
"""Longest chain of mappings that merge one another."""

_MERGE = "tag:yaml.org,2002:merge"


class Merges:
    """The pairs of each mapping of one document, with what its merge keys bring in.

    Own keys win over merged ones, and the first of several merged mappings wins over the next.
    """

    def __init__(self, document: Document) -> None:
        self._path = document.path
        self._any = b"<<" in document.content
        self._known: dict[int, Pairs] = {}
        self._left = MAX_PAIRS

    def pairs(self, mapping: MappingNode) -> Pairs:
        """Raises ``Unreadable`` where a merge key holds no mapping, or merges grow beyond what is sensible."""
        return self._resolved(mapping, 0) if self._any else mapping.value

    def _resolved(self, mapping: MappingNode, chain: int) -> Pairs:
        own: Pairs = mapping.value
        if not any(key.tag == _MERGE for key, _ in own):
            return own
        known = self._known.get(id(mapping))
        if known is not None:
            return known
        if chain > MAX_CHAIN:
            raise self._refused(mapping, f"merges more than {MAX_CHAIN} mappings one into the other")
        # A mapping that merges itself finds its own keys here.
        self._known[id(mapping)] = resolved = [pair for pair in own if pair[0].tag != _MERGE]
        present = {key.value for key, _ in resolved if isinstance(key, ScalarNode)}
        for merged in self._merged(own):
            for key, value in self._resolved(merged, chain + 1):
                if isinstance(key, ScalarNode) and key.value not in present:
                    present.add(key.value)
                    resolved.append((key, value))
                self._spend(mapping)
        return resolved

    def _merged(self, own: Pairs) -> Iterator[MappingNode]:
        for key, value in own:
            if key.tag != _MERGE:
                continue
            for each in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(each, MappingNode):
                    message = "the merge key `<<` takes a mapping or a list of mappings; nothing of this file is read."
                    fix = "merge an alias such as `<<: *defaults`"
                    raise Unreadable(finding(INVALID_YAML, message, place(self._path, each), fix=fix))
                yield each

    def _spend(self, mapping: Node) -> None:
        self._left -= 1
        if self._left < 0:
            raise self._refused(mapping, f"merges more than {MAX_PAIRS} keys")

    def _refused(self, mapping: Node, what: str) -> Unreadable:
        message = f"this file {what}, so it is not read."
        return Unreadable(finding(UNREADABLE, message, place(self._path, mapping), fix="write the keys out"))
