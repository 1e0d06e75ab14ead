"""What is wrong with contracts, those of nodes and those of tasks: read, wired, judged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.findings import in_order
from omni_assets.contracts.judging.baseline import baseline_text
from omni_assets.contracts.judging.exemptions import exemption_findings
from omni_assets.contracts.judging.judge import Judge, Judgement
from omni_assets.contracts.judging.report import BaselineUse, Report
from omni_assets.contracts.model import Finding, Manifest, Severity
from omni_assets.contracts.rules import ELSEWHERE_RULES
from omni_assets.errors import BaselineUnusable, NoContracts, PathNotFound, reason
from omni_assets.operations.agents.findings import handler_findings, payload_findings
from omni_assets.operations.context import Context
from omni_assets.operations.files import write_whole
from omni_assets.operations.judging import (
    NO_CHOICE,
    Choice,
    baseline_named,
    fresh_judge,
    judge_of,
    nodes_of,
    today,
)
from omni_assets.operations.registry import registry_findings, write_configured
from omni_assets.operations.routing.findings import has_routing, is_about_routing, routing_findings
from omni_assets.settings import baseline_path, contract_sources

BASELINE_FILE = "omni-baseline.json"
"""The baseline that is written where neither an option nor the settings name one; in the project's root."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which contracts are read, and which of them are looked at.

    Wiring takes all contracts, so paths of the project's ``own`` contracts only choose what is shown; any others are
    checked as a project of their own.
    """

    context: Context
    paths: tuple[str, ...]
    own: bool

    @property
    def whole(self) -> bool:
        """Whether everything that is read is looked at."""
        sources = _real(self.context.sources)
        return not self.paths or all(_below(source, _real(self.paths)) for source in sources)

    def looks_at(self) -> Callable[[str], bool]:
        """Whether a path of a contract is looked at."""
        chosen = _real(self.paths)

        @cache
        def looks(path: str) -> bool:
            return not chosen or _below(os.path.realpath(path), chosen)

        return looks


@dataclass(frozen=True, slots=True)
class NewBaseline:
    """A baseline that knows what a check finds now: where it belongs, its text, and how many findings it knows."""

    path: str
    text: str
    findings: int


@dataclass(frozen=True, slots=True)
class WrittenBaseline:
    """A baseline that was written: where, how many findings it knows, and whether the settings name one."""

    path: str
    findings: int
    in_settings: bool


def scope(context: Context, paths: Sequence[str]) -> Scope:
    """What a check of ``paths`` reads and looks at; ``context`` is the project's, without paths.

    Raises ``PathNotFound`` and ``NoContracts`` for a path that cannot be checked.
    """
    contracts = [path for path in paths if not is_about_routing(path, context.settings)]
    if not contracts:
        return Scope(context, tuple(paths), own=True)
    named = frozenset(map(os.path.realpath, find_contracts(contracts)))
    if named <= _contracts_of(context):
        return Scope(context, tuple(paths), own=True)
    return Scope(replace(context, sources=tuple(paths)), (), own=False)


def check(scope: Scope, choice: Choice = NO_CHOICE) -> Report:
    """The findings over contracts, their wiring, handlers and payloads, the registry that the settings name, and what
    the router works with, as the settings judge them. A project with a router needs no contracts of nodes.

    Raises ``SettingsError``, ``BaselineUnusable``, ``PathNotFound``, ``NoContracts``, and ``UnknownRule`` where the
    choice names no rule.
    """
    started = time.monotonic()
    judge, path = judge_of(scope.context, choice), baseline_named(scope.context, choice)
    manifest = _manifest(scope)
    judgement = judge.judge(_findings(scope, manifest), nodes_of(manifest), today())
    looks = scope.looks_at()
    return Report(
        manifest,
        in_order(
            [each for each in judgement.findings if _concerns(each, looks)] + _about_exemptions(scope, judge, judgement)
        ),
        sum(looks(contract.location.path) for contract in manifest.contracts),
        sum(_concerns(each, looks) for each in judgement.exempted),
        _use(scope, path, judge, judgement) if path else None,
        time.monotonic() - started,
    )


def new_baseline(scope: Scope, choice: Choice = NO_CHOICE) -> NewBaseline:
    """What a check finds now as a baseline, whatever the present one knows; nothing is written. Raises as ``check``
    does."""
    settings = scope.context.settings
    path = baseline_named(scope.context, choice) or os.path.relpath(settings.root / BASELINE_FILE)
    judge = fresh_judge(scope.context, choice)
    manifest = _manifest(scope)
    judgement = judge.judge(_findings(scope, manifest), nodes_of(manifest), today())
    # Echoes too: other commands count malformed names, and near misses may be ignored one day.
    new = (*judgement.findings, *judgement.echoes)
    lasting = [each for each in new if each.severity is not Severity.NOTE]
    return NewBaseline(path, baseline_text(lasting, judge.relative), len(lasting))


def start_baseline(scope: Scope, choice: Choice = NO_CHOICE) -> WrittenBaseline:
    """Write what a check finds now as the baseline, whatever the present one knows. Raises as ``check`` does."""
    new = new_baseline(scope, choice)
    try:
        write_whole(new.path, new.text.encode())
    except (OSError, ValueError) as error:
        raise BaselineUnusable(new.path, reason(error)) from None
    return WrittenBaseline(new.path, new.findings, baseline_path(scope.context.settings) is not None)


def fix(scope: Scope) -> tuple[str, ...]:
    """Mend what can be mended without a decision: the registry that the settings name. The paths that changed."""
    if not scope.own:
        return ()
    changed = write_configured(scope.context, scope.context.manifest())
    return (*changed.written, *changed.removed)


def _manifest(scope: Scope) -> Manifest:
    """What the contracts declare: nothing, where a project has a router and no nodes, and nobody named contracts."""
    settings, sources = scope.context.settings, scope.context.sources
    try:
        return scope.context.manifest()
    except (NoContracts, PathNotFound) as error:
        named = not scope.own or sources != contract_sources(settings, {})
        missing = isinstance(error, PathNotFound) and "contracts" in settings.model_fields_set
        if named or missing or not has_routing(settings):
            raise
    return scope.context.extractor().assemble(())


def _findings(scope: Scope, manifest: Manifest) -> list[Finding]:
    found = [*manifest.findings, *scope.context.wiring_findings(manifest), *payload_findings(manifest)]
    if scope.own:
        found += handler_findings(manifest, scope.context.settings)
        found += registry_findings(scope.context, manifest)
        found += routing_findings(scope.context.settings)
    return list(in_order(found))


def _about_exemptions(scope: Scope, judge: Judge, judgement: Judgement) -> list[Finding]:
    """What is wrong with the exemptions themselves: it takes all contracts to know."""
    if not (scope.whole and scope.own):
        return []
    codes = judge.selection.codes - {rule.code for rule in ELSEWHERE_RULES}
    return list(judge.selection.of(exemption_findings(judge.exemptions, judgement.used, codes, today())))


def _use(scope: Scope, path: str, judge: Judge, judgement: Judgement) -> BaselineUse:
    looks = scope.looks_at()
    present = (*judgement.findings, *judgement.echoes, *judgement.exempted, *judgement.known)
    codes = judge.selection.codes
    return BaselineUse(
        path,
        judge.baseline.total,
        sum(_concerns(each, looks) for each in judgement.known),
        judge.baseline.mended(present, codes, judge.relative) if scope.whole else 0,
    )


def _concerns(finding: Finding, looks: Callable[[str], bool]) -> bool:
    return looks(finding.location.path) or any(looks(place.path) for place, _ in finding.related)


def _contracts_of(context: Context) -> frozenset[str]:
    try:
        return frozenset(map(os.path.realpath, find_contracts(context.sources)))
    except (NoContracts, PathNotFound):
        return frozenset()


def _real(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(os.path.realpath, paths))


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
