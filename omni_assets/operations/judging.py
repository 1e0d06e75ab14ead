"""The judge that a project's settings appoint, and what it says of contracts: alike for every command and Dagster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

from omni_assets.contracts.judging.baseline import Baseline, DamagedBaseline, Relative, read_baseline
from omni_assets.contracts.judging.exemptions import Exemption, exemption_lines
from omni_assets.contracts.judging.judge import Judge
from omni_assets.contracts.judging.selection import ALL_CODES, Selection
from omni_assets.contracts.model import Finding, Location, Manifest, Severity
from omni_assets.contracts.rules.names import UnknownRule, codes_named, rules_named
from omni_assets.errors import BaselineUnusable, SettingsError, reason
from omni_assets.operations.context import Context
from omni_assets.settings import Settings, baseline_path, source_path


@dataclass(frozen=True, slots=True)
class Choice:
    """What a command says itself: ``select`` takes the place of the settings', ``ignore`` is added to them.

    Both are texts that name rules. ``baseline`` is a path; ``None`` leaves it to the settings.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: str | None = None


NO_CHOICE = Choice()


def judge_of(context: Context, choice: Choice = NO_CHOICE) -> Judge:
    """The judge of a project. Raises ``SettingsError``, ``BaselineUnusable``, and ``UnknownRule`` where the choice
    names no rule."""
    judge, path = fresh_judge(context, choice), baseline_named(context, choice)
    return replace(judge, baseline=_read(path)) if path else judge


def fresh_judge(context: Context, choice: Choice = NO_CHOICE) -> Judge:
    """The judge of a project without its baseline, so that every finding is new. Raises as ``judge_of``."""
    settings = context.settings
    chosen = codes_named(choice.select) or _codes(settings, "select", settings.check.select) or ALL_CODES
    ignored = codes_named(choice.ignore) | _codes(settings, "ignore", settings.check.ignore)
    return Judge(
        Selection(chosen - ignored, _severities(settings)),
        _exemptions(settings),
        relative=relative_to(settings),
    )


def baseline_named(context: Context, choice: Choice = NO_CHOICE) -> str | None:
    """The path of the baseline that counts: the choice's, else the settings', else none."""
    return choice.baseline or baseline_path(context.settings)


def contract_findings(context: Context, manifest: Manifest) -> tuple[Finding, ...]:
    """The manifest's own findings as the settings judge them, for commands that work on what is readable.

    With a baseline that cannot be used every finding counts, and `omni check` says why. Raises ``SettingsError``.
    """
    return judged(context, manifest, manifest.findings)


def judged(context: Context, manifest: Manifest, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those of a manifest's ``findings`` that count by the settings. Otherwise as ``contract_findings``."""
    try:
        judge = judge_of(context)
    except BaselineUnusable:
        judge = fresh_judge(context)
    return judge.judge(findings, nodes_of(manifest), today()).findings


def relative_to(settings: Settings) -> Relative:
    """Paths from the project's root, with slashes: the same in whichever folder omni runs."""
    root = str(settings.root)

    @cache
    def relative(path: str) -> str:
        return Path(os.path.relpath(path, root)).as_posix()

    return relative


def nodes_of(manifest: Manifest) -> Mapping[str, str]:
    """The nodes of contracts by path."""
    return {contract.location.path: contract.node for contract in manifest.contracts}


def today() -> date:
    """The day that it is here."""
    return datetime.now().astimezone().date()


def _codes(settings: Settings, key: str, texts: Iterable[str]) -> frozenset[str]:
    return frozenset(code for index, text in enumerate(texts) for code in _named(settings, f"{key}[{index}]", text))


def _severities(settings: Settings) -> Mapping[str, Severity]:
    """Severities by code: where several keys name a rule, the one that names fewest rules counts."""
    named = [(_named(settings, f"severity.{key}", key), level) for key, level in settings.check.severity.items()]
    named.sort(key=lambda each: -len(each[0]))
    return MappingProxyType({code: Severity(level) for codes, level in named for code in sorted(codes)})


def _exemptions(settings: Settings) -> tuple[Exemption, ...]:
    stated, shown = settings.check.exemptions, source_path(settings)
    if not stated or settings.source is None or shown is None:
        return ()
    try:
        text = settings.source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""  # it could be read a moment ago; its first line has to do
    return tuple(
        Exemption(
            each.code,
            _named(settings, f"exemptions[{index}].code", each.code),
            each.path,
            each.node,
            each.reason,
            each.expires,
            Location(shown, line),
        )
        for index, (each, line) in enumerate(zip(stated, exemption_lines(text, len(stated)), strict=True))
    )


def _named(settings: Settings, key: str, text: str) -> frozenset[str]:
    try:
        return frozenset(rule.code for rule in rules_named(text))
    except UnknownRule as error:
        raise SettingsError(f"{settings.source}: `check.{key}`: {error}", "`omni rule` lists every rule.") from None


def _read(path: str) -> Baseline:
    try:
        with open(path, "rb") as file:
            return read_baseline(file.read())
    except FileNotFoundError:
        raise BaselineUnusable(path, "there is no such file") from None
    except (OSError, ValueError) as error:
        why = str(error) if isinstance(error, DamagedBaseline) else reason(error)
        raise BaselineUnusable(path, why) from None
