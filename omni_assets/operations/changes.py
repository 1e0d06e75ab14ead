"""What changed in the contracts since another Git revision, and whom it would hurt."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from omni_assets.contracts.changes.comparison import Change, aligned, compare
from omni_assets.contracts.changes.findings import unread_findings, with_findings
from omni_assets.contracts.findings import in_order
from omni_assets.contracts.judging.report import Report
from omni_assets.contracts.model import Finding, Location, Manifest
from omni_assets.contracts.payloads import with_schemas
from omni_assets.operations.check import Scope
from omni_assets.operations.git import Revision
from omni_assets.operations.judging import NO_CHOICE, Choice, judge_of, nodes_of, today
from omni_assets.operations.revisions import past


@dataclass(frozen=True, slots=True)
class Comparison:
    """Today's contracts (``new``) beside those of a revision (``old``).

    ``unread`` say which of today's could not be read: those are taken to be as they were. ``unversioned`` are paths
    that the repository keeps no history of: those are taken to have been as they are. ``exempted`` findings do not
    count, by an exemption.
    """

    revision: Revision
    old: Manifest
    new: Manifest
    changes: tuple[Change, ...]
    unread: tuple[Finding, ...] = ()
    unversioned: tuple[str, ...] = ()
    exempted: int = 0
    seconds: float = 0.0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in order: of the changes, and of contracts whose changes are not known."""
        return in_order([*self.unread, *(each for change in self.changes for each in change.findings)])

    @property
    def report(self) -> Report:
        """The findings, for whoever counts and renders those."""
        return Report(self.new, self.findings, len(self.new.contracts), self.exempted, None, self.seconds)


def compare_with(scope: Scope, asked: str, choice: Choice = NO_CHOICE) -> Comparison:
    """Compare the contracts with those of the revision ``asked``, or of the commit where ``HEAD`` parted from it.

    Both sides are read under today's grammar, defaults and limits, and what is found is judged as every finding is.
    Raises ``NotARepository``, ``RevisionUnknown``, ``GitFailed``, and what ``check`` raises.
    """
    started = time.monotonic()
    judge = judge_of(scope.context, choice)
    current = scope.context.manifest()
    extractor = scope.context.extractor()
    before = past(scope.context, asked, current.contracts)
    now = tuple(map(with_schemas, current.contracts))
    old_contracts, new_contracts = aligned(before.contracts, now)
    old = extractor.assemble(old_contracts)
    new = replace(current, contracts=now) if new_contracts is now else extractor.assemble(new_contracts)
    changes = compare(old, new, extractor.grammar)
    told = with_findings(changes, old, new, extractor.grammar, before.revision.label)
    looks = scope.looks_at()
    shown = tuple(change for change in told if any(looks(place.path) for place in _places(change)))
    found = Comparison(before.revision, old, new, shown, unread_findings(current), before.unversioned)
    judgement = judge.judge(found.findings, nodes_of(new), today())
    return replace(
        _judged(found, judgement.findings), exempted=len(judgement.exempted), seconds=time.monotonic() - started
    )


_Identity = tuple[str, Location, str]


def _judged(comparison: Comparison, counting: Iterable[Finding]) -> Comparison:
    """The comparison with those findings alone that count, each with the severity that holds."""
    held = {_identity(each): each for each in counting}
    return replace(
        comparison,
        changes=tuple(replace(change, findings=_held(change.findings, held)) for change in comparison.changes),
        unread=_held(comparison.unread, held),
    )


def _identity(finding: Finding) -> _Identity:
    return finding.rule.code, finding.location, finding.message


def _held(findings: tuple[Finding, ...], held: dict[_Identity, Finding]) -> tuple[Finding, ...]:
    return tuple(held[_identity(each)] for each in findings if _identity(each) in held)


def _places(change: Change) -> Iterator[Location]:
    """Every line that has to do with a change, then and now."""
    for each in (*change.hurts, *change.left, *change.joined):
        yield each.location
    for found in change.findings:
        yield found.location
        yield from (place for place, _ in found.related)
