"""One contract file as a tree of YAML nodes that keep their marks, or the finding that says why there is none."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from omni_assets.contracts.findings import EMPTY, INVALID_YAML, NOT_A_MAPPING, UNREADABLE, finding
from omni_assets.contracts.model import Finding, Location

MAX_BYTES = 4 * 1024 * 1024
"""Largest contract in bytes that is read: some hundred times the largest seen, and still parsed in a second."""

MAX_DEPTH = 5000
"""Deepest nesting of collections that is composed; the composer recurses on the C stack."""

_OPENERS = ("[", "{", "- ", "? ")

_Loader: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """A contract that cannot be used; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Document:
    """The root of a contract and where it is. ``content`` is the file's bytes."""

    path: str
    content: bytes
    root: MappingNode


def read(path: str) -> bytes:
    """The bytes of the file at ``path``, at most ``MAX_BYTES``. Raises ``Unreadable``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = "it is a folder" if error.errno == errno.EISDIR else (error.strerror or str(error)).lower()
        raise _refused(path, f"this contract cannot be read: {why}.", "Make it a readable file.") from None
    if len(content) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise _refused(path, f"this contract is larger than {limit} MiB, and is not read.", "Split it, or move it.")
    return content


def parse(path: str, content: bytes) -> Document:
    """The tree of ``content``. Raises ``Unreadable``."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise _refused(
            path,
            f"this contract is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}.",
            "Save it as UTF-8.",
            Location(path, line, column),
        ) from None
    _check_depth(path, text)
    try:
        root: Node | None = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise Unreadable(finding(INVALID_YAML, f"this contract is not valid YAML: {what}.", where)) from None
    except yaml.YAMLError as error:
        where, what = _unmarked(path, text, error)
        raise Unreadable(finding(INVALID_YAML, f"this contract is not valid YAML: {what}.", where)) from None
    if root is None or root.tag == "tag:yaml.org,2002:null":
        raise Unreadable(finding(EMPTY, "this contract is empty.", Location(path), fix="give it a name and event_bus"))
    if not isinstance(root, MappingNode):
        kind = "a list" if isinstance(root, SequenceNode) else "a single value"
        raise Unreadable(finding(NOT_A_MAPPING, f"this contract is {kind}, not a mapping.", place(path, root)))
    return Document(path, content, root)


def place(path: str, node: Node | yaml.Event) -> Location:
    """Where ``node`` begins."""
    mark = node.start_mark
    return Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)


def _refused(path: str, message: str, fix: str, location: Location | None = None) -> Unreadable:
    return Unreadable(finding(UNREADABLE, message, location or Location(path), fix=fix))


def _unmarked(path: str, text: str, error: yaml.YAMLError) -> tuple[Location, str]:
    position = getattr(error, "position", None)
    character = getattr(error, "character", None)
    if not isinstance(position, int):
        return Location(path), " ".join(str(error).split())
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    shown = f"U+{character:04X}" if isinstance(character, int) else repr(character)
    return Location(path, line, column), f"the character {shown} is not allowed"


def _check_depth(path: str, text: str) -> None:
    # Each level needs an opener, or an indentation of its own: n of those take n * n / 2 characters.
    if sum(map(text.count, _OPENERS)) < MAX_DEPTH and len(text) < MAX_DEPTH * MAX_DEPTH // 2:
        return
    depth = 0
    try:
        for event in yaml.parse(text, _Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    message = f"this contract nests deeper than {MAX_DEPTH} levels."
                    raise Unreadable(finding(INVALID_YAML, message, place(path, event)))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return
