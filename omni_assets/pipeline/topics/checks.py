"""Rule checks: one for each thing that can be wrong with topics, listing the topics that are.

They are computed with the assets, from the same observation, so that a run writes the same number of events however
many topics there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import dagster as dg

from omni_assets.contracts.model import Finding, Manifest, Severity
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.drift.diff import Drift
from omni_assets.drift.health import Unhealthy
from omni_assets.drift.kinds import DriftKind
from omni_assets.pipeline.markdown import plain
from omni_assets.pipeline.topics.changes import SAFE_DRIFT_CORRECTED
from omni_assets.pipeline.topics.creation import MISSING_CREATED
from omni_assets.pipeline.topics.keys import (
    APPLIED_CHANGES,
    DECLARED_TOPICS,
    OBSERVED_TOPICS,
    PROVISIONED_TOPICS,
    TOPIC_DRIFT,
)
from omni_assets.pipeline.topics.links import NO_LINKS, Links
from omni_assets.pipeline.topics.metadata import Column, counts, preview
from omni_assets.pipeline.topics.rules import NOTES, RULES, DriftRule

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

CONTRACTS_VALID = "contracts_valid"
REPLICAS_HEALTHY = "replicas_healthy"

MOST_EXPLAINED = 3
"""Most rows that the description of a check explains, which is read before its table is opened."""


def specs() -> list[dg.AssetCheckSpec]:
    """All checks: one over the contracts, the others over drift."""
    contracts = dg.AssetCheckSpec(
        CONTRACTS_VALID,
        asset=DECLARED_TOPICS,
        description="No contract has an error: each can be read, and its topics follow the grammar. "
        "`omni check` shows the same with the fixes.",
    )
    created = dg.AssetCheckSpec(
        MISSING_CREATED,
        asset=PROVISIONED_TOPICS,
        description="Every declared topic that the broker did not have was created, and read back. It fails where one "
        "could not be, and where another cluster answers than is meant: a person has to look first.",
    )
    changes = dg.AssetCheckSpec(
        SAFE_DRIFT_CORRECTED,
        asset=APPLIED_CHANGES,
        description="Every difference that is safe to correct was corrected, and read back. It fails where a step did "
        "not take effect, and where a brake or `OMNI_READONLY=1` held the steps back.",
    )
    healthy = dg.AssetCheckSpec(
        REPLICAS_HEALTHY,
        asset=OBSERVED_TOPICS,
        description="Every partition has a leader, and all of its replicas are in sync. Health is not drift: the "
        "brokers mend it themselves, or their owner does.",
    )
    return [
        contracts,
        created,
        changes,
        healthy,
        *(dg.AssetCheckSpec(rule.name, asset=TOPIC_DRIFT, description=rule.description) for rule in (*RULES, *NOTES)),
    ]


def contracts_valid(manifest: Manifest, findings: Sequence[Finding], links: Links = NO_LINKS) -> dg.AssetCheckResult:
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
            **links.listed(each.location for each in listed),
        },
    )


def contracts_unusable(sentence: str) -> dg.AssetCheckResult:
    """The check over the contracts where none could be read."""
    return dg.AssetCheckResult(
        passed=False, asset_key=DECLARED_TOPICS, check_name=CONTRACTS_VALID, severity=_ERROR, description=sentence
    )


def replicas_healthy(unhealthy: Sequence[Unhealthy]) -> dg.AssetCheckResult:
    """Whether all topics that were seen are well, internal ones included."""
    topics = len({each.topic for each in unhealthy})
    listed = preview("offending_topics", _HEALTH_COLUMNS, map(_health_row, unhealthy)) if unhealthy else {}
    return dg.AssetCheckResult(
        passed=not unhealthy,
        asset_key=OBSERVED_TOPICS,
        check_name=REPLICAS_HEALTHY,
        severity=_WARN,
        description=f"{count(topics, 'topic')} with partitions that are not well"
        if unhealthy
        else "every partition that was seen has a leader and all of its replicas in sync",
        metadata={"topics": topics, **listed},
    )


def drift_checks(drift: Iterable[Drift], links: Links = NO_LINKS) -> Iterator[dg.AssetCheckResult]:
    """A result for each rule, with the rows that concern it."""
    rows = tuple(drift)
    for rule in RULES:
        found = tuple(filter(rule.concerns, rows))
        yield _judged(rule, found, links, passed=not found)
    for rule in NOTES:
        yield _judged(rule, tuple(filter(rule.concerns, rows)), links, passed=True)


def _judged(rule: DriftRule, found: Sequence[Drift], links: Links, *, passed: bool) -> dg.AssetCheckResult:
    topics = len({row.topic for row in found})
    listed = preview("offending_topics", DRIFT_COLUMNS, map(drift_row, found), "see `omni drift`") if found else {}
    return dg.AssetCheckResult(
        passed=passed,
        asset_key=TOPIC_DRIFT,
        check_name=rule.name,
        severity=rule.severity,
        description=f"{count(topics, 'topic')} {rule.fails}{_reasons(found)}" if found else rule.passes,
        metadata={"topics": topics, **listed, **links.listed(row.location for row in found)},
    )


def _reasons(found: Sequence[Drift]) -> str:
    """Why each of a few is listed, and where to see what to do; where there are many, the table says it of each."""
    if len(found) > MOST_EXPLAINED:
        return "; the table says why of each, and `omni plan` what to do"
    told = "; ".join(plain(f"{row.topic} {drift_name(row.kind, row.field)}: {_why(row)}") for row in found)
    return f". {told}. `omni plan` says what to do"


def severities(findings: Iterable[Finding]) -> Mapping[str, int]:
    """The number of findings by severity, under the names of their metadata."""
    found = [each.severity for each in findings]
    return {f"contract_{severity.value}s": found.count(severity) for severity in Severity}


DRIFT_COLUMNS = (
    Column("topic"),
    Column("drift"),
    Column("why"),
    Column("owner"),
    Column("verdict"),
    Column("contract"),
    Column("declared"),
    Column("observed"),
)
"""What to do and who does it first, and long values last: a page has room for half of them."""
FINDING_COLUMNS = (Column("code"), Column("severity"), Column("message"), Column("contract"), Column("fix"))


def drift_name(kind: DriftKind, field: str) -> str:
    """What differs, in the words of a table: a config key is named."""
    return f"{kind.value} {field}".strip() if kind is DriftKind.CONFIG else kind.value.replace("_", " ")


def drift_row(drift: Drift) -> dict[str, str | None]:
    """A difference as a row for people."""
    place = f"{drift.location.path}:{drift.location.line}" if drift.location else None
    return {
        "topic": drift.topic,
        "drift": drift_name(drift.kind, drift.field),
        "declared": readable(drift.field, drift.declared),
        "observed": readable(drift.field, drift.observed),
        "verdict": drift.verdict.value.replace("_", " "),
        "why": _why(drift),
        "owner": drift.owner,
        "contract": place,
    }


def _why(drift: Drift) -> str:
    return f"{drift.explanation}; {drift.detail}" if drift.detail else drift.explanation


_HEALTH_COLUMNS = (Column("topic"), Column("health"), Column("detail"))


def _health_row(each: Unhealthy) -> dict[str, str]:
    return {"topic": each.topic, "health": each.kind.value.replace("_", " "), "detail": each.detail}


def finding_row(finding: Finding) -> dict[str, str]:
    """A finding as a row for people."""
    return {
        "code": finding.rule.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "contract": f"{finding.location.path}:{finding.location.line}",
        "fix": finding.fix,
    }
