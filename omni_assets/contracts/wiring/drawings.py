"""The wiring as a picture: Graphviz DOT and Mermaid. Pure, and the same for the same contracts.

Names come from contracts, so they stand in quotes with everything escaped that the languages give a meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from omni_assets.contracts.text import visible
from omni_assets.contracts.wiring.graph import Ends, Wiring
from omni_assets.contracts.wiring.mismatches import Mismatch


@dataclass(frozen=True, slots=True)
class _Look:
    """How the state of a topic is drawn: DOT attributes, and a Mermaid style."""

    state: str
    dot: str
    mermaid: str


_STARVING = _Look("starving", 'color="#c62828", style=dashed', "stroke:#c62828,stroke-dasharray:5 3")
_UNREAD = _Look("unread", 'color="#757575", style=dotted', "stroke:#757575,stroke-dasharray:2 3")
_WIRED = _Look("wired", 'color="#2e7d32"', "stroke:#2e7d32")
_LOOKS = (_WIRED, _STARVING, _UNREAD)


def dot(wiring: Wiring, near: Iterable[Mismatch] = ()) -> str:
    """A digraph for Graphviz: boxes are nodes, ellipses topics; a red line joins names that are nearly the same."""
    drawn = _Numbered(wiring)
    lines = ["digraph wiring {", "  rankdir=LR;", '  node [fontname="sans-serif", fontsize=10];']
    lines += [f"  {drawn.nodes[node]} [shape=box, label={_dot(node)}];" for node in drawn.nodes]
    lines += [f"  {drawn.topics[name]} [label={_dot(name)}, {_look(ends).dot}];" for name, ends in drawn.ends.items()]
    lines += [f"  {start} -> {end};" for start, end in drawn.edges()]
    lines += [
        f"  {drawn.topics[each.wrong.name]} -> {drawn.topics[each.meant.name]} "
        f'[dir=none, constraint=false, color="#c62828", style=dashed, label={_dot(each.near.reason.value)}];'
        for each in near
    ]
    return "\n".join([*lines, "}"])


def mermaid(wiring: Wiring, near: Iterable[Mismatch] = ()) -> str:
    """A flowchart for Mermaid, which code hosts draw in Markdown."""
    drawn = _Numbered(wiring)
    lines = ["flowchart LR"]
    lines += [f'  {drawn.nodes[node]}["{_mermaid(node)}"]' for node in drawn.nodes]
    lines += [
        f'  {drawn.topics[name]}(["{_mermaid(name)}"]):::{_look(ends).state}' for name, ends in drawn.ends.items()
    ]
    lines += [f"  {start} --> {end}" for start, end in drawn.edges()]
    lines += [
        f"  {drawn.topics[each.wrong.name]} -. {_mermaid(each.near.reason.value)} .- {drawn.topics[each.meant.name]}"
        for each in near
    ]
    return "\n".join([*lines, *(f"  classDef {look.state} {look.mermaid}" for look in _LOOKS)])


class _Numbered:
    """The nodes and names of a wiring with a short id each, by which edges name them."""

    def __init__(self, wiring: Wiring) -> None:
        self.ends: Mapping[str, Ends] = {**wiring.topics, **wiring.misnamed}
        self.nodes = {node: f"n{number}" for number, node in enumerate(wiring.nodes)}
        self.topics = {name: f"t{number}" for number, name in enumerate(self.ends)}

    def edges(self) -> Iterator[tuple[str, str]]:
        for name, ends in self.ends.items():
            topic = self.topics[name]
            yield from ((self.nodes[node], topic) for node in dict.fromkeys(each.node for each in ends.publishers))
            yield from ((topic, self.nodes[node]) for node in dict.fromkeys(each.node for each in ends.subscribers))


def _look(ends: Ends) -> _Look:
    return _STARVING if ends.starving else _UNREAD if ends.unread else _WIRED


def _dot(text: str) -> str:
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mermaid(text: str) -> str:
    return "".join(each if each.isalnum() or each in " -_.,/" else f"#{ord(each)};" for each in visible(text))
