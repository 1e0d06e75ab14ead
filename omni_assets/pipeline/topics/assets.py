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
from omni_assets.drift.kinds import DriftKind
from omni_assets.errors import OmniError
from omni_assets.operations.context import Context
from omni_assets.operations.judging import contract_findings
from omni_assets.operations.observe import DriftReport, OpenDrift, drift, observe
from omni_assets.operations.outcomes import Outcome
from omni_assets.operations.provision import Provisioning, provision
from omni_assets.operations.recording import declare
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics import checks
from omni_assets.pipeline.topics.fingerprint import FINGERPRINT, fingerprint
from omni_assets.pipeline.topics.keys import (
    DECLARED_TOPICS,
    GROUP,
    OBSERVED_TOPICS,
    PLATFORM,
    PROVISIONED_TOPICS,
    TOPIC_DRIFT,
)
from omni_assets.pipeline.topics.metadata import Column, Metadata, column_schema, counts, preview, seconds
from omni_assets.projection import rows
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS
from omni_assets.projection.store import Projection

Event: TypeAlias = dg.MaterializeResult[Any] | dg.AssetCheckResult


def topic_tables(contracts: Sequence[dg.AssetKey], problem: str = "") -> dg.AssetsDefinition:
    """The table assets with their checks. ``problem`` says why the contracts could not be read, or is empty."""

    @dg.multi_asset(
        name="reconcile_topics", specs=_specs(contracts, problem), check_specs=checks.specs(), can_subset=True
    )
    def reconcile_topics(context: dg.AssetExecutionContext, project: ProjectResource) -> Iterator[Event]:
        asked = _Asked(frozenset(context.selected_asset_keys), frozenset(context.selected_asset_check_keys))
        for event in _reconcile(project, asked):
            if isinstance(event, dg.MaterializeResult) or asked.judges(event):
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
        return TOPIC_DRIFT in self.assets or any(check.asset_key == TOPIC_DRIFT for check in self.checks)

    def judges(self, result: dg.AssetCheckResult) -> bool:
        return any((check.asset_key, check.name) == (result.asset_key, result.check_name) for check in self.checks)


def _reconcile(project: ProjectResource, asked: _Asked) -> Iterator[Event]:
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
    yield checks.contracts_valid(manifest, findings)
    if PROVISIONED_TOPICS in asked.assets and not where.connection.read_only:
        with one_sentence():
            provisioning = provision(where, manifest, trigger="dagster")
        yield dg.MaterializeResult(asset_key=PROVISIONED_TOPICS, metadata=_provisioned(where, provisioning))
    if asked.compares:
        began = monotonic()
        with one_sentence():
            report = drift(where, manifest)
        if OBSERVED_TOPICS in asked.assets:
            yield dg.MaterializeResult(asset_key=OBSERVED_TOPICS, metadata=_observed(where, report.snapshot))
        if TOPIC_DRIFT in asked.assets:
            drifted = _drift(where, report, findings, monotonic() - began)
            yield dg.MaterializeResult(asset_key=TOPIC_DRIFT, metadata=drifted)
        yield from checks.drift_checks(row.drift for row in report.rows)
    elif OBSERVED_TOPICS in asked.assets:
        with one_sentence():
            snapshot = observe(where)
        yield dg.MaterializeResult(asset_key=OBSERVED_TOPICS, metadata=_observed(where, snapshot))


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


def _provisioned(where: Context, provisioning: Provisioning) -> Metadata:
    news = [each for each in provisioning.topics if each.outcome is not Outcome.EXISTED]
    entries: Metadata = {
        **counts(provisioning.counts),
        **_broker(where, provisioning.calls, provisioning.seconds),
        **preview(
            "news",
            (Column("topic"), Column("outcome"), Column("why")),
            ({"topic": each.topic, "outcome": each.outcome.value, "why": each.error} for each in news),
            "see the table provision_log",
        ),
    }
    if provisioning.unrecorded is not None:
        entries["not_recorded"] = dg.MetadataValue.text(str(provisioning.unrecorded))
    return entries


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
        "observed_at": dg.MetadataValue.timestamp(report.snapshot.observed_at),
        **_broker(where, report.snapshot.calls, duration),
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


def _specs(contracts: Sequence[dg.AssetKey], problem: str) -> list[dg.AssetSpec]:
    wrong = f"\n\n**The contracts could not be read when this was loaded:** {problem}" if problem else ""
    return [
        dg.AssetSpec(
            DECLARED_TOPICS,
            deps=contracts,
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"yaml", "duckdb"},
            description="What should exist: one row for each topic that a `contract.yaml` declares, with its owner, "
            "its settings and the line that says so." + wrong,
            metadata=_table("declared_topics", rows.DeclaredTopicRow, after="updated_at"),
        ),
        dg.AssetSpec(
            PROVISIONED_TOPICS,
            deps=[DECLARED_TOPICS],
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"kafka", "duckdb"},
            skippable=True,
            description="What provisioning did: declared topics that the broker did not have are created and read "
            "back; existing topics are left alone. Not materialized while `OMNI_READONLY=1` forbids writes.",
            metadata=_table("provision_log", rows.ProvisionRow),
        ),
        dg.AssetSpec(
            OBSERVED_TOPICS,
            deps=[PROVISIONED_TOPICS],
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"kafka", "duckdb"},
            description="What does exist: one row for each topic on the broker, from one observation. What could not "
            "be seen is marked `unknown`, never taken for missing.",
            metadata=_table("observed_topics", rows.ObservedTopicRow, before="cluster", after="changed_at"),
        ),
        dg.AssetSpec(
            TOPIC_DRIFT,
            deps=[DECLARED_TOPICS, OBSERVED_TOPICS],
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"duckdb"},
            description="The difference between the two: one row for each topic and setting that differs, with a "
            "verdict (auto_fixable, needs_approval, unfixable, unknown), the reason, and the node that answers for it.",
            metadata=_table("drift", rows.DriftRow),
        ),
    ]


def _table(name: str, row: type, before: str = "", after: str = "") -> dict[str, Any]:
    schema = column_schema(row, COLUMN_DESCRIPTIONS[name], before, after)
    return {"dagster/table_name": f"projection.main.{name}", "dagster/column_schema": schema}
