"""What the table assets are: their names, owners, places in the lineage, and the columns of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from omni_assets.pipeline.markdown import words
from omni_assets.pipeline.topics.keys import (
    APPLIED_CHANGES,
    DECLARED_TOPICS,
    GROUP,
    OBSERVED_TOPICS,
    PLATFORM,
    PROVISIONED_TOPICS,
    TOPIC_DRIFT,
)
from omni_assets.pipeline.topics.metadata import column_schema
from omni_assets.projection import rows
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS

_EVERY_HOUR = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=3), warn_window=timedelta(hours=2))
"""Of what the hourly run writes: one that is missed is a warning, two are too old to be believed."""


def table_specs(contracts: Sequence[dg.AssetKey], problem: str, folded: str) -> list[dg.AssetSpec]:
    """The table assets, in the order in which they are written. ``contracts`` lead to the first of them; ``problem``
    says why the contracts could not be read, ``folded`` what the lineage does not draw; both may be empty."""
    wrong = f"\n\n**The contracts could not be read when this was loaded:** {words(problem)}" if problem else ""
    left = f"\n\n{folded}" if folded else ""
    return [
        dg.AssetSpec(
            DECLARED_TOPICS,
            deps=contracts,
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"yaml", "duckdb"},
            freshness_policy=_EVERY_HOUR,
            description="What should exist: one row for each topic that a `contract.yaml` declares, with its owner, "
            "its settings and the line that says so." + wrong + left,
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
            "back; existing topics are left alone. Nothing is created on another cluster than is meant, and it says "
            "so. Not materialized while `OMNI_READONLY=1` forbids writes.",
            metadata=_table("provision_log", rows.ProvisionRow),
        ),
        dg.AssetSpec(
            APPLIED_CHANGES,
            deps=[PROVISIONED_TOPICS],
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"kafka", "duckdb"},
            freshness_policy=_EVERY_HOUR,
            description="What was changed on existing topics by a plan: each step with what became of it, as read "
            "back. The job `reconcile` carries out what is safe and lists what needs an approval, with the id of each "
            "step; the job `apply_plan` carries out what was approved. Nothing is changed where a brake or "
            "`OMNI_READONLY=1` holds it back, and it says so.",
            metadata=_table("audit", rows.AuditRow),
        ),
        dg.AssetSpec(
            OBSERVED_TOPICS,
            deps=[APPLIED_CHANGES],
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"kafka", "duckdb"},
            freshness_policy=_EVERY_HOUR,
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
            freshness_policy=_EVERY_HOUR,
            description="The difference between what contracts declare and what the broker has: one row for each topic "
            "and setting that differs, with a verdict (auto_fixable, needs_approval, unfixable, unknown), the reason, "
            "and the node that answers for it.",
            metadata=_table("drift", rows.DriftRow),
        ),
    ]


def _table(name: str, row: type, before: str = "", after: str = "") -> dict[str, Any]:
    schema = column_schema(row, COLUMN_DESCRIPTIONS[name], before, after)
    return {"dagster/table_name": f"projection.main.{name}", "dagster/column_schema": schema}
