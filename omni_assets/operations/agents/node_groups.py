"""Which nodes are worked for together, as the settings say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from omni_assets.contracts.model import Manifest
from omni_assets.operations.agents.working import Staffed, staffed
from omni_assets.settings import OTHER_NODES, AgentSettings


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes that share a worker, in order of their names; there is one at least."""

    name: str
    staff: tuple[Staffed, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of its nodes."""
        return tuple(each.node for each in self.staff)


def node_groups(manifest: Manifest, settings: AgentSettings) -> tuple[NodeGroup, ...]:
    """All nodes that have a handler, each in one group: as the settings name them, and at last those that are in none.

    Raises ``UnknownName``, and ``HandlerUnusable`` where a node that the settings name has none.
    """
    named = [NodeGroup(name, staffed(manifest, nodes)) for name, nodes in settings.groups.items() if nodes]
    others = _without(staffed(manifest), {node for group in named for node in group.nodes})
    return (*named, *((NodeGroup(OTHER_NODES, others),) if others else ()))


def _without(staff: Sequence[Staffed], named: set[str]) -> tuple[Staffed, ...]:
    return tuple(each for each in staff if each.node not in named)
