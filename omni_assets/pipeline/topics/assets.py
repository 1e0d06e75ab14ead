"""The table assets: topics as declared, as provisioned, as observed, and what differs. Rows are topics.

One step writes all of them, so that they describe one manifest and one observation, and so that a run writes the same
number of events however many topics there are.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeAlias

import dagster as dg

from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Finding, Manifest, Topic
from omni_assets.drift.health import health
from omni_assets.drift.kinds import DriftKind
from omni_assets.errors import OmniError
from omni_assets.operations.apply import Applied
from omni_assets.operations.context import Context
from omni_assets.operations.judging import contract_findings
from omni_assets.operations.observe import DriftReport, OpenDrift, observe
from omni_assets.operations.recording import declare
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics import checks
from omni_assets.pipeline.topics.changes import (
    Changes,
    changes_metadata,
    correct,
    corrected,
    drift_after,
    plan_alone,
)
from omni_assets.pipeline.topics.creation import all_created, create, creation_metadata, none_to_create
from omni_assets.pipeline.topics.fingerprint import FINGERPRINT, fingerprint
from omni_assets.pipeline.topics.history import OBSERVED_AT, pages, turned
from omni_assets.pipeline.topics.keys import (
    APPLIED_CHANGES,
    BROKER_POOL,
    DECLARED_TOPICS,
    OBSERVED_TOPICS,
    PROVISIONED_TOPICS,
    TOPIC_DRIFT,
)
from omni_assets.pipeline.topics.links import links_of
from omni_assets.pipeline.topics.metadata import Column, Metadata, counts, preview, seconds
from omni_assets.pipeline.topics.specs import table_specs
from omni_assets.projection.store import Projection

Event: TypeAlias = dg.MaterializeResult[Any] | dg.AssetMaterialization | dg.AssetCheckResult


def topic_tables(contracts: Sequence[dg.AssetKey], problem: str = "", folded: str = "") -> dg.AssetsDefinition:
    """The table assets with their checks. ``problem`` says why the contracts could not be read, ``folded`` what the
    lineage does not draw; both may be empty."""

    @dg.multi_asset(
        name="reconcile_topics",
        specs=table_specs(contracts, problem, folded),
        check_specs=checks.specs(),
        can_subset=True,
        pool=BROKER_POOL,
    )
    def reconcile_topics(context: dg.AssetExecutionContext, project: ProjectResource) -> Iterator[Event]:
        asked = _Asked(frozenset(context.selected_asset_keys), frozenset(context.selected_asset_check_keys))
        for event in _reconcile(project, asked, context.instance):
            if not isinstance(event, dg.AssetCheckResult) or asked.judges(event):
                yield event

    return reconcile_topics


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a run is to write and to judge. Checks may be asked for without their assets."""

    assets: frozenset[dg.AssetKey]
    checks: frozenset[dg.AssetCheckKey]

    @property
    def compares(self) -> bool:
        """Whether what is declared is held against what is observed."""
        return self.touches(TOPIC_DRIFT)

    def touches(self, key: dg.AssetKey) -> bool:
        """Whether an asset is to be written, or a check on it to be judged."""
        return key in self.assets or any(check.asset_key == key for check in self.checks)

    def judges(self, result: dg.AssetCheckResult) -> bool:
        return any((check.asset_key, check.name) == (result.asset_key, result.check_name) for check in self.checks)


def _reconcile(project: ProjectResource, asked: _Asked, instance: dg.DagsterInstance) -> Iterator[Event]:
    """What the selected assets and checks say, in order; each event is given as soon as it is true."""
    started = monotonic()
    with one_sentence():
        where = project.context()
        try:
            manifest = where.manifest()
            findings = contract_findings(where, manifest)
        except OmniError as error:
            yield checks.contracts_unusable(str(error))
            raise
    if DECLARED_TOPICS in asked.assets:
        with one_sentence():
            declare(where, manifest)
        yield dg.MaterializeResult(
            asset_key=DECLARED_TOPICS, metadata=_declared(where, manifest, findings, monotonic() - started)
        )
    yield checks.contracts_valid(manifest, findings, links_of(where.settings))
    if PROVISIONED_TOPICS in asked.assets and not where.connection.read_only:
        with one_sentence():
            created = create(where, manifest)
        yield dg.MaterializeResult(asset_key=PROVISIONED_TOPICS, metadata=creation_metadata(where, created))
        yield all_created(created)
    elif asked.touches(PROVISIONED_TOPICS):
        with one_sentence():
            yield none_to_create(where, manifest)
    changes = None
    if asked.touches(APPLIED_CHANGES):
        with one_sentence():
            changes = correct(where, manifest) if APPLIED_CHANGES in asked.assets else plan_alone(where, manifest)
        if APPLIED_CHANGES in asked.assets:
            yield dg.MaterializeResult(asset_key=APPLIED_CHANGES, metadata=changes_metadata(where, changes))
        yield corrected(changes)
    if asked.compares:
        yield from _compared(where, manifest, findings, changes, asked, instance)
    elif asked.touches(OBSERVED_TOPICS):
        with one_sentence():
            snapshot = observe(where)
        if OBSERVED_TOPICS in asked.assets:
            yield dg.MaterializeResult(asset_key=OBSERVED_TOPICS, metadata=_observed(where, snapshot))
        yield checks.replicas_healthy(health(snapshot))


def _compared(
    where: Context,
    manifest: Manifest,
    findings: Sequence[Finding],
    changes: Changes | None,
    asked: _Asked,
    instance: dg.DagsterInstance,
) -> Iterator[Event]:
    """What is observed and what differs. The observation that followed a change is the one that counts."""
    began = monotonic()
    carried = changes.carried if isinstance(changes, Applied) else ()
    with one_sentence():
        report = drift_after(where, manifest, changes)
    if OBSERVED_TOPICS in asked.assets:
        yield dg.MaterializeResult(asset_key=OBSERVED_TOPICS, metadata=_observed(where, report.snapshot))
    yield checks.replicas_healthy(report.unhealthy)
    if TOPIC_DRIFT in asked.assets:
        with one_sentence():
            news = turned(where, report, carried, instance)
        # The pages first: what was materialized is what the next run's pages begin after.
        with one_sentence():
            yield from pages(where, report, carried, news, instance)
        drifted = {**_drift(where, report, findings, monotonic() - began), **news.metadata}
        yield dg.MaterializeResult(asset_key=TOPIC_DRIFT, metadata=drifted)
    yield from checks.drift_checks((row.drift for row in report.rows), links_of(where.settings))


def _declared(where: Context, manifest: Manifest, findings: Sequence[Finding], duration: float) -> Metadata:
    return {
        "dagster/row_count": dg.MetadataValue.int(len(manifest.topics)),
        **counts({"contracts": len(manifest.contracts), **checks.severities(findings)}),
        "digest": dg.MetadataValue.text(manifest.digest),
        "sources": dg.MetadataValue.text(", ".join(where.sources)),
        "environment": dg.MetadataValue.text(where.environment),
        "seconds": seconds(duration),
        **_projection(where),
        **preview("declared", _DECLARED_COLUMNS, map(_declared_row, manifest.topics.values()), "see `omni topics`"),
    }


def _observed(where: Context, snapshot: BrokerSnapshot) -> Metadata:
    topics = snapshot.topics.values()
    return {
        "dagster/row_count": dg.MetadataValue.int(len(topics)),
        **counts(
            {
                "brokers": len(snapshot.brokers),
                "partitions": sum(each.partitions for each in topics),
                "internal": sum(each.internal for each in topics),
                "not_seen": sum(bool(each.unknown) for each in topics),
            }
        ),
        "cluster": dg.MetadataValue.text(snapshot.cluster_id or snapshot.bootstrap_servers),
        "observed_at": dg.MetadataValue.timestamp(snapshot.observed_at),
        **_broker(where, snapshot.calls, snapshot.seconds),
        **_projection(where),
        **preview(
            "observed",
            (
                Column("topic"),
                Column("partitions", "int"),
                Column("replication_factor", "int"),
                Column("not_seen"),
            ),
            (
                {
                    "topic": each.name,
                    "partitions": each.partitions,
                    "replication_factor": each.replication_factor,
                    "not_seen": each.unknown,
                }
                for each in topics
            ),
            "see `omni observe`",
        ),
    }


def _drift(where: Context, report: DriftReport, findings: Sequence[Finding], duration: float) -> Metadata:
    kinds = Counter(row.drift.kind for row in report.rows)
    return {
        "dagster/row_count": dg.MetadataValue.int(len(report.rows)),
        **preview(
            "drift",
            (*checks.DRIFT_COLUMNS, Column("first_seen")),
            map(_drift_row, report.rows),
            "see `omni drift`",
        ),
        **counts(
            {
                "declared_topics": len(report.manifest.topics),
                "observed_topics": report.snapshot.public_topics,
            }
        ),
        **counts({kind.value: kinds[kind] for kind in DriftKind}, "kind_"),
        **counts(report.counts, "verdict_"),
        **counts(checks.severities(findings)),
        "digest": dg.MetadataValue.text(report.manifest.digest),
        FINGERPRINT: dg.MetadataValue.text(fingerprint(report.manifest)),
        OBSERVED_AT: dg.MetadataValue.timestamp(report.snapshot.observed_at),
        **_broker(where, report.calls, duration),
        **_projection(where),
        "declared_in": dg.MetadataValue.asset(DECLARED_TOPICS),
        "observed_in": dg.MetadataValue.asset(OBSERVED_TOPICS),
    }


def _broker(where: Context, calls: int, duration: float) -> Metadata:
    return {
        "broker": dg.MetadataValue.text(where.bootstrap_servers),
        "broker_calls": dg.MetadataValue.int(calls),
        "seconds": seconds(duration),
    }


def _projection(where: Context) -> Metadata:
    return {"projection": dg.MetadataValue.path(Projection(where.home).file)}


def _declared_row(topic: Topic) -> dict[str, str | int | None]:
    owner = topic.owner
    return {
        "topic": topic.name,
        "owner": owner.node,
        "partitions": topic.spec.partitions,
        "replication_factor": topic.spec.replication_factor,
        "config": ", ".join(f"{key}={value}" for key, value in topic.spec.config.items()),
        "contract": f"{owner.location.path}:{owner.location.line}",
    }


def _drift_row(row: OpenDrift) -> dict[str, str | None]:
    return {**checks.drift_row(row.drift), "first_seen": row.first_seen.isoformat(" ", "seconds")}


_DECLARED_COLUMNS = (
    Column("topic"),
    Column("owner"),
    Column("partitions", "int"),
    Column("replication_factor", "int"),
    Column("config"),
    Column("contract"),
)
