"""Which node a consumer group belongs to, by patterns from the settings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from glob import escape

_NODE = "{node}"


class GroupNames:
    """The nodes of a manifest, told by the names of their consumer groups.

    Each pattern holds ``{node}`` once and reads like a file pattern otherwise. Where a group's name fits several nodes
    it belongs to the one with the longest name: ``review-bot-2`` is of ``review-bot``, not of ``review``.
    """

    def __init__(self, nodes: Iterable[str], patterns: Iterable[str]) -> None:
        self._nodes = sorted(set(nodes), key=lambda node: (-len(node), node))
        self._patterns = tuple(patterns)

    def node_of(self, group: str) -> str | None:
        """The node that a group belongs to, or ``None``."""
        return next((node for node in self._nodes if node in group and self._fits(group, node)), None)

    def of_all(self, groups: Iterable[str]) -> Mapping[str, str]:
        """The node of each group that belongs to one."""
        found = ((group, self.node_of(group)) for group in groups)
        return {group: node for group, node in found if node is not None}

    def _fits(self, group: str, node: str) -> bool:
        literal = escape(node)
        return any(fnmatchcase(group, pattern.replace(_NODE, literal)) for pattern in self._patterns)
