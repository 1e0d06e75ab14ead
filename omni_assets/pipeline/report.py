"""The report as an asset: written every day into the state folder, from contracts and the projection alone."""

from datetime import UTC, datetime

import dagster as dg

from omni_assets.contracts.text import visible
from omni_assets.operations.report.figures import Card, cards
from omni_assets.operations.report.writing import Written, write_report
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics.keys import PLATFORM, TOPIC_DRIFT

REPORT = dg.AssetKey("report")


@dg.asset(
    key=REPORT,
    deps=[TOPIC_DRIFT],
    group_name="report",
    owners=[PLATFORM],
    kinds={"html"},
    description="Everything that is known as one HTML file that needs nothing else: drift now and over time, the "
    "wiring, near misses, savings, receipts and tasks. It stands in the state folder as `report.html`; `omni report` "
    "writes the same one at once.",
)
def report(project: ProjectResource) -> dg.MaterializeResult[None]:
    with one_sentence():
        written = write_report(project.context(), datetime.now(UTC))
    return dg.MaterializeResult(metadata=_metadata(written))


make_report = dg.define_asset_job(
    "make_report",
    selection=dg.AssetSelection.assets(REPORT),
    description="Writes the report as one HTML file.",
)

report_daily = dg.ScheduleDefinition(
    name="report_daily",
    job=make_report,
    cron_schedule="10 6 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Writes the report every day at 6:10 UTC.",
)


def _metadata(written: Written) -> dict[str, dg.MetadataValue]:
    return {
        "summary": dg.MetadataValue.md(_markdown(written)),
        "file": dg.MetadataValue.path(str(written.path)),
        "bytes": dg.MetadataValue.int(written.size),
        "drift": dg.MetadataValue.int(len(written.content.drift)),
        "receipts": dg.MetadataValue.int(len(written.content.told.receipts)),
        "tasks": dg.MetadataValue.int(len(written.content.told.tasks)),
    }


def _markdown(written: Written) -> str:
    rows = "\n".join(map(_row, cards(written.content)))
    return f"{_plain(written.sentence)}\n\n| | | |\n|---|--:|---|\n{rows}"


def _row(card: Card) -> str:
    return f"| {card.title} | {_plain(card.figure)} | {_plain(', '.join(card.notes))} |"


def _plain(text: str) -> str:
    """Text without a meaning in a table of Markdown."""
    return visible(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
