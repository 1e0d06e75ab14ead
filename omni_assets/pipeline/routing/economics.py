"""The asset ``routing_economics``: what tasks cost and saved, by day and class, with its checks."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from omni_assets.operations.routing.books import DAYS, Books, DayOfClass, books
from omni_assets.operations.routing.savings import Economics
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.routing import checks
from omni_assets.pipeline.routing.chart import Day, picture
from omni_assets.pipeline.routing.columns import Described, previewed, schema
from omni_assets.pipeline.routing.keys import GROUP, RECEIPTS, ROUTING_ECONOMICS
from omni_assets.pipeline.routing.receipts import dollars
from omni_assets.pipeline.topics.keys import PLATFORM
from omni_assets.pipeline.topics.metadata import Metadata, counts, preview

_YESTERDAY = "yesterday_"
_DESCRIBED = (
    Described("day", "date", "The day on which the tasks ended, in UTC."),
    Described("task_class", "string", "The class of the tasks."),
    Described("tasks", "int", "Number of tasks that ended."),
    Described("accepted", "int", "Number of those with an accepted answer."),
    Described("tokens", "int", "Tokens of all calls, audits included, as far as they are known."),
    Described(
        "local_share",
        "float",
        "Of those, the share of models on own hardware; NULL where there are none.",
        nullable=True,
    ),
    Described("spent_usd", "float", "Cost of all calls in US dollars, audits and failed tasks included, where known."),
    Described("calls_without_cost", "int", "Number of calls whose cost is not known, and not in spent_usd."),
    Described(
        "avoided_usd",
        "float",
        "What the baseline would have cost beyond what was spent, where both are known; NULL where that is nowhere.",
        nullable=True,
    ),
    Described(
        "escalation_rate",
        "float",
        "Of the tasks that called a model, those that called another; NULL for none.",
        nullable=True,
    ),
    Described("audited", "int", "Number of accepted answers that an audit was compared with."),
    Described("false_accepts", "int", "Number of those that the audit did not agree with."),
    Described(
        "false_accept_rate",
        "float",
        "The share of those; NULL where none was audited: then it is not known.",
        nullable=True,
    ),
)

Event = dg.MaterializeResult[Any] | dg.AssetCheckResult


@dg.multi_asset(
    name="keep_books",
    specs=[
        dg.AssetSpec(
            ROUTING_ECONOMICS,
            deps=[RECEIPTS],
            group_name=GROUP,
            owners=[PLATFORM],
            kinds={"duckdb"},
            description=f"What tasks cost and saved in the last {DAYS} days, by day (UTC) and class: the local share "
            "of tokens, what was spent, failed attempts and audits included, what the baseline would have cost beyond "
            "that, how often a task escalated, and how many audited answers were wrong. Look at the last two "
            "together: few escalations may mean a weak check. What is not known is left out, never 0. "
            "`omni savings` says the same for any time.",
            metadata={"dagster/column_schema": schema(_DESCRIBED)},
        )
    ],
    check_specs=checks.specs(),
    can_subset=True,
)
def routing_economics(context: dg.AssetExecutionContext, project: ProjectResource) -> Iterator[Event]:
    with one_sentence():
        found = books(project.context())
    if ROUTING_ECONOMICS in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=ROUTING_ECONOMICS, metadata=_metadata(found))
    asked = {key.name for key in context.selected_asset_check_keys}
    yield from (each for each in checks.judged(found) if each.check_name in asked)


def _metadata(found: Books) -> Metadata:
    entries: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(found.days_of_classes)),
        "chart": dg.MetadataValue.md(_chart(found)),
        # The newest days first: they are what is looked for, where not all are shown.
        **preview(
            "by_day_and_class", previewed(_DESCRIBED), map(_row, reversed(found.days_of_classes)), "see `omni savings`"
        ),
        **_figures(found.total),
        "since": dg.MetadataValue.timestamp(found.since),
        "until": dg.MetadataValue.timestamp(found.until),
    }
    if found.total.sums.baselines:
        entries["baseline"] = dg.MetadataValue.text(found.total.sums.baselines)
    if found.yesterday is not None:
        entries |= _figures(found.yesterday, _YESTERDAY)
    return entries


def _figures(of: Economics, prefix: str = "") -> Metadata:
    """Numbers that Dagster plots over time. What is not known has no entry, so that no plot takes it for 0."""
    sums = of.sums
    shares = {
        "local_share": of.local_share,
        "escalation_rate": of.escalation_rate,
        "false_accept_rate": of.false_accept_rate,
    }
    entries: Metadata = {
        **counts(
            {
                "tasks": sums.tasks,
                "accepted": sums.accepted,
                "not_accepted": sums.tasks - sums.accepted,
                "tokens": sums.tokens,
                "calls_without_cost": sums.calls_without_cost,
                "audited": sums.audited,
                "false_accepts": sums.false_accepts,
            },
            prefix,
        ),
        f"{prefix}spent_usd": dollars(sums.spent_usd),
        **{
            f"{prefix}{name}": dg.MetadataValue.float(round(share, 6))
            for name, share in shares.items()
            if share is not None
        },
    }
    if sums.compared:
        entries[f"{prefix}avoided_usd"] = dollars(sums.avoided_usd)
    return entries


def _chart(found: Books) -> str:
    if not found.total.sums.tasks:
        return f"No task ended in the last {DAYS} days."
    return picture(map(_day, found.days), found.since.date(), found.until.date())


def _day(each: Economics) -> Day:
    sums = each.sums
    return Day(
        date.fromisoformat(each.name or ""),
        spent_usd=float(sums.spent_usd),
        avoided_usd=float(sums.avoided_usd) if sums.compared else None,
        local_share=each.local_share,
        escalation_rate=each.escalation_rate,
        false_accept_rate=each.false_accept_rate,
    )


def _row(each: DayOfClass) -> dict[str, str | int | float | None]:
    of = each.of_class
    sums = of.sums
    return {
        "day": each.day.isoformat(),
        "task_class": of.name,
        "tasks": sums.tasks,
        "accepted": sums.accepted,
        "tokens": sums.tokens,
        "local_share": _rounded(of.local_share),
        "spent_usd": float(sums.spent_usd),
        "calls_without_cost": sums.calls_without_cost,
        "avoided_usd": float(sums.avoided_usd) if sums.compared else None,
        "escalation_rate": _rounded(of.escalation_rate),
        "audited": sums.audited,
        "false_accepts": sums.false_accepts,
        "false_accept_rate": _rounded(of.false_accept_rate),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
