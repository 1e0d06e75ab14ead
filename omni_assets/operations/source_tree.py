"""The files of source trees that Git would keep: ``.gitignore`` at every level counts, in a repository or not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pathspec import GitIgnoreSpec, Pattern, RegexPattern

from omni_assets.errors import InputError, reason

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
_FOLDER = "ps_d"  # the group by which pathspec marks where a folder's name ends
_EXCLUDE = os.path.join(".git", "info", "exclude")


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A folder that cannot be listed, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of one file, which hold for paths below ``folder``."""

    folder: str
    spec: GitIgnoreSpec

    def decide(self, path: str) -> bool | None:
        """Whether they ignore ``path``; ``None`` where they say nothing of it."""
        below = path[len(self.folder) :]
        if self.spec.check_file(below).include is None:
            return None
        return next((each.include for each in reversed(self.spec.patterns) if _names(each, below)), None)


def files(sources: Iterable[str]) -> Iterator[os.DirEntry[str] | str | Unlisted]:
    """Files under ``sources`` in a stable order, and folders that cannot be listed.

    A source that is a file is taken whatever ignores it. In folders, links are not followed; hidden folders, the ones
    that package managers fill, and whatever Git ignores are left out. Raises ``InputError``.
    """
    for source in map(os.fspath, sources):
        try:
            os.lstat(source)
        except (OSError, ValueError) as error:
            raise _unusable(source, reason(error)) from None
        if os.path.isdir(source):
            yield from _in_folder("" if source in (".", "./") else source)
        elif os.path.isfile(source):
            yield source
        else:
            raise _unusable(source, "it is neither a file nor a folder")


def _in_folder(root: str) -> Iterator[os.DirEntry[str] | Unlisted]:
    absolute = os.path.abspath(root or ".")
    waiting = [(root, _with_separator(absolute), _above(absolute))]
    while waiting:
        folder, place, chain = waiting.pop()
        try:
            with os.scandir(folder or ".") as entries:
                present = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Unlisted(folder or ".", reason(error))
            continue
        chain = _at(place, chain, {entry.name for entry in present})
        deeper = []
        for entry in present:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if not (name in _SKIPPED or name.startswith(".") or _ignored(chain, f"{place}{name}/")):
                    deeper.append((os.path.join(folder, name), f"{place}{name}/", chain))
            elif entry.is_file(follow_symlinks=False) and not _ignored(chain, place + name):
                yield entry
        waiting += reversed(deeper)


def _ignored(chain: tuple[_Patterns, ...], path: str) -> bool:
    """Whether Git would ignore ``path``: of several files of patterns the nearest that says anything decides."""
    for patterns in reversed(chain):
        decided = patterns.decide(path)
        if decided is not None:
            return decided
    return False


def _above(folder: str) -> tuple[_Patterns, ...]:
    """The patterns of the folders above, up to the top of the repository; none where there is no repository."""
    upwards = [folder]
    while not os.path.lexists(os.path.join(upwards[-1], ".git")):
        above = os.path.dirname(upwards[-1])
        if above == upwards[-1]:
            return ()
        upwards.append(above)
    chain: tuple[_Patterns, ...] = ()
    for each in reversed(upwards[1:]):
        chain = _at(_with_separator(each), chain, {".git", ".gitignore"})
    return chain


def _names(pattern: Pattern, path: str) -> bool:
    """Whether a pattern speaks of ``path`` itself. The library lets one that names a folder speak of all that is in it;
    to Git that was decided when the folder was."""
    if not isinstance(pattern, RegexPattern) or pattern.regex is None:
        return False
    bare = path.rstrip("/")
    folder = any(
        each.groupdict().get(_FOLDER) and each.end(_FOLDER) == len(path) for each in pattern.regex.finditer(path)
    )
    return folder or any(each.groupdict().get(_FOLDER) is None for each in pattern.regex.finditer(bare))


def _at(place: str, chain: tuple[_Patterns, ...], names: set[str]) -> tuple[_Patterns, ...]:
    """The chain with the patterns that begin to hold at ``place``, where ``names`` are."""
    for name, file in ((".git", _EXCLUDE), (".gitignore", ".gitignore")):
        spec = _spec(place + file) if name in names else None
        if spec is not None:
            chain = (*chain, _Patterns(place, spec))
    return chain


@lru_cache(maxsize=4_096)
def _spec(path: str) -> GitIgnoreSpec | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            spec = GitIgnoreSpec.from_lines(_patterns(file))
    except OSError:
        return None  # Git leaves out what it cannot read, too
    return spec if spec.patterns else None


def _patterns(lines: Iterable[str]) -> Iterator[str]:
    """The lines that are patterns; Git is silent on one that it cannot make sense of."""
    for line in lines:
        pattern = line.rstrip("\r\n")
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            continue
        yield pattern


def _with_separator(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def _unusable(path: str, why: str) -> InputError:
    return InputError(f"cannot read {path}: {why}.", "Name files and folders of source code.")
