"""Which nodes there might be: told by the names of topics and of consumer groups. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from omni_assets.contracts.discovery import is_searched
from omni_assets.contracts.reading import MAX_NAME
from omni_assets.contracts.text import visible
from omni_assets.drift.group_names import GroupNames

OUTSIDE_THE_GRAMMAR = "outside-the-grammar"
"""The node under which topics stand whose names tell no producer."""

_NODE = "{node}"
_GLOB = re.compile(r"[*?\[]")
_PASSING = re.compile(r"console-consumer-[0-9]+")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_FOLDER = 80
_NAMELESS = "unnamed"


def nodes_of_groups(groups: Iterable[str], known: Collection[str], patterns: Collection[str]) -> Mapping[str, str]:
    """The node that each group reads for: one of the ``known``, else one that is called as the group is.

    Groups that Kafka's console consumer made up for somebody who had a look are left out.
    """
    names = GroupNames(known, patterns)
    lasting = (group for group in groups if _PASSING.fullmatch(group) is None)
    return {group: names.node_of(group) or node_name(_without_pattern(group, patterns)) for group in lasting}


def node_name(text: str) -> str:
    """``text`` as a contract can name a node: on one line, visible, within bounds, and never empty."""
    return " ".join(visible(" ".join(text.split()))[:MAX_NAME].split()) or _NAMELESS


def folders(nodes: Iterable[str]) -> Mapping[str, str]:
    """A folder for the contract of each node, where contracts are looked for; no two differ in case alone."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for node in sorted(nodes):
        found[node] = next(each for each in _folders(node) if each.casefold() not in taken)
        taken.add(found[node].casefold())
    return found


def _folders(node: str) -> Iterator[str]:
    plain = _UNFIT.sub("-", node).strip(".-")[:_LONGEST_FOLDER].rstrip(".-") or _NAMELESS
    folder = plain if is_searched(plain) else f"node-{plain}"
    yield folder
    number = 2
    while True:
        yield f"{folder}-{number}"
        number += 1


def _without_pattern(group: str, patterns: Collection[str]) -> str:
    """What a group's name says of its node, where what one of the patterns puts around it is plain text."""
    for pattern in patterns:
        before, _, after = pattern.partition(_NODE)
        if not (before or after) or _GLOB.search(before + after):
            continue
        if group.startswith(before) and group.endswith(after) and len(group) > len(before) + len(after):
            return group[len(before) : len(group) - len(after)]
    return group
