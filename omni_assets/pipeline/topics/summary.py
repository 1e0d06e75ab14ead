"""The daily summary of drift: what is open, what opened and what was resolved, from the projection alone."""

from datetime import datetime

import dagster as dg

from omni_assets.contracts.text import visible
from omni_assets.drift.lasting import lasting
from omni_assets.operations.summary import Summary, summarize
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics.keys import DRIFT_SUMMARY, GROUP, PLATFORM, TOPIC_DRIFT
from omni_assets.pipeline.topics.metadata import Metadata, counts


@dg.asset(
    key=DRIFT_SUMMARY,
    deps=[TOPIC_DRIFT],
    group_name=GROUP,
    owners=[PLATFORM],
    kinds={"duckdb"},
    description="What became of drift in the last 24 hours, by kind and verdict: how much is open, how much opened "
    "and was resolved, and how old the oldest is. It asks the projection, and no broker.",
)
def drift_summary(project: ProjectResource) -> dg.MaterializeResult[None]:
    with one_sentence():
        where = project.context()
        summary = summarize(where)
    return dg.MaterializeResult(metadata=_metadata(summary))


summarize_drift = dg.define_asset_job(
    "summarize_drift",
    selection=dg.AssetSelection.assets(DRIFT_SUMMARY),
    description="Sums up the drift of the last 24 hours.",
)

daily = dg.ScheduleDefinition(
    name="drift_summary_daily",
    job=summarize_drift,
    cron_schedule="0 6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Sums up, every day at 6:00 UTC, what drifted and what was put right in the 24 hours before.",
)


def _metadata(summary: Summary) -> Metadata:
    rows, observation = summary.rows, summary.observation
    return {
        "summary": dg.MetadataValue.md(_table(summary)),
        **counts(
            {
                "open": sum(row.open for row in rows),
                "opened": sum(row.opened for row in rows),
                "resolved": sum(row.resolved for row in rows),
            }
        ),
        "cluster": dg.MetadataValue.text(visible(observation.cluster)),
        "environment": dg.MetadataValue.text(observation.environment),
        "observed_at": dg.MetadataValue.timestamp(observation.observed_at),
        "since": dg.MetadataValue.timestamp(summary.since),
        "drift": dg.MetadataValue.asset(TOPIC_DRIFT),
    }


def _table(summary: Summary) -> str:
    if not summary.rows:
        return f"Nothing differs, and nothing did in the {lasting(summary.until - summary.since)} before."
    lines = ["| drift | verdict | open | opened | resolved | oldest |", "|---|---|--:|--:|--:|---|"]
    for row in summary.rows:
        kind, verdict = row.kind.replace("_", " "), row.verdict.replace("_", " ")
        figures = f"{row.open:,} | {row.opened:,} | {row.resolved:,} | {_age(row.oldest, summary.until)}"
        lines.append(f"| {kind} | {verdict} | {figures} |")
    return "\n".join(lines)


def _age(oldest: datetime | None, now: datetime) -> str:
    return "" if oldest is None else lasting(now - oldest)
