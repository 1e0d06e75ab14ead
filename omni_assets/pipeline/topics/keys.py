"""The keys of the assets about topics, and who answers for them."""

from __future__ import annotations

import dagster as dg

DECLARED_TOPICS = dg.AssetKey("declared_topics")
PROVISIONED_TOPICS = dg.AssetKey("provisioned_topics")
APPLIED_CHANGES = dg.AssetKey("applied_changes")
OBSERVED_TOPICS = dg.AssetKey("observed_topics")
TOPIC_DRIFT = dg.AssetKey("topic_drift")
TABLES = (DECLARED_TOPICS, PROVISIONED_TOPICS, APPLIED_CHANGES, OBSERVED_TOPICS, TOPIC_DRIFT)

TOPIC_DRIFT_HISTORY = dg.AssetKey("topic_drift_history")
DRIFT_SUMMARY = dg.AssetKey("drift_summary")

GROUP = "topics"
PLATFORM = "team:platform"

BROKER_POOL = "broker"
"""The pool of whatever changes the broker: one run of it works at a time."""
