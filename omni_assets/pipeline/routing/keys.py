"""The keys of the assets about tasks and models."""

from __future__ import annotations

import dagster as dg

RECEIPTS = dg.AssetKey(["agents", "receipts"])
ROUTING_POSTERIORS = dg.AssetKey("routing_posteriors")
ROUTING_ECONOMICS = dg.AssetKey("routing_economics")

GROUP = "routing"
