"""The keys of the table assets, and who answers for them."""

from __future__ import annotations

import dagster as dg

DECLARED_TOPICS = dg.AssetKey("declared_topics")
PROVISIONED_TOPICS = dg.AssetKey("provisioned_topics")
OBSERVED_TOPICS = dg.AssetKey("observed_topics")
TOPIC_DRIFT = dg.AssetKey("topic_drift")
TABLES = (DECLARED_TOPICS, PROVISIONED_TOPICS, OBSERVED_TOPICS, TOPIC_DRIFT)

GROUP = "topics"
PLATFORM = "team:platform"
