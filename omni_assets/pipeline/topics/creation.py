"""What a run creates, what it leaves since another cluster answers, and what it says of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import dagster as dg

from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count
from omni_assets.errors import PlanHeldBack
from omni_assets.operations.context import Context
from omni_assets.operations.missing import missing_topics
from omni_assets.operations.outcomes import Outcome, TopicOutcome
from omni_assets.operations.provision import Provisioning, provision_unasked
from omni_assets.pipeline.topics.keys import PROVISIONED_TOPICS
from omni_assets.pipeline.topics.metadata import Column, Metadata, counts, preview, seconds

MISSING_CREATED = "missing_created"

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
_UNSUCCESSFUL = frozenset({Outcome.FAILED, Outcome.UNCONFIRMED})
_NEWS = (Column("topic"), Column("outcome"), Column("why"))


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing was created, and ``why``, as a sentence: a person has to look first."""

    why: str


Creation: TypeAlias = Provisioning | Held


def create(where: Context, manifest: Manifest) -> Creation:
    """Create what is missing on the cluster that is meant. Raises ``BrokerError`` and ``StateError``."""
    try:
        return provision_unasked(where, manifest, trigger="dagster")
    except PlanHeldBack as error:
        return Held(str(error))


def creation_metadata(where: Context, created: Creation) -> Metadata:
    """What a materialization of ``provisioned_topics`` says."""
    broker: Metadata = {"broker": dg.MetadataValue.text(where.bootstrap_servers)}
    if isinstance(created, Held):
        return {**counts(dict.fromkeys(Outcome, 0)), **broker, "held_back": dg.MetadataValue.text(created.why)}
    entries: Metadata = {
        **counts(created.counts),
        **broker,
        "broker_calls": dg.MetadataValue.int(created.calls),
        "seconds": seconds(created.seconds),
        **preview(
            "news",
            _NEWS,
            (_row(each) for each in created.topics if each.outcome is not Outcome.EXISTED),
            "see the table provision_log",
        ),
    }
    if created.unrecorded is not None:
        entries["not_recorded"] = dg.MetadataValue.text(str(created.unrecorded))
    return entries


def all_created(created: Creation) -> dg.AssetCheckResult:
    """Whether every topic that was missing, and may be touched, was created."""
    if isinstance(created, Held):
        return _result(_ERROR, created.why, passed=False)
    failed = [each for each in created.topics if each.outcome in _UNSUCCESSFUL]
    if failed:
        offending = preview("offending_topics", _NEWS, map(_row, failed), "see the table provision_log")
        return _result(_ERROR, f"{count(len(failed), 'topic')} not created", passed=False, metadata=offending)
    return _result(_ERROR, f"{count(created.counts[Outcome.CREATED], 'topic')} created and read back", passed=True)


def none_to_create(where: Context, manifest: Manifest) -> dg.AssetCheckResult:
    """The same where nothing is to be created: whether anything would be. Raises ``BrokerError``."""
    names = missing_topics(where, manifest, where.connection.timeout)
    listed = preview("offending_topics", _NEWS[:1], ({"topic": name} for name in names)) if names else {}
    return _result(_WARN, f"{count(len(names), 'topic')} to be created", passed=not names, metadata=listed)


def _row(each: TopicOutcome) -> dict[str, str]:
    return {"topic": each.topic, "outcome": each.outcome.value, "why": each.error}


def _result(
    severity: dg.AssetCheckSeverity, description: str, *, passed: bool, metadata: Metadata | None = None
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        asset_key=PROVISIONED_TOPICS,
        check_name=MISSING_CREATED,
        severity=severity,
        description=description,
        metadata=metadata,
    )
