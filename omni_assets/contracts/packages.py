"""Contracts in installed packages: found by what the packages announce, without importing their code.

A package announces its contracts with an entry point::

    [project.entry-points."omni_assets.contracts"]
    acme = "acme.contracts"

whose value is the package that holds them. Only what the settings approve is searched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

GROUP = "omni_assets.contracts"
"""The entry-point group of packages that hold contracts."""

_ALL = "*"
_WILDCARDS = frozenset("*?[")
_SEPARATORS = re.compile(r"[-_.]+")


class UnknownPackage(LookupError):
    """An approved package that cannot be searched; ``str()`` gives the reason as a sentence without its full stop."""


def package_folders(approved: Iterable[str]) -> tuple[str, ...]:
    """The folders of the approved packages, each once.

    ``approved`` holds names, or patterns of names, of entry points, distributions or packages; ``*`` is all that
    announce contracts. A name that announces nothing is taken for a package that is searched as
    a whole. Raises ``UnknownPackage`` for a name or pattern that fits nothing that is installed.
    """
    announced = tuple(entry_points(group=GROUP)) if (patterns := tuple(approved)) else ()
    return tuple(dict.fromkeys(folder for pattern in patterns for folder in _approved(pattern, announced)))


def _approved(pattern: str, announced: tuple[EntryPoint, ...]) -> Iterator[str]:
    fitting = sorted((each for each in announced if _fits(pattern, each)), key=lambda each: (each.name, each.value))
    for each in fitting:
        folders = _folders(each.module)
        if not folders:
            raise UnknownPackage(f"`{each.name}` announces contracts in `{each.module}`, and there is no such folder")
        yield from folders
    if fitting or pattern == _ALL:
        return
    if _WILDCARDS.isdisjoint(pattern):
        folders = _folders(pattern) or _folders(pattern.replace("-", "_"))
        if folders:
            yield from folders
            return
        raise UnknownPackage(f"`{pattern}` is no installed package, nor the name of one that announces contracts")
    raise UnknownPackage(f"no installed package that announces contracts fits `{pattern}`")


def _fits(pattern: str, announced: EntryPoint) -> bool:
    distribution = announced.dist.name if announced.dist is not None else ""
    names = (announced.name, distribution, announced.module, announced.module.partition(".")[0])
    wanted = _plain(pattern)
    return any(fnmatchcase(name, pattern) or fnmatchcase(_plain(name), wanted) for name in names if name)


def _plain(name: str) -> str:
    """``name`` as package registries compare names: case and the choice of separators make no difference."""
    return _SEPARATORS.sub("-", name).lower()


def _folders(module: str) -> list[str]:
    """The folders of a package. Only its topmost name is looked up, which runs none of its code."""
    top, *below = module.split(".")
    try:
        spec = find_spec(top) if top.isidentifier() else None
    except (ImportError, ValueError):
        return []
    places = spec.submodule_search_locations if spec is not None else None
    return [folder for place in places or () if os.path.isdir(folder := os.path.join(place, *below))]
