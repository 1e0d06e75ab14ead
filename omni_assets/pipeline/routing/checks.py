"""What can be wrong with the router's books: a check for each, listing what is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.operations.routing.books import DAYS, Audited, Books, Overspent, sentences
from omni_assets.pipeline.routing.keys import ROUTING_ECONOMICS
from omni_assets.pipeline.topics.metadata import Column, Metadata, preview
from omni_assets.projection.rows import TroubledRow, UncostedRow

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

FALSE_ACCEPTS = "false_accepts_within_floor"
BUDGET_KEPT = "budget_kept"
PRICES_KNOWN = "prices_known"
FAILURES_EXPLAINED = "failures_explained"
NOTHING_FOUND = "nothing_found_by_the_way"

_DESCRIPTIONS: Mapping[str, str] = {
    FALSE_ACCEPTS: "Of the accepted answers that were audited, no class has more wrong ones than its `quality_floor` "
    "allows. A warning while that may be chance, an error once it is not, with a credibility of nine in ten; also a "
    "warning where the floor is not known, since there is no such class now. A class without an audit is counted, and "
    "not judged.",
    BUDGET_KEPT: "No day, and no class on a day, cost more than `router.budget` holds, as the settings are now. What "
    "is not known of a cost is not counted here: see `prices_known`.",
    PRICES_KNOWN: "The price of every model that was asked is known. Without it a call has no cost, no budget can hold "
    "it, and nothing can be said to be saved: state a `price` in models.yaml.",
    FAILURES_EXPLAINED: "Every task without an accepted answer says why. One that does not has a receipt that nobody "
    "can act on.",
    NOTHING_FOUND: "No receipt says of something that it should not have been, such as an endpoint that charged more "
    "than was reserved for the call.",
}


def specs() -> list[dg.AssetCheckSpec]:
    """All checks over the books, which are kept over the last days."""
    return [
        dg.AssetCheckSpec(name, asset=ROUTING_ECONOMICS, description=f"{description} Over the last {DAYS} days.")
        for name, description in _DESCRIPTIONS.items()
    ]


def judged(books: Books) -> Iterator[dg.AssetCheckResult]:
    """A result for each check."""
    yield _false_accepts(books)
    yield _listed(
        BUDGET_KEPT,
        _ERROR,
        preview("offending_days", _DAYS, map(_overspent, books.overspent)) if books.overspent else {},
        f"{count(len(books.overspent), 'budget')} exceeded on a day" if books.overspent else "every budget was kept",
    )
    yield _prices(books)
    yield _listed(
        FAILURES_EXPLAINED,
        _ERROR,
        _receipts(books.unexplained),
        f"{count(len(books.unexplained), 'task')} failed without a reason"
        if books.unexplained
        else "every task without an accepted answer says why",
    )
    yield _listed(
        NOTHING_FOUND,
        _WARN,
        _receipts(books.found),
        f"{count(len(books.found), 'receipt')} with something that should not have been"
        if books.found
        else "no receipt has a finding",
    )


def _false_accepts(books: Books) -> dg.AssetCheckResult:
    exceeded = [each for each in books.audited if each.exceeded]
    certain = any(each.certain for each in exceeded)
    unaudited = sum(each.sums.accepted > 0 and not each.sums.audited for each in books.classes)
    said = (
        f"{_classes(len(exceeded))} with more wrong answers than the floor allows, or without a floor"
        if exceeded
        else f"no audited class has more wrong answers than its floor allows; {len(books.audited):,} audited"
    )
    return _listed(
        FALSE_ACCEPTS,
        _ERROR if certain else _WARN,
        preview("offending_classes", _CLASSES, map(_audited, exceeded)) if exceeded else {},
        f"{said}; {_classes(unaudited)} with accepted answers and no audit" if unaudited else said,
        {"classes_without_audit": dg.MetadataValue.int(unaudited)},
    )


def _prices(books: Books) -> dg.AssetCheckResult:
    calls = sum(each.calls for each in books.unpriced)
    return _listed(
        PRICES_KNOWN,
        _WARN,
        preview("offending_models", _MODELS, map(_uncosted, books.unpriced)) if books.unpriced else {},
        f"{count(calls, 'call')} of models whose price is not known"
        if calls
        else "the price of every model that was asked is known",
        {
            "calls_of_known_price_without_tokens": dg.MetadataValue.int(sum(each.calls for each in books.unmeasured)),
            **(preview("without_tokens", _MODELS, map(_uncosted, books.unmeasured)) if books.unmeasured else {}),
        },
    )


def _listed(
    name: str, severity: dg.AssetCheckSeverity, offending: Metadata, said: str, beside: Metadata | None = None
) -> dg.AssetCheckResult:
    """A check that passes where nothing offends."""
    return dg.AssetCheckResult(
        passed=not offending,
        asset_key=ROUTING_ECONOMICS,
        check_name=name,
        severity=severity,
        description=said,
        metadata={**offending, **(beside or {})},
    )


def _classes(number: int) -> str:
    return f"{number:,} class{'' if number == 1 else 'es'}"


def _receipts(rows: Sequence[TroubledRow]) -> Metadata:
    return preview("offending_receipts", _RECEIPTS, map(_troubled, rows), "see the table receipts") if rows else {}


_CLASSES = (
    Column("task_class"),
    Column("audited", "int"),
    Column("false_accepts", "int"),
    Column("rate", "float"),
    Column("allowed", "float"),
    Column("at_least", "float"),
)
_DAYS = (Column("day"), Column("task_class"), Column("spent_usd", "float"), Column("limit_usd", "float"))
_MODELS = (Column("model"), Column("price_source"), Column("calls", "int"), Column("receipt"))
_RECEIPTS = (
    Column("receipt"),
    Column("ended_at"),
    Column("task"),
    Column("task_class"),
    Column("outcome"),
    Column("finding"),
)


def _audited(each: Audited) -> dict[str, str | int | float | None]:
    return {
        "task_class": each.task_class,
        "audited": each.audited,
        "false_accepts": each.false_accepts,
        "rate": round(each.rate, 4),
        "allowed": None if each.allowed is None else round(each.allowed, 4),
        "at_least": round(each.lowest, 4),
    }


def _overspent(each: Overspent) -> dict[str, str | float]:
    return {
        "day": each.day,
        "task_class": each.task_class or "all together",
        "spent_usd": float(each.spent_usd),
        "limit_usd": float(each.limit_usd),
    }


def _uncosted(each: UncostedRow) -> dict[str, str | int]:
    return {"model": each.model, "price_source": each.price_source, "calls": each.calls, "receipt": each.receipt}


def _troubled(each: TroubledRow) -> dict[str, str]:
    return {
        "receipt": each.id,
        "ended_at": each.ended_at.isoformat(" ", "seconds"),
        "task": each.task_id,
        "task_class": each.task_class,
        "outcome": each.outcome,
        "finding": "; ".join(sentences(each)),
    }
