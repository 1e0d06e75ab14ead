"""Where contracts are: every ``contract.yaml`` under the paths that are named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from omni_assets.errors import NoContracts, PathNotFound

FILE_NAMES = frozenset({"contract.yaml", "contract.yml"})
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


def find_contracts(sources: Iterable[str]) -> list[str]:
    """Paths of contracts under ``sources`` in a stable order, each once.

    A source that is a file is taken whatever its name. Folders are searched without following links to folders and
    without hidden ones. Raises ``PathNotFound`` and ``NoContracts``.
    """
    named = [str(source) for source in sources]
    found: dict[str, None] = {}
    for source in named:
        found.update(dict.fromkeys(_under(source)))
    if not found:
        raise NoContracts(named)
    return list(found)


def _under(source: str) -> Iterator[str]:
    if not os.path.lexists(source):
        raise PathNotFound(source)
    if not os.path.isdir(source):
        yield source
        return
    for folder, folders, files in os.walk(source, onerror=_refuse):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        yield from (os.path.normpath(os.path.join(folder, name)) for name in sorted(FILE_NAMES.intersection(files)))
        yield from (os.path.normpath(os.path.join(folder, name)) for name in sorted(FILE_NAMES.intersection(folders)))


def _refuse(error: OSError) -> None:
    raise PathNotFound(str(error.filename), (error.strerror or str(error)).lower())
