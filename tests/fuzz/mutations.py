"""Inputs for the extractor: real contracts, and snippets of YAML, changed as bytes and as trees of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.forms import FORMS

LARGEST = 64 * 1024
"""Largest input in bytes: what is slow with it is slow for its shape, not for its size."""

_TOPICS = (
    "onex.evt.router.done.v1", "onex.cmd.router.route-request.v1", "onex.dlq.router.dead_letter.v1",
    "{env}.onex.evt.router.done.v1", "kafka://host:9092/onex.evt.router.done.v1", "onex.evt.inbox.{agent_id}.v1",
    "\u043enex.evt.router.done.v1", "onex.evt.router.d\u043ene.v1", f"onex.evt.router.{'x' * 300}.v1",
)  # fmt: skip
_KEYS = (
    *sorted({part.strip("[]?{}") for form in FORMS for part in form.path.split(".")} - {""}),
    "partitions", "retention", "config", "topic_config", "<<", "name",
)  # fmt: skip
_TOKENS = (
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    *(token.encode() for token in (
        *_TOPICS, *(f"{key}: " for key in _KEYS), "&a ", "*a", "<<: *a", "<<: [*a, *a]", "[", "]", "{", "}", ", ",
        "? ", "- ", ": ", "|\n", ">\n", "|-\n  ", "'", '"', "# ", "---\n", "...\n", "%YAML 1.1\n", "%TAG ! x\n",
        "!!null ", "!!str ", "!!binary ", "!x ", "\t", "\n", "\r", "\r\n", "\n  ", "\n    ", "\ufeff", "\x00", "\x85",
        "\u2028", "\u200b", "~", "null", "true", "1e999", "0x7f", "2024-01-01", "7d", "-1", "\\", "@", "`", "=",
    )),
)  # fmt: skip
_SNIPPETS = (
    b"event_bus: {publish_topics: [onex.evt.a.b.v1], subscribe_topics: [{topic: onex.cmd.a.b.v1, partitions: 3}]}\n",
    b"x: &x {partitions: 3}\npublished_events:\n- {topic: onex.evt.a.b.v1, <<: *x}\n",
    b"event_bus:\n  publish_topic_metadata:\n    onex.evt.a.b.v1: {external_consumer: true}\nemits: onex.evt.a.b.v1\n",
    b"event_bus: &loop\n  publish_topics: [onex.evt.a.b.v1]\n  subscribe: *loop\n",
    b"a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nevent_bus: {publish_topics: *c}\n",
    b"? [onex.evt.a.b.v1]\n: {? {a: b} : onex.evt.a.b.v1}\nterminal_event: |\n  onex.evt.a.b.v1\n",
    b"",
)


def seeds(folder: Path) -> list[bytes]:
    """The contracts under ``folder`` and the snippets."""
    return [*(path.read_bytes() for path in sorted(folder.rglob("contract.yaml"))), *_SNIPPETS]


def inputs(known: list[bytes], random: Random) -> Iterator[bytes]:
    """Changed seeds without end, the same for the same state of ``random``."""
    while True:
        content = random.choice(known)
        for _ in range(random.choice((1, 1, 2, 3, 5, 8))):
            change = random.choice(_TREE_CHANGES if random.random() < 0.4 else _BYTE_CHANGES)
            content = change(content, known, random)[:LARGEST]
        yield content


def _put_in(content: bytes, _known: list[bytes], random: Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + random.choice(_TOKENS) * random.choice((1, 1, 1, 2, 500)) + content[at:]


def _take_out(content: bytes, _known: list[bytes], random: Random) -> bytes:
    start, end = _span(content, random)
    return content[:start] + content[end:]


def _repeat(content: bytes, _known: list[bytes], random: Random) -> bytes:
    start, end = _span(content, random)
    return content[:end] + content[start:end] * random.choice((1, 1, 2, 50)) + content[end:]


def _change(content: bytes, _known: list[bytes], random: Random) -> bytes:
    if not content:
        return content
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]


def _splice(content: bytes, known: list[bytes], random: Random) -> bytes:
    other = random.choice(known)
    start, end = _span(other, random)
    at = random.randint(0, len(content))
    return content[:at] + other[start:end] + content[at:]


def _line_ends(content: bytes, _known: list[bytes], random: Random) -> bytes:
    ends = (b"\r", b"\r\n", b"\n", b"\n\n")
    return b"".join(line + random.choice(ends) for line in content.split(b"\n"))


def _span(content: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(content))
    return start, min(len(content), start + random.choice((1, 4, 16, 200)))


def _tree(change: Callable[[list[Node], Random], None]) -> Callable[[bytes, list[bytes], Random], bytes]:
    """A change of the tree of nodes; what is no tree stays as it is."""

    def changed(content: bytes, _known: list[bytes], random: Random) -> bytes:
        try:
            root = yaml.compose(content, yaml.CSafeLoader)
            if root is None or isinstance(root, ScalarNode):
                return content
            change(_nodes(root), random)
            return yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, encoding="utf-8")
        except (yaml.YAMLError, RecursionError, ValueError, TypeError):
            return content

    return changed


def _nodes(root: Node) -> list[Node]:
    found: dict[int, Node] = {}
    stack = [root]
    while stack and len(found) < 2000:
        node = stack.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        if isinstance(node, MappingNode):
            stack.extend(part for pair in node.value for part in pair)
        elif isinstance(node, SequenceNode):
            stack.extend(node.value)
    return list(found.values())


def _share(nodes: list[Node], random: Random) -> None:
    """One node stands in another place too: an alias, a loop now and then."""
    holder = random.choice([node for node in nodes if not isinstance(node, ScalarNode)])
    node = random.choice(nodes)
    if isinstance(holder, MappingNode):
        holder.value.append((_scalar(random.choice(_KEYS)), node))
    else:
        holder.value.insert(random.randint(0, len(holder.value)), node)


def _new_text(nodes: list[Node], random: Random) -> None:
    scalars = [node for node in nodes if isinstance(node, ScalarNode)]
    if scalars:
        node = random.choice(scalars)
        node.value = random.choice((*_TOPICS, *_KEYS, "", "3", "7d", "null"))
        node.style = random.choice((None, "'", '"', "|", ">"))
        node.tag = random.choice(("tag:yaml.org,2002:str", node.tag))


def _new_shape(nodes: list[Node], random: Random) -> None:
    """What stands in a mapping or list is wrapped once more, or taken out of its wrapping."""
    holder = random.choice([node for node in nodes if not isinstance(node, ScalarNode)])
    flow = random.random() < 0.5
    if isinstance(holder, SequenceNode):
        holder.value = [SequenceNode("tag:yaml.org,2002:seq", [each], flow_style=flow) for each in holder.value]
    else:
        holder.value = [
            (key, MappingNode("tag:yaml.org,2002:map", [(_scalar(random.choice(_KEYS)), value)], flow_style=flow))
            for key, value in holder.value
        ]


def _odd_key(nodes: list[Node], random: Random) -> None:
    """A pair whose key is any node at all."""
    mappings = [node for node in nodes if isinstance(node, MappingNode)]
    if mappings:
        random.choice(mappings).value.append((random.choice(nodes), _scalar(random.choice(_TOPICS))))


def _scalar(text: str) -> ScalarNode:
    return ScalarNode("tag:yaml.org,2002:str", text)


_BYTE_CHANGES = (_put_in, _put_in, _take_out, _repeat, _change, _splice, _line_ends)
_TREE_CHANGES = tuple(map(_tree, (_share, _new_text, _new_text, _new_shape, _odd_key)))
