"""Where contracts are: every ``contract.yaml`` under the paths that are named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from omni_assets.errors import NoContracts, PathNotFound, reason

FILE_NAMES = frozenset({"contract.yaml", "contract.yml"})
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


def find_contracts(sources: Iterable[str]) -> list[str]:
    """Paths of contracts under ``sources`` in a stable order, each file once however many sources lead to it.

    A source that is a file is taken whatever its name. Folders are searched without following links to folders and
    without hidden ones. A folder below a source that cannot be listed stands among the paths itself, so that reading it
    says so. Raises ``PathNotFound`` and ``NoContracts``.
    """
    named = [os.fspath(source) for source in sources]
    found = [path for source in named for path in _under(source)]
    if not found:
        raise NoContracts(named)
    return found if len(named) == 1 else list(_distinct(found))


def _distinct(paths: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            yield path


def _under(source: str) -> Iterator[str]:
    try:
        os.lstat(source)
    except (OSError, ValueError) as error:
        raise _refused(source, error) from None
    if os.path.isdir(source):
        yield from _in_folder("" if source in (".", "./") else source)
    else:
        yield source


def _in_folder(root: str) -> Iterator[str]:
    """Contracts of a folder before those of its subfolders, both by name."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder or ".") as entries:
                present = sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError) as error:
            if folder == root:
                raise _refused(folder, error) from None
            continue  # it went away meanwhile
        except OSError as error:
            if folder == root:
                raise _refused(folder, error) from None
            yield folder
            continue
        yield from (os.path.join(folder, entry.name) for entry in present if entry.name in FILE_NAMES)
        waiting += (os.path.join(folder, entry.name) for entry in reversed(present) if _is_searched(entry))


def is_searched(folder: str) -> bool:
    """Whether contracts are looked for in a folder of that name, wherever it stands under a source."""
    return folder not in _SKIPPED and not folder.startswith(".")


def _is_searched(entry: os.DirEntry[str]) -> bool:
    return is_searched(entry.name) and entry.is_dir(follow_symlinks=False)


def _refused(path: str, error: OSError | ValueError) -> PathNotFound:
    if isinstance(error, FileNotFoundError):
        return PathNotFound(path)
    return PathNotFound(path, reason(error))
