"""The generated registry on disk: written, or compared with what the contracts declare.

A file is written whole or not at all, only where it differs, and never over one that ``omni registry`` did not write.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from omni_assets.contracts.model import Finding, Manifest
from omni_assets.contracts.registry import Layout, Module, Registry, build, is_generated, stale_finding
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count, visible
from omni_assets.errors import InputError, ManifestIncomplete, reason
from omni_assets.operations.context import Context
from omni_assets.operations.files import write_whole
from omni_assets.settings import Settings, registry_path

_MOST_DIFFERENCES = 20
_COMPARED_LINES = 200
_SUFFIX = ".py"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a registry is: a file, or the folder of a package."""

    path: str
    layout: Layout

    def file(self, module: Module) -> str:
        """The path of one of its modules."""
        return os.path.join(self.path, module.name) if module.name else self.path


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that is not what would be generated. ``diff`` is the beginning of a unified diff, a line each."""

    finding: Finding
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were written because they differed, and those removed because nothing belongs in them."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def configured(settings: Settings) -> Place | None:
    """Where the settings have the registry, or ``None``."""
    path = registry_path(settings)
    if path is None:
        return None
    return Place(path, Layout.PACKAGE if settings.registry.per_producer else Layout.MODULE)


def registry_findings(context: Context, manifest: Manifest) -> tuple[Finding, ...]:
    """What ``omni check`` says of the registry that the settings name: clashes and stale files. None, no findings."""
    place = configured(context.settings)
    if place is None:
        return ()
    registry = build(manifest, context.grammar(), place.layout)
    return (*registry.clashes, *(each.finding for each in stale(place, registry)))


def write_configured(context: Context, manifest: Manifest) -> Written:
    """Write the registry that the settings name, if they do. Raises as ``require_whole`` and ``write``."""
    place = configured(context.settings)
    if place is None:
        return Written((), ())
    require_whole(place, manifest)
    return write(place, build(manifest, context.grammar(), place.layout))


def require_whole(place: Place, manifest: Manifest) -> None:
    """Raises ``ManifestIncomplete`` where a contract could not be read: its topics would leave the registry."""
    unread = sum(each.rule in UNREAD_RULES for each in manifest.findings)
    if unread:
        raise ManifestIncomplete(f"the registry at {place.path} is", unread)


def stale(place: Place, registry: Registry) -> tuple[Stale, ...]:
    """Every file at ``place`` that is not what ``registry`` has. Raises ``InputError`` where it cannot be read."""
    _check_shape(place)
    if not os.path.lexists(place.path):
        what = "there is no registry here, so nothing holds code to the contracts."
        return (Stale(stale_finding(place.path, 1, what)),)
    found = [each for module in registry.modules for each in _compared(place.file(module), module.text)]
    needless = "no topic of the contracts belongs in this module any more."
    return (*found, *(Stale(stale_finding(path, 1, needless)) for path in _left_over(place, registry)))


def write(place: Place, registry: Registry) -> Written:
    """Make the files at ``place`` what ``registry`` has.

    Raises ``InputError`` where one of them was not written by ``omni registry``, before anything is touched, and where
    one cannot be written.
    """
    _check_shape(place)
    wanted = {place.file(module): module.text.encode() for module in registry.modules}
    present = {path: _bytes(path) for path in wanted}
    differing = [path for path, data in wanted.items() if present[path] != data]
    for path in differing:
        data = present[path]
        if data is not None and data.strip() and not is_generated(data.decode("utf-8", "replace")):
            raise InputError(
                f"{path} was not written by `omni registry`, so it is left alone.",
                "Move it away, or name another place with --output or `registry.path`.",
            )
    left_over = tuple(_left_over(place, registry))
    for path in differing:
        _replace(path, wanted[path])
    for path in left_over:
        try:
            os.unlink(path)
        except OSError as error:
            raise InputError(f"cannot remove {path}: {reason(error)}.", "Remove it yourself.") from None
    return Written(tuple(differing), left_over)


def _check_shape(place: Place) -> None:
    folder = os.path.isdir(place.path)
    if place.layout is Layout.MODULE and folder:
        raise InputError(
            f"{place.path} is a folder, and the registry of all producers is one module.",
            "Name a file, or ask for a module for each with --per-producer.",
        )
    if place.layout is Layout.PACKAGE and not folder and os.path.lexists(place.path):
        raise InputError(
            f"{place.path} is a file, and a registry with a module for each producer is a folder.",
            "Name a folder, or leave out --per-producer.",
        )


def _compared(path: str, wanted: str) -> Iterator[Stale]:
    data = _bytes(path)
    if data == wanted.encode():
        return
    if data is None:
        yield Stale(stale_finding(path, 1, "this module of the registry is missing."))
        return
    line, diff = _difference(path, data.decode("utf-8", "replace"), wanted)
    what = f"it is not what the contracts declare, from line {line:,} on."
    yield Stale(stale_finding(path, line, what), diff)


def _difference(path: str, present: str, wanted: str) -> tuple[int, tuple[str, ...]]:
    """The first line that differs, and the beginning of a diff. Only what differs is compared: files are long."""
    old, new = present.split("\n"), wanted.split("\n")
    shortest = min(len(old), len(new))
    start = next((index for index in range(shortest) if old[index] != new[index]), shortest)
    same = 0
    while same < shortest - start and old[-1 - same] == new[-1 - same]:
        same += 1
    first = max(0, start - 1)
    ends = [min(len(lines) - max(0, same - 1), first + _COMPARED_LINES) for lines in (old, new)]
    heads = (f"{path} (as it is)", f"{path} (as it would be)")
    diff = list(unified_diff(old[first : ends[0]], new[first : ends[1]], *heads, lineterm="", n=1))
    shown = [visible(line) for line in diff if not line.startswith("@@")]
    more = len(shown) - _MOST_DIFFERENCES
    if more > 0:
        shown = [*shown[:_MOST_DIFFERENCES], f"… and {count(more, 'line')} more, at least"]
    return start + 1, tuple(shown)


def _left_over(place: Place, registry: Registry) -> Iterator[str]:
    """Generated modules in the package's folder that are of it no more. A module of somebody's own may stay."""
    if place.layout is Layout.MODULE or not os.path.isdir(place.path):
        return
    wanted = {module.name for module in registry.modules}
    for name in sorted(os.listdir(place.path)):
        path = os.path.join(place.path, name)
        if name.endswith(_SUFFIX) and name not in wanted and os.path.isfile(path):
            data = _bytes(path)
            if data is not None and is_generated(data.decode("utf-8", "replace")):
                yield path


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {reason(error)}.", "Make it a readable file, or remove it.") from None


def _replace(path: str, data: bytes) -> None:
    try:
        os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)
        write_whole(path, data)
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot write {path}: {reason(error)}.", "Name a place that can be written, with --output."
        ) from None
