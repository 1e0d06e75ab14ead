"""What Git remembers: which commit a revision means, which files it holds, and their bytes.

The ``git`` executable is asked from argument lists; the work tree, the index and the references are left alone.
Whatever in the environment would lead Git to another repository than the folder's is taken out first.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Timer

from omni_assets.errors import GitFailed, NotARepository, RevisionUnknown, reason

SECONDS = 120.0
"""Longest that Git may take for one question, in seconds: a partial clone fetches what it lacks."""

_REDIRECTING = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
_OWN = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_NOT_TRUSTED = re.compile(r"dubious ownership in repository at '([^\n]+)'")
_OBJECT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})")
_SHORT = 10
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit to compare with: ``asked`` is how it was named, ``tip`` the commit of that name, ``commit`` the one that
    is meant, ``top`` the repository's work tree."""

    asked: str
    tip: str
    commit: str
    top: str

    @property
    def at_merge_base(self) -> bool:
        """Whether what is meant is where ``HEAD`` parted from the named commit, rather than that commit itself."""
        return self.commit != self.tip

    @property
    def short(self) -> str:
        """The commit as people write it."""
        return self.commit[:_SHORT]

    @property
    def label(self) -> str:
        """What to call it in a sentence, after "at"."""
        return f"{self.short} (merge base with {self.asked})" if self.at_merge_base else self.asked


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree holds at one path: a Git mode, and an object's name."""

    mode: str
    identity: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        """Whether it is a repository of its own."""
        return self.mode == "160000"


def revision(folder: str, asked: str) -> Revision:
    """The revision that ``asked`` means in the repository that holds ``folder``.

    As ``git diff asked...`` does, it is the merge base of the named commit and ``HEAD``: what others have done since
    the two parted is no change of ours. Without a common ancestor it is the named commit.

    Raises ``NotARepository``, ``RevisionUnknown`` and ``GitFailed``.
    """
    if asked.startswith("-") or "\0" in asked:
        raise RevisionUnknown(asked, "that is no name of a revision")
    known = _run(
        folder,
        *("rev-parse", "--show-toplevel", "--is-shallow-repository"),
        *("--verify", "--end-of-options", f"{asked}^{{commit}}"),
    )
    lines = os.fsdecode(known.stdout).rstrip("\n").split("\n")
    if not known.stdout:
        raise _no_repository(folder, os.fsdecode(known.stderr))
    if known.returncode != 0 or not _OBJECT.fullmatch(lines[-1]):
        shallow = lines[-1] == "true"
        raise _cut_off(asked, "this clone is shallow and does not have it") if shallow else _unknown(asked)
    *top, shallow_text, tip = lines
    shared = _run(folder, "merge-base", tip, "HEAD")
    base = os.fsdecode(shared.stdout).strip()
    if not base and shared.returncode == 1 and shallow_text == "true":
        raise _cut_off(asked, "this clone is shallow, and where HEAD parted from it is not in it")
    return Revision(asked, tip, base or tip, "\n".join(top))


def entries(of: Revision) -> Mapping[str, Entry]:
    """Every file of a revision, by its path from the repository's root with ``/``. Raises ``GitFailed``."""
    listed = _run(of.top, "ls-tree", "-r", "-z", "--full-tree", of.commit)
    if listed.returncode != 0:
        raise _refused(of.top, os.fsdecode(listed.stderr))
    found: dict[str, Entry] = {}
    for line in listed.stdout.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, _, identity = facts.decode("ascii").split(" ")
            found[os.fsdecode(path)] = Entry(mode, identity)
    return found


@contextmanager
def contents(of: Revision, largest: int) -> Iterator[Callable[[Entry], bytes | None]]:
    """Gives the bytes of an entry, ``None`` where there are more than ``largest``: one process for all of them.

    Whoever asks gets ``GitFailed`` where an object is missing or Git takes too long.
    """
    command = ["git", "-C", of.top, "cat-file", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
    ) as process:
        late = Timer(SECONDS, process.kill)
        late.daemon = True
        late.start()
        try:
            yield partial(_content, process, of, largest)
        finally:
            late.cancel()
            process.kill()


def _content(process: subprocess.Popen[bytes], of: Revision, largest: int, entry: Entry) -> bytes | None:
    if process.stdin is None or process.stdout is None:
        raise _refused(of.top, "it takes no questions")
    try:
        # Past the buffer: what a broken pipe leaves in one would raise again when it is closed.
        os.write(process.stdin.fileno(), f"{entry.identity}\n".encode())
    except OSError as error:
        raise _refused(of.top, reason(error)) from None
    header = process.stdout.readline().decode("ascii", "replace").split()
    if len(header) != 3:
        raise _refused(of.top, f"the object {entry.identity} is missing" if header else "it ended, or took too long")
    left = int(header[2])
    kept = process.stdout.read(left) if left <= largest else None
    left = left if kept is None else 0
    while left > 0:
        piece = process.stdout.read(min(left, _PIECE))
        if not piece:
            break
        left -= len(piece)
    process.stdout.read(1)
    return kept


def _run(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", folder, *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(folder, f"it took longer than {SECONDS:g} s") from None
    except FileNotFoundError:
        raise GitFailed(
            "git is not installed, and only it knows the contracts of another revision.", "Install git."
        ) from None
    except OSError as error:
        raise _refused(folder, reason(error)) from None


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in _REDIRECTING} | _OWN


def _no_repository(folder: str, said: str) -> NotARepository | GitFailed:
    shown = folder or "."
    distrusted = _NOT_TRUSTED.search(said)
    if distrusted is not None:
        return NotARepository(
            shown,
            "another user owns the repository, and Git reads none that it was not told to trust",
            f"Trust it with `git config --global --add safe.directory {distrusted[1]}`, or run as its owner.",
        )
    if "not a git repository" in said:
        return NotARepository(shown, "it is not in a Git repository")
    if "must be run in a work tree" in said:
        return NotARepository(shown, "the repository is bare, or this is the inside of its .git folder")
    return _refused(shown, said)


def _refused(folder: str, said: str) -> GitFailed:
    last = said.strip().rpartition("\n")[2].removeprefix("fatal: ").rstrip(".") or "it said nothing"
    return GitFailed(f"git cannot read the repository of {folder or '.'}: {last}.", "Try `git status` there.")


def _unknown(asked: str) -> RevisionUnknown:
    return RevisionUnknown(asked, "Git knows no such commit here")


def _cut_off(asked: str, why: str) -> RevisionUnknown:
    return RevisionUnknown(
        asked, why, "Fetch the rest with `git fetch --unshallow`, or check out with `fetch-depth: 0` on GitHub."
    )
