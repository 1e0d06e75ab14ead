"""A bare repository: its commits, trees and references, each question within bounds, each change atomic."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.workflow.git import TooMuch, ask, why_unfit
from omni_assets.contracts.text import count, visible

FOLDER = "OMNI_REPOSITORIES"
"""The variable that names the folder with the repositories: that of ``demo`` is ``demo.git`` in it."""

MOST_FILES, MOST_FILE_BYTES = 5_000, 32 * 1024 * 1024
"""Files, and bytes of them together, that a tree may have for agents to work on it."""

NOTHING = ""
"""What a reference is that is not there."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
_NO_BRANCH = re.compile(r"\.\.|(?:\.|\.lock)(?:/|$)")
_MOST_BRANCH = 200
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_SECTION = "diff --git "
_REGULAR = (b"100644", b"100755")


@dataclass(frozen=True, slots=True)
class Change:
    """A reference that is to become ``new``, if it is ``old`` now."""

    reference: str
    new: str
    old: str = NOTHING


@dataclass(frozen=True, slots=True)
class Merged:
    """Two commits put together: the ``tree``, or the files in which they conflict."""

    tree: str = ""
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repository:
    """The bare repository in ``folder``. Whatever is asked of it raises ``GitFailed`` where git fails."""

    folder: Path
    name: str

    def commit(self, reference: str) -> str:
        """The commit that a reference, or a commit's own name, leads to; empty where there is none."""
        found = ask(self.folder, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", fine=(0, 1))
        return NOTHING if found.status else found.text

    def branch(self, name: str) -> str:
        """The newest commit of a branch. Raises ``Hopeless`` where there is none."""
        commit = self.commit(f"refs/heads/{branch_name(name)}")
        if not commit:
            raise Hopeless(f"the repository `{self.name}` has no branch `{name}`")
        return commit

    def objects(self, pattern: str) -> Mapping[str, str]:
        """The references that begin so, and the objects that they lead to."""
        listed = ask(self.folder, "for-each-ref", "--format=%(objectname) %(refname)", pattern).text
        return {name: identity for identity, _, name in (line.partition(" ") for line in listed.splitlines())}

    def note(self, reference: str) -> tuple[str, bytes]:
        """The text that a reference leads to, with its identity; both empty where there is none."""
        identity = self.objects(reference).get(reference, NOTHING)
        return identity, ask(self.folder, "cat-file", "blob", identity).output if identity else b""

    def keep(self, text: bytes) -> str:
        """A text as an object of the repository: its identity. Nothing leads to it yet."""
        return ask(self.folder, "hash-object", "-w", "--stdin", told=text).text

    def change(self, *changes: Change) -> None:
        """All of these references, or none. Raises ``Moved`` where one is not what it was said to be."""
        lines = [
            f"update {each.reference} {each.new} {each.old}" if each.old else f"create {each.reference} {each.new}"
            for each in changes
        ]
        script = "\n".join(["start", *lines, "prepare", "commit", ""])
        ask(self.folder, "update-ref", "--stdin", told=script.encode())

    def contains(self, commit: str, other: str) -> bool:
        """Whether ``other`` is ``commit``, or one that it came from."""
        return ask(self.folder, "merge-base", "--is-ancestor", other, commit, fine=(0, 1)).status == 0

    def parted(self, one: str, other: str) -> str:
        """The commit that both came from. Raises ``Hopeless`` where there is none."""
        base = ask(self.folder, "merge-base", one, other, fine=(0, 1)).text
        if not base:
            raise Hopeless(f"`{one[:10]}` and `{other[:10]}` have no history in common")
        return base

    def time(self, commit: str) -> str:
        """When a commit was made, as git reads it again."""
        return ask(self.folder, "log", "-1", "--format=@%ct +0000", commit).text

    def merge(self, target: str, head: str) -> Merged:
        """Both commits together; no reference changes. Raises ``Hopeless`` where they have no history in common."""
        self.parted(target, head)
        if unfit := why_unfit(self.folder):
            raise Hopeless(unfit.rstrip("."))
        found = ask(
            self.folder,
            *("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", target, head),
            fine=(0, 1),
        )
        tree, *files = [os.fsdecode(each) for each in found.output.strip(b"\0").split(b"\0")]
        return Merged(conflicts=tuple(dict.fromkeys(each for each in files if each))) if found.status else Merged(tree)

    def commit_tree(self, tree: str, parents: Iterable[str], message: str, when: str) -> str:
        """A commit, always the same for the same words; nothing leads to it yet."""
        before = [word for each in parents for word in ("-p", each)]
        return ask(self.folder, "commit-tree", tree, *before, "-F", "-", told=message.encode(), when=when).text

    def diff(self, base: str, head: str, most: int) -> str:
        """What changed, as people read it. Raises ``Hopeless`` where that has more than ``most`` bytes."""
        try:
            found = ask(self.folder, *_DIFF, base, head, most=most)
        except TooMuch:
            raise Hopeless(f"its change has more than {most:,} bytes, which is more than is reviewed") from None
        return found.output.decode("utf-8", "backslashreplace")

    def changed_lines(self, base: str, head: str) -> Mapping[str, tuple[int, ...]]:
        """The lines, from 1, of the files in ``head`` that are not in ``base`` so; files that are gone are left out."""
        kinds = ("--diff-filter=AM", "--no-renames")
        names = ask(self.folder, "diff", "--name-only", "-z", *kinds, base, head).output.strip(b"\0").split(b"\0")
        text = ask(self.folder, *_DIFF, "--unified=0", *kinds, base, head).output.decode("utf-8", "replace")
        sections = f"\n{text}".split(f"\n{_SECTION}")[1:]
        return {os.fsdecode(name): tuple(_added(section)) for name, section in zip(names, sections, strict=False)}

    def files(self, tree: str) -> Mapping[str, bytes]:
        """The files of a commit or tree by their paths: as they are stored, links and other repositories left out.

        Raises ``Hopeless`` where there are too many, or too large ones.
        """
        listed = ask(self.folder, "ls-tree", "-r", "-l", "-z", "--full-tree", tree).output.strip(b"\0").split(b"\0")
        found: dict[str, str] = {}
        total = 0
        for line in filter(None, listed):
            facts, _, path = line.partition(b"\t")
            mode, _, identity, size = facts.split()
            if mode in _REGULAR:
                found[os.fsdecode(path)] = identity.decode()
                total += int(size)
        if len(found) > MOST_FILES or total > MOST_FILE_BYTES:
            raise Hopeless(
                f"the repository `{self.name}` has {count(len(found), 'file')} with {total:,} bytes there, and agents "
                f"work on up to {MOST_FILES:,} with {MOST_FILE_BYTES:,}"
            )
        return dict(zip(found, self.texts(found.values()), strict=True))

    def texts(self, identities: Iterable[str]) -> Iterator[bytes]:
        """What these objects hold, in their order. Raises ``Hopeless`` where one is missing."""
        asked = "".join(f"{each}\n" for each in identities)
        output = ask(self.folder, "cat-file", "--batch", told=asked.encode()).output if asked else b""
        place = 0
        while place < len(output):
            end = output.index(b"\n", place)
            header = output[place:end].split()
            if len(header) != 3:
                raise Hopeless(f"the repository `{self.name}` lacks the object {header[0].decode()}")
            size = int(header[2])
            yield output[end + 1 : end + 1 + size]
            place = end + size + 2


_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")


def repository(name: str, environ: Mapping[str, str] = os.environ) -> Repository:
    """The repository of that name, in the folder that ``OMNI_REPOSITORIES`` names.

    Raises ``Hopeless`` for a name that is none, and where there is no such repository here.
    """
    if not _NAME.fullmatch(name) or name.endswith((".git", ".")) or ".." in name:
        raise Hopeless(f"`{visible(name[:60])}` is no name of a repository")
    folder = environ.get(FOLDER, "")
    if not folder:
        raise Hopeless(f"{FOLDER} names no folder with repositories")
    place = Path(folder)
    if not place.is_absolute():
        raise Hopeless(f"{FOLDER} names `{visible(folder)}`, and has to be a whole path")
    found = place / f"{name}.git"
    if not (found / "HEAD").is_file():
        raise Hopeless(f"there is no repository `{name}` where {FOLDER} leads")
    return Repository(found, name)


def branch_name(name: str) -> str:
    """A name that a branch may have. Raises ``Hopeless``: what it holds, git could take for something else."""
    if len(name) > _MOST_BRANCH or not _BRANCH.fullmatch(name) or _NO_BRANCH.search(name):
        raise Hopeless(f"`{visible(name[:60])}` is no name of a branch that agents take")
    return name


def is_commit(text: str) -> bool:
    """Whether a text is the whole name of a commit."""
    return _COMMIT.fullmatch(text) is not None


def _added(section: str) -> Iterator[int]:
    for line in section.split("\n"):
        hunk = _HUNK.match(line)
        if hunk is not None:
            first, length = int(hunk[1]), int(hunk[2] or "1")
            yield from range(first, first + length)
