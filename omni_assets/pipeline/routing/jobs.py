"""The job ``refresh_routing`` and its schedule: what receipts teach and come to, every day."""

from __future__ import annotations

import dagster as dg

from omni_assets.pipeline.routing.keys import ROUTING_ECONOMICS, ROUTING_POSTERIORS

refresh_routing = dg.define_asset_job(
    "refresh_routing",
    selection=dg.AssetSelection.assets(ROUTING_POSTERIORS, ROUTING_ECONOMICS),
    description="Adds up what the receipts teach and what tasks cost and saved, and judges the checks. It reads what "
    "is remembered, and asks no model.",
)

routing_daily = dg.ScheduleDefinition(
    name="routing_daily",
    job=refresh_routing,
    cron_schedule="10 0 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Adds up the day that is over, and judges its checks, every day at 0:10 UTC.",
)
