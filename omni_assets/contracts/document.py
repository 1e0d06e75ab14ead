"""One file as a tree of YAML nodes that keep their marks, or the finding that says why there is none."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, Location
from omni_assets.contracts.rules import EMPTY, INVALID_YAML, NOT_A_MAPPING, UNREADABLE, UNREADABLE_FOLDER
from omni_assets.errors import reason

Pairs: TypeAlias = list[tuple[Node, Node]]
"""The keys and values of a YAML mapping, in the order of the file."""

MAX_BYTES = 1024 * 1024
"""Largest contract in bytes that is read: some fifty times the largest seen."""

MAX_DEPTH = 1000
"""Deepest nesting of collections that is composed; the composer recurses on the C stack."""

MAX_TAG_DIRECTIVES = 100
"""Most ``%TAG`` lines; the scanner compares each with all before it."""

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_NULL = "tag:yaml.org,2002:null"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_OPENERS = ("[", "{", "- ", "? ")

_REMEDIES = (
    ("expected a single document", "keep one document in the file, and move the others to files of their own"),
    ("undefined alias", "define the anchor before its alias"),
    ("duplicate anchor", "give one of the two anchors another name"),
    ("mapping values are not allowed", "quote the value, or mend the indentation"),
    ("alphabetic or numeric character", "quote the value"),
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_Loader: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """A file that cannot be used; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Document:
    """The root of a contract and where it is. ``content`` is the file's bytes."""

    path: str
    content: bytes
    root: MappingNode


def read(path: str, most: int = MAX_BYTES) -> bytes:
    """The bytes of the file at ``path``, at most ``most``, in whole MiB. Raises ``Unreadable``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
                raise _refused(path, f"this file cannot be read: it is {kind}.", "put a file in its place")
            content = _read_at_most(descriptor, most + 1) if status.st_size <= most else None
        finally:
            os.close(descriptor)
    except OSError as error:
        why = reason(error)
        if os.path.isdir(path):
            message = f"this folder cannot be searched for contracts: {why}."
            fix = "let it be listed, or name the folders beside it"
            raise Unreadable(finding(UNREADABLE_FOLDER, message, Location(path), fix=fix)) from None
        raise _refused(path, f"this file cannot be read: {why}.", "make it a readable file") from None
    except ValueError:
        raise _refused(path, "this file cannot be read: its path holds a NUL.", "name a file") from None
    if content is None or len(content) > most:
        limit = most // 1024 // 1024
        fix = "split it, or rename it where it does not belong here"
        raise _refused(path, f"this file is larger than {limit} MiB, so it is not read.", fix)
    return content


def parse(path: str, content: bytes) -> Document:
    """The tree of a contract. Raises ``Unreadable``."""
    root = compose(path, content)
    if root is None or root.tag == _NULL:
        fix = "give it a `name` and an `event_bus`, or remove the file"
        raise Unreadable(finding(EMPTY, "this file is empty, so it declares nothing.", Location(path), fix=fix))
    if not isinstance(root, MappingNode):
        kind = "a list" if isinstance(root, SequenceNode) else "a single value"
        message = f"this file is {kind} where a mapping is expected, so nothing of it is read."
        raise Unreadable(
            finding(NOT_A_MAPPING, message, place(path, root), fix="begin it with `name:` and `event_bus:`")
        )
    return Document(path, content, root)


def compose(path: str, content: bytes) -> Node | None:
    """The tree of ``content``, whatever it holds; ``None`` where there is nothing. Raises ``Unreadable``."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(
            path,
            f"this file is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}.",
            "save it as UTF-8",
            _after(path, content[: error.start].decode("utf-8", "replace")),
        ) from None
    _check_tags(path, text)
    _check_depth(path, text)
    try:
        root: Node | None = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _invalid(path, text, error) from None
    except yaml.YAMLError as error:
        raise _unmarked(path, content, error) from None
    except RecursionError:
        raise _too_deep(Location(path)) from None
    return root


def is_null(node: Node) -> bool:
    """Whether a node holds nothing. A text under the tag ``!!null`` is a text all the same: loaders disagree on it."""
    return isinstance(node, ScalarNode) and node.tag == _NULL and node.value.strip() in _NULLS


def place(path: str, node: Node | yaml.Event) -> Location:
    """Where ``node`` begins."""
    mark = node.start_mark
    return Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)


def _refused(path: str, message: str, fix: str, location: Location | None = None) -> Unreadable:
    return Unreadable(finding(UNREADABLE, message, location or Location(path), fix=fix))


def _read_at_most(descriptor: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(descriptor, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _invalid(path: str, text: str, error: yaml.MarkedYAMLError) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
    problem, context = error.problem or "", error.context or ""
    what = f"{problem}, {context}" if problem and context.startswith("while") else f"{context} {problem}".strip()
    fix = next((fix for part, fix in _REMEDIES if part in what), "mend the indentation, quotes and brackets here")
    if mark and _character_at(text, mark.line, mark.column) == "\t":
        what, fix = "a tab stands where YAML takes spaces only", "indent with spaces"
    message = f"this file is not valid YAML: {what}; nothing of it is read."
    return Unreadable(finding(INVALID_YAML, message, where, fix=fix))


def _after(path: str, before: str) -> Location:
    """The place of what comes after ``before``, which begins the file."""
    *lines, last = _LINE_ENDS.split(before)
    return Location(path, len(lines) + 1, len(last) + 1)


def _character_at(text: str, line: int, column: int) -> str:
    lines = _LINE_ENDS.split(text, line + 1)
    return lines[line][column : column + 1] if line < len(lines) else ""


def _unmarked(path: str, content: bytes, error: yaml.YAMLError) -> Unreadable:
    position, character = getattr(error, "position", None), getattr(error, "character", None)
    where, what, fix = Location(path), " ".join(str(error).split()), "save it as plain UTF-8 text"
    if isinstance(position, int):
        # libyaml counts bytes; its Python twin counts characters.
        before = content[:position].decode("utf-8", "ignore") if _Loader is not yaml.SafeLoader else None
        before = content.decode("utf-8")[:position] if before is None else before
        where = _after(path, before.removeprefix("\ufeff"))
        shown = f"U+{character:04X}" if isinstance(character, int) else f"U+{ord(str(character)[0]):04X}"
        what, fix = f"the character {shown} is not allowed", "remove it, or write it as an escape in double quotes"
    message = f"this file is not valid YAML: {what}; nothing of it is read."
    return Unreadable(finding(INVALID_YAML, message, where, fix=fix))


def _too_deep(where: Location) -> Unreadable:
    message = f"this file nests deeper than {MAX_DEPTH} levels, so it is not read."
    return Unreadable(finding(INVALID_YAML, message, where, fix="flatten it"))


def _check_tags(path: str, text: str) -> None:
    if text.count("%TAG") > MAX_TAG_DIRECTIVES:
        message = f"this file has more than {MAX_TAG_DIRECTIVES} %TAG directives, so it is not read."
        raise _refused(path, message, "remove them; none is needed")


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
                    raise _too_deep(place(path, event))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return
