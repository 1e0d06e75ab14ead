"""A project begins, or what is there already becomes one: nothing that is there is overwritten, and only new mistakes
count from then on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from omni_assets.contracts.discovery import find_contracts
from omni_assets.errors import InputError, NoContracts, PathNotFound, reason
from omni_assets.operations.check import check, new_baseline, scope
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.files import write_new
from omni_assets.operations.scaffold import texts
from omni_assets.operations.scaffold.texts import Piece
from omni_assets.settings import CheckSettings, Settings, baseline_path


class Fate(StrEnum):
    """What becomes of a file. ``LEFT`` is one that is there and lacks what it needs: only its owner changes it."""

    WRITTEN = "written"
    THERE = "there"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Laid:
    """A file, and what became of it, or would."""

    piece: Piece
    fate: Fate


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a project in ``root``, or would.

    ``sources`` are where contracts are looked for, ``contracts`` is how many were there already, and ``known`` how many
    findings the new baseline knows. ``errors`` is how many count from now on.
    """

    root: Path
    sources: tuple[str, ...]
    contracts: int
    laid: tuple[Laid, ...]
    known: int
    errors: int


def begin(context: Context) -> Begun:
    """Write what the project lacks. ``context`` is the project's, without paths; doing it again changes nothing.

    Raises ``InputError``: ``SettingsError`` and ``BaselineUnusable`` where a file of somebody's own cannot be used.
    """
    plan = _plan(context)
    laid = tuple(Laid(piece, _lay(plan.root, piece)) for piece in plan.pieces)
    return plan.begun(laid, check(scope(resolve(folder=plan.root), ())).counts["error"])


def foretell(context: Context) -> Begun:
    """What ``begin`` would do; nothing is written. Raises as it does."""
    plan = _plan(context)
    laid = tuple(Laid(piece, _fate(plan.root, piece) or Fate.WRITTEN) for piece in plan.pieces)
    return plan.begun(laid, 0 if plan.silenced else check(scope(plan.context, ())).counts["error"])


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a project is to have. ``context`` works by the settings that it will have, ``contracts`` are there already,
    and ``silenced`` says that whatever is wrong now will be known."""

    context: Context
    contracts: int
    pieces: tuple[Piece, ...]
    known: int
    silenced: bool

    @property
    def root(self) -> Path:
        return self.context.settings.root

    def begun(self, laid: tuple[Laid, ...], errors: int) -> Begun:
        return Begun(self.root, self.context.settings.contracts, self.contracts, laid, self.known, errors)


def _plan(context: Context) -> _Plan:
    stated = context.settings.source is not None
    found = _found(context.sources if stated else (str(context.settings.root),))
    where = context if stated else _with_settings_of_its_own(context, found)
    baseline = _baseline(where) if found else None
    named = baseline_path(where.settings) is not None
    if baseline is not None and not stated:
        check_settings, named = CheckSettings(baseline=baseline.piece.path), True
        where = replace(where, settings=where.settings.model_copy(update={"check": check_settings}))
    unnamed = None if baseline is None or named else baseline.piece.path
    pieces = (
        _stated(where.settings, unnamed)
        if stated
        else texts.settings(where.settings.contracts, where.settings.check.baseline),
        *([] if found else _first_contract(where)),
        *([] if baseline is None else [baseline.piece]),
        *texts.standing(version("omni-assets")),
    )
    known = baseline.known if baseline else 0
    return _Plan(where, len(found), pieces, known, not found or (named and known > 0))


@dataclass(frozen=True, slots=True)
class _Baseline:
    """The file of a baseline, and how many findings it knows where it is a new one."""

    piece: Piece
    known: int


def _found(sources: Sequence[str]) -> list[str]:
    """The contracts that are there: none is no mistake."""
    try:
        return find_contracts(sources)
    except (NoContracts, PathNotFound):
        return []


def _with_settings_of_its_own(context: Context, found: Sequence[str]) -> Context:
    """The context under the settings that are to be written: contracts are looked for in the folders that hold some."""
    root = context.settings.root
    folders = {PurePosixPath(_from(root, path)).parts[0] for path in found}
    at_the_top = any(os.path.dirname(_from(root, path)) == "" for path in found)
    contracts = (".",) if at_the_top else tuple(sorted(folders)) or Settings().contracts
    settings = Settings(contracts=contracts, root=root)
    return replace(context, settings=settings, sources=tuple(os.path.relpath(root / each) for each in contracts))


def _stated(settings: Settings, baseline: str | None) -> Piece:
    """The settings that are there. ``baseline`` is one that they do not name, if there is one."""
    path = _from(settings.root, str(settings.source))
    if baseline is None:
        return Piece(path, "", texts.SETTINGS)
    table = "tool.omni.check" if path == "pyproject.toml" else "check"
    return Piece(
        path, "", texts.SETTINGS, baseline, f'Add `baseline = "{baseline}"` under [{table}], so that it counts.'
    )


def _first_contract(context: Context) -> Iterator[Piece]:
    piece = texts.first_contract(context.settings.contracts[0], context.grammar())
    if piece is not None:
        yield piece


def _baseline(context: Context) -> _Baseline | None:
    """A baseline that knows what is wrong now, or the one that is there already; none where nothing is wrong."""
    new = new_baseline(scope(context, ()))
    there = os.path.lexists(new.path)
    if not new.findings and not there:
        return None
    piece = Piece(_from(context.settings.root, new.path), new.text, "what was wrong when checking began")
    return _Baseline(piece, 0 if there else new.findings)


def _fate(root: Path, piece: Piece) -> Fate | None:
    """What becomes of a file that is there already; ``None`` where none is."""
    path = root / piece.path
    if not os.path.lexists(path):
        return None
    if not piece.mark:
        return Fate.THERE
    try:
        return Fate.THERE if piece.mark in path.read_text(encoding="utf-8", errors="replace") else Fate.LEFT
    except OSError:
        return Fate.LEFT


def _lay(root: Path, piece: Piece) -> Fate:
    fate = _fate(root, piece)
    if fate is not None:
        return fate
    try:
        return Fate.WRITTEN if write_new(str(root / piece.path), piece.text.encode()) else Fate.LEFT
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot write {piece.path} in {root}: {reason(error)}.",
            "Mend that and run it again: it goes on with what is missing.",
        ) from None


def _from(root: Path, path: str) -> str:
    """A path as it is from the root, with slashes."""
    return Path(os.path.relpath(path, root)).as_posix()
