"""Rule checks: one for each thing that can be wrong with topics, listing the topics that are.

They are computed with the assets, from the same observation, so that a run writes the same number of events however
many topics there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import dagster as dg

from omni_assets.contracts.model import Finding, Manifest, Severity
from omni_assets.contracts.values import readable
from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Verdict
from omni_assets.pipeline.topics.keys import DECLARED_TOPICS, TOPIC_DRIFT
from omni_assets.pipeline.topics.metadata import Column, counts, preview

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

Concerns: TypeAlias = Callable[[Drift], bool]


def _of(kind: DriftKind) -> Concerns:
    return lambda drift: drift.kind is kind


@dataclass(frozen=True, slots=True)
class DriftRule:
    """A check over drift: it fails when any row concerns it."""

    name: str
    severity: dg.AssetCheckSeverity
    concerns: Concerns
    description: str
    passes: str
    fails: str


RULES: tuple[DriftRule, ...] = (
    DriftRule(
        "none_missing",
        _ERROR,
        _of(DriftKind.MISSING),
        "Every declared topic is on the broker. A missing one means that a service sends into nothing.",
        "every declared topic that could be seen is on the broker",
        "declared and not on the broker",
    ),
    DriftRule(
        "no_orphans",
        _WARN,
        _of(DriftKind.ORPHANED),
        "Every topic on the broker is declared by a contract. An orphan is often a misspelt name that a service "
        "created by using it.",
        "every topic on the broker is declared",
        "on the broker and declared by no contract",
    ),
    DriftRule(
        "partitions_match",
        _WARN,
        _of(DriftKind.PARTITIONS),
        "Topics have as many partitions as declared.",
        "all partition counts that could be seen are as declared",
        "with another number of partitions than declared",
    ),
    DriftRule(
        "replication_matches",
        _WARN,
        _of(DriftKind.REPLICATION),
        "Every partition has as many replicas as declared. A dead replica is not drift.",
        "all replication factors that could be seen are as declared",
        "with another replication factor than declared",
    ),
    DriftRule(
        "configs_match",
        _WARN,
        _of(DriftKind.CONFIG),
        "Retention, compaction and the other settings have the declared values in effect.",
        "all config values that could be seen are as declared",
        "with config values that differ",
    ),
    DriftRule(
        "contracts_agree",
        _ERROR,
        _of(DriftKind.CONFLICT),
        "No two contracts give one topic different settings. Where they do, nothing touches the topic.",
        "no topic is declared in two ways",
        "held back until their contracts are mended",
    ),
    DriftRule(
        "nothing_unknown",
        _ERROR,
        lambda drift: drift.verdict is Verdict.UNKNOWN,
        "Everything could be seen: no describe failed or was not allowed, no value is hidden, every contract could "
        "be read. What is unknown is neither missing nor in sync.",
        "everything could be seen",
        "of which something could not be seen",
    ),
)
CONTRACTS_VALID = "contracts_valid"


def specs() -> list[dg.AssetCheckSpec]:
    """All checks: one over the contracts, the others over drift."""
    contracts = dg.AssetCheckSpec(
        CONTRACTS_VALID,
        asset=DECLARED_TOPICS,
        description="No contract has an error: each can be read, and its topics follow the grammar. "
        "`omni check` shows the same with the fixes.",
    )
    return [
        contracts,
        *(dg.AssetCheckSpec(rule.name, asset=TOPIC_DRIFT, description=rule.description) for rule in RULES),
    ]


def contracts_valid(manifest: Manifest, findings: Sequence[Finding]) -> dg.AssetCheckResult:
    """Whether ``findings``, as the settings judge them, hold no error; the others are counted, warnings are listed."""
    number = severities(findings)
    listed = [each for each in findings if each.severity is not Severity.NOTE]
    errors, warnings = number["contract_errors"], number["contract_warnings"]
    return dg.AssetCheckResult(
        passed=not errors,
        asset_key=DECLARED_TOPICS,
        check_name=CONTRACTS_VALID,
        severity=_ERROR,
        description=f"{errors} errors and {warnings} warnings in {len(manifest.contracts)} contracts",
        metadata={
            **counts(number),
            **(preview("findings", FINDING_COLUMNS, map(finding_row, listed), "see `omni check`") if listed else {}),
        },
    )


def contracts_unusable(sentence: str) -> dg.AssetCheckResult:
    """The check over the contracts where none could be read."""
    return dg.AssetCheckResult(
        passed=False, asset_key=DECLARED_TOPICS, check_name=CONTRACTS_VALID, severity=_ERROR, description=sentence
    )


def drift_checks(drift: Iterable[Drift]) -> Iterator[dg.AssetCheckResult]:
    """A result for each rule, with the rows that concern it."""
    rows = tuple(drift)
    for rule in RULES:
        found = [row for row in rows if rule.concerns(row)]
        topics = len({row.topic for row in found})
        yield dg.AssetCheckResult(
            passed=not found,
            asset_key=TOPIC_DRIFT,
            check_name=rule.name,
            severity=rule.severity,
            description=f"{topics} {'topic' if topics == 1 else 'topics'} {rule.fails}" if found else rule.passes,
            metadata={
                "topics": topics,
                **(
                    preview("offending_topics", DRIFT_COLUMNS, map(drift_row, found), "see `omni drift`")
                    if found
                    else {}
                ),
            },
        )


def severities(findings: Iterable[Finding]) -> Mapping[str, int]:
    """The number of findings by severity, under the names of their metadata."""
    found = [each.severity for each in findings]
    return {f"contract_{severity.value}s": found.count(severity) for severity in Severity}


DRIFT_COLUMNS = (
    Column("topic"),
    Column("drift"),
    Column("declared"),
    Column("observed"),
    Column("verdict"),
    Column("why"),
    Column("owner"),
    Column("contract"),
)
FINDING_COLUMNS = (Column("code"), Column("severity"), Column("message"), Column("contract"), Column("fix"))


def drift_row(drift: Drift) -> dict[str, str | None]:
    """A difference as a row for people."""
    place = f"{drift.location.path}:{drift.location.line}" if drift.location else None
    return {
        "topic": drift.topic,
        "drift": f"{drift.kind.value} {drift.field}".strip() if drift.kind is DriftKind.CONFIG else drift.kind.value,
        "declared": readable(drift.field, drift.declared),
        "observed": readable(drift.field, drift.observed),
        "verdict": drift.verdict.value.replace("_", " "),
        "why": f"{drift.explanation}; {drift.detail}" if drift.detail else drift.explanation,
        "owner": drift.owner,
        "contract": place,
    }


def finding_row(finding: Finding) -> dict[str, str]:
    """A finding as a row for people."""
    return {
        "code": finding.rule.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "contract": f"{finding.location.path}:{finding.location.line}",
        "fix": finding.fix,
    }
