"""One receipt: what became of a task, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.views.money import NOT_KNOWN, exact_usd
from omni_assets.contracts.text import count
from omni_assets.operations.routing.remembered import Remembered
from omni_assets.router.calling.failures import NOT_CALLED
from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.receipt import Attempt, Audit, Classified, Cost, Failure, Outcome, Receipt
from omni_assets.router.route import Candidate, Skipped
from omni_assets.router.values import FinishReason, Usage

_OUTCOME_STYLES = {
    Outcome.ACCEPTED: "green",
    Outcome.REJECTED: "yellow",
    Outcome.FAILED: "red",
    Outcome.CANCELLED: "yellow",
}
_VERDICTS = {
    Verdict.PASSED: Cell("passed", "green"),
    Verdict.FAILED: Cell("failed", "red"),
    Verdict.UNKNOWN: Cell("unknown", "yellow"),
}
_STOPPED = {
    FinishReason.STOP: "",
    FinishReason.LENGTH: "cut off at the output limit",
    FinishReason.CONTENT_FILTER: "stopped by a content filter",
    FinishReason.TOOL_CALLS: "stopped to call a tool",
    FinishReason.UNKNOWN: "it is not known why it stopped",
}
_NOBODY = frozenset({"stated", "nothing"})
"""Where no classifier had a say: the task states its class, or one that there is none of."""

_INDENT = 4


def remembered_lines(found: Remembered, width: int | None) -> list[Line]:
    """The task and its end, what was considered, every call with its checks, what it cost, and where the ledger has it.

    A blank line stands between the parts.
    """
    receipt = found.receipt
    parts = [
        _head(found, width),
        route_lines(receipt.candidates, receipt.skipped, receipt.decision, width),
        *(_attempt(number, each, width) for number, each in enumerate(receipt.attempts, 1)),
        _audit(receipt.audit, width),
        _money(receipt, width),
        [line for each in receipt.findings for line in paragraph(f"finding: {each}", width, "yellow")],
        _kept(found, width),
    ]
    lines: list[Line] = []
    for part in filter(None, parts):
        lines += [[], *part] if lines else part
    return lines


def remembered_document(found: Remembered) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "receipt": found.receipt.model_dump(mode="json"),
        "environment": found.environment,
        "ledger": [
            {**each._asdict(), "published_at": each.published_at.astimezone(UTC).isoformat()}
            for each in found.publications
        ],
    }


def class_text(name: str, classified: Classified) -> str:
    """The class of a task, and how it is known."""
    if not name:
        return "its class is not known"
    if classified.by in _NOBODY:
        return f"class {name}, as it states"
    return f"class {name}, as {classified.by} told with a confidence of {classified.confidence:.2f}"


def route_lines(
    candidates: tuple[Candidate, ...], skipped: tuple[Skipped, ...], said: str, width: int | None
) -> list[Line]:
    """The chains that were considered, the chosen one marked, and the models that were not, each with why, unless that
    is what was ``said`` before."""
    rows = [
        Row(
            (
                Cell("*" if each.chosen else ""),
                Cell(", then ".join(each.chain), "bold" if each.chosen else ""),
                figure(exact_usd(each.expected_cost_usd)),
                figure(_share(each.expected_quality)),
                figure(_share(each.quality_bound)),
            ),
            "" if said.startswith(each.reason) else each.reason,
        )
        for each in candidates
    ]
    lines = table(("", "CHAIN", "EXPECTED COST", "QUALITY", "AT LEAST"), rows, width) if rows else []
    for each in skipped:
        lines += paragraph(f"not {each.model}: {each.reason}", width, "dim")
    return lines


def _head(found: Remembered, width: int | None) -> list[Line]:
    receipt = found.receipt
    return [
        *paragraph(f"receipt {receipt.id}", width, "bold"),
        *paragraph(_what(receipt), width),
        *paragraph(_end(receipt), width, _OUTCOME_STYLES[receipt.outcome]),
        *(paragraph(receipt.decision, width) if receipt.decision not in (receipt.failure or "") else []),
    ]


def _what(receipt: Receipt) -> str:
    of = "" if receipt.task_key == receipt.task_id else f" of {receipt.task_key}"
    told = class_text(receipt.task_class, receipt.classified)
    prompt = "no prompt" if receipt.prompt_version is None else f"prompt version {receipt.prompt_version}"
    return f"task {receipt.task_id}{of}: {told}; {prompt}"


def _end(receipt: Receipt) -> str:
    seconds = (receipt.ended_at - receipt.started_at).total_seconds()
    how = f"{count(len(receipt.attempts), 'call')}, {_duration(seconds)}, ended {_minute(receipt.ended_at)}"
    if receipt.model is not None:
        return f"{receipt.outcome.value}: answered by {receipt.model} ({how})"
    return f"{receipt.outcome.value}: {receipt.failure or 'no reason given'} ({how})"


def _attempt(number: int, each: Attempt, width: int | None) -> list[Line]:
    title = f"{number}. {each.model} ({each.location.value}, {each.served_name} at {each.endpoint})"
    style = _OUTCOME_STYLES[each.outcome]
    lines = [*paragraph(f"{title}: {each.outcome.value}", width, style)]
    for fact in _facts(each):
        lines += paragraph(fact, width, indent=_INDENT)
    return lines + [line for check in each.checks for line in _check(check, width)]


def _facts(each: Attempt) -> Iterator[str]:
    yield f"asked {_second(each.started_at)}: {each.reason}"
    stopped = _STOPPED[each.finish_reason] if each.finish_reason else ""
    if each.failure is None or each.failure.kind not in NOT_CALLED:
        yield "; ".join(filter(None, [f"{_tokens(each.usage)} in {_duration(each.latency_seconds)}", stopped]))
        reserved = "" if each.reserved_usd is None else f"; {exact_usd(each.reserved_usd)} were reserved"
        yield f"cost {_cost(each.cost)}{reserved}"
    if each.failure is not None:
        yield f"{each.failure.kind}: {each.failure.message} ({_hope(each.failure)})"
    if each.normalised:
        yield f"before the gates saw it: {', '.join(each.normalised)}"
    if each.support is not None:
        yield f"support {each.support:.2f}"
    if each.output_sha256 is not None:
        yield f"output sha256 {each.output_sha256[:16]}…"
    if each.output_text is not None:
        yield f"output: {each.output_text}"


def _hope(failure: Failure) -> str:
    """What another try would do. A call that was not made was none."""
    if failure.kind in NOT_CALLED:
        return "not called"
    return "asking again may help" if failure.transient else "asking again would not help"


def _check(check: Check, width: int | None) -> list[Line]:
    verdict = _VERDICTS[check.verdict]
    score = "" if check.score is None else f", score {check.score:.2f}"
    mild = "" if check.severity.value == "error" or check.verdict is Verdict.PASSED else ", a warning"
    said = f": {check.evidence}" if check.evidence else ""
    return paragraph(f"{verdict.text} {check.gate} v{check.version}{mild}{score}{said}", width, verdict.style, _INDENT)


def _audit(audit: Audit | None, width: int | None) -> list[Line]:
    if audit is None:
        return []
    agrees = {True: "agrees", False: "does not agree", None: "could not be compared"}[audit.agrees]
    style = {True: "green", False: "red", None: "yellow"}[audit.agrees]
    said = f": {audit.evidence}" if audit.evidence else ""
    return [
        *paragraph(f"audit by {audit.model} ({audit.location.value}): {agrees}{said}", width, style),
        *paragraph(f"{_tokens(audit.usage)}; cost {_cost(audit.cost)}", width, indent=_INDENT),
    ]


def _money(receipt: Receipt, width: int | None) -> list[Line]:
    lines = paragraph(f"cost {exact_usd(receipt.cost_usd)}", width, "bold")
    if receipt.model is None:
        return lines + paragraph("saved nothing, since no answer was accepted", width)
    if receipt.baseline is None:
        return lines + paragraph("what it saved is not known, since no baseline is", width)
    name, cost = receipt.baseline.model, receipt.baseline.cost
    return lines + paragraph(f"{name} would have cost {_cost(cost)}; saved {exact_usd(receipt.saved_usd)}", width)


def _kept(found: Remembered, width: int | None) -> list[Line]:
    if not found.publications:
        return paragraph(f"not in the ledger of {found.environment} yet", width, "dim")
    return [
        line
        for each in found.publications
        for line in paragraph(
            f"in the ledger {each.topic} of {each.cluster}: partition {each.partition}, offset {each.position}",
            width,
            "dim",
        )
    ]


def _tokens(usage: Usage | None) -> str:
    if usage is None:
        return "tokens not known"
    cached = f", {usage.cached_tokens:,} of them cached" if usage.cached_tokens else ""
    by = "" if usage.reported else ", estimated"
    return f"{usage.input_tokens:,} tokens asked{cached}, {usage.output_tokens:,} answered{by}"


def _cost(cost: Cost) -> str:
    source = f"{cost.source.value} {cost.version}".strip()
    return f"{exact_usd(cost.usd)} ({'no price is known' if source == 'unknown' else f'prices: {source}'})"


def _share(share: float | None) -> str:
    return NOT_KNOWN if share is None else f"{share:.3f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


def _minute(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _second(when: datetime) -> str:
    return f"{when.astimezone(UTC):%H:%M:%S}"
