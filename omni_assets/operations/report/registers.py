"""The tables of a report, from what was gathered. Pure; verdicts, kinds and settings are named as on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import filterfalse

from omni_assets.contracts.model import Declaration, Finding, Severity
from omni_assets.contracts.values import readable
from omni_assets.contracts.wiring.graph import Ends
from omni_assets.drift.verdict import EXPLANATIONS
from omni_assets.operations.report.chains import (
    Linked,
    approval_words,
    attempts_lines,
    calls_lines,
    effects_lines,
    linked,
    published_lines,
)
from omni_assets.operations.report.content import Content
from omni_assets.operations.report.tables import Column, Kind, Row, Shown, Table
from omni_assets.operations.routing.savings import Economics
from omni_assets.projection.rows import FLOW_KINDS, DriftRow, SavingsRow

_ID_LETTERS = 10
"""Letters of an id that are kept: commands take what an id begins with, and no two of 100,000 begin alike but by a rare
chance."""

WIDE, OPENED = Shown.WIDE, Shown.OPENED

_BILLION = Decimal(10**9)
_NAMES = {"orphaned": "orphan", "retention.ms": "retention"}
_REASONS = {reason.value: text for reason, text in EXPLANATIONS.items()}
_FAILED = ("failed", "dead-lettered")

_DRIFT_COLUMNS = (
    Column("topic", "Topic", Kind.NAME),
    Column("kind", "Drift", choice=True),
    Column("verdict", "Verdict", Kind.MARK, choice=True),
    Column("owner", "Owner", Kind.NAME, choice=True, shown=WIDE),
    Column("since", "Since", Kind.TIME),
    Column("declared", "Declared", shown=WIDE),
    Column("broker", "Broker", shown=WIDE),
    Column("reason", "Why", shown=OPENED),
    Column("detail", "Seen", shown=OPENED),
    Column("place", "Contract", Kind.NAME, shown=OPENED),
    Column("field", "About", Kind.NAME, shown=OPENED),
    Column("last", "Last seen", Kind.TIME, shown=OPENED),
)
_SUMS = (
    Column("tasks", "Tasks", Kind.NUMBER),
    Column("accepted", "Accepted", Kind.NUMBER, shown=WIDE),
    Column("local", "Local tokens", Kind.SHARE),
    Column("spent", "Spent", Kind.USD),
    Column("avoided", "Avoided", Kind.USD),
    Column("escalated", "Escalated", Kind.SHARE, shown=WIDE),
    Column("audited", "Audited", Kind.NUMBER, shown=WIDE),
    Column("wrong", "False accepts", Kind.NUMBER, shown=WIDE),
)


def tables(content: Content) -> tuple[Table, ...]:
    """Every table of a report, in the order of its views."""
    flows = [row for row in content.drift if row.kind in FLOW_KINDS]
    return (
        _drift("drift", "Open drift", content.drift, _nothing_drifts(content)),
        _history(content),
        _drift("flows", "Stranded records, silent readers, silent writers", flows, _nothing_silent(content)),
        _findings("near", "Near misses", filter(_is_near, content.findings), WIDE, "No name is nearly another."),
        _findings("findings", "Other findings", filterfalse(_is_near, content.findings), OPENED, "No finding."),
        _topics(content),
        _sums("classes", "By class", "Class", content.told.classes),
        _sums("models", "By the model that answered", "Model", content.told.models),
        _sums("days", "By day (UTC)", "Day", content.told.days, "-name"),
        _receipts(content),
        _tasks(content),
        _worst_nodes(content),
        _worst_topics(content),
        _worst_models(content),
    )


def seconds(at: datetime | None) -> int | None:
    """A time as the page takes it: seconds since 1970."""
    return None if at is None else int(at.astimezone(UTC).timestamp())


def _billionths(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * _BILLION)


def _thousandths(share: float | None) -> int | None:
    return None if share is None else round(share * 1000)


def _drift(name: str, title: str, rows: Iterable[DriftRow], empty: str) -> Table:
    return Table(
        name,
        title,
        _DRIFT_COLUMNS,
        tuple(
            (
                row.topic,
                _difference(row.kind, row.field),
                row.verdict.replace("_", " "),
                row.owner,
                seconds(row.first_seen),
                _value(row.field, row.declared),
                _value(row.field, row.observed),
                _why(row.reason),
                row.detail or None,
                f"{row.path}:{row.line}" if row.path else None,
                row.field or None,
                seconds(row.last_seen),
            )
            for row in rows
        ),
        "-since",
        ("topic", "kind", "field"),
        empty,
        "omni explain {topic}",
    )


def _difference(kind: str, field: str) -> str:
    """What differs, in words: the setting, or else the kind of drift."""
    named = field if kind == "config" else kind
    return _NAMES.get(named, named.replace("_", " "))


def _value(field: str, value: str | None) -> str | None:
    return None if value is None else readable(field, value)


def _why(reason: str) -> str:
    return _REASONS.get(reason, reason.replace("_", " "))


def _history(content: Content) -> Table:
    columns = (
        *_DRIFT_COLUMNS[:4],
        Column("since", "First seen", Kind.TIME),
        Column("resolved", "Resolved", Kind.TIME),
        *_DRIFT_COLUMNS[5:8],
        Column("field", "About", Kind.NAME, shown=OPENED),
    )
    rows = tuple(
        (
            row.topic,
            _difference(row.kind, row.field),
            row.verdict.replace("_", " "),
            row.owner,
            seconds(row.first_seen),
            seconds(row.resolved),
            _value(row.field, row.declared),
            _value(row.field, row.observed),
            _why(row.reason),
            row.field or None,
        )
        for row in content.history
    )
    title, command = "Drift, open and resolved", "omni explain {topic}"
    return Table(
        "history", title, columns, rows, "-since", ("topic", "kind", "field", "since"), "No drift was seen.", command
    )


def _is_near(finding: Finding) -> bool:
    return bool(finding.near)


def _findings(name: str, title: str, found: Iterable[Finding], nearly: Shown, empty: str) -> Table:
    columns = (
        Column("code", "Code", Kind.NAME, choice=True),
        Column("severity", "Severity", Kind.MARK, choice=True),
        Column("topic", "Topic", Kind.NAME),
        Column("near", "Nearly", Kind.NAME, shown=nearly),
        Column("message", "What", shown=WIDE),
        Column("fix", "Fix", shown=OPENED),
        Column("place", "Contract", Kind.NAME, shown=OPENED),
    )
    rows = tuple(
        (
            each.rule.code,
            each.severity.value,
            each.topic,
            ", ".join(each.near) or None,
            each.message,
            each.fix or None,
            str(each.location),
        )
        for each in found
    )
    return Table(name, title, columns, rows, "code", ("code", "place", "message"), empty, "omni docs {code}")


def _topics(content: Content) -> Table:
    drifts = Counter(row.topic for row in content.drift)
    columns = (
        Column("topic", "Topic", Kind.NAME),
        Column("state", "Wiring", Kind.MARK, choice=True),
        Column("drifts", "Drifts", Kind.NUMBER),
        Column("publishers", "Published by", Kind.NAME, shown=WIDE),
        Column("subscribers", "Subscribed by", Kind.NAME, shown=WIDE),
    )
    rows = tuple(
        (name, _state(ends), drifts[name], _nodes(ends.publishers), _nodes(ends.subscribers))
        for name, ends in content.wiring.topics.items()
    )
    empty = "No contract declares a topic."
    return Table("topics", "Topics", columns, rows, "topic", ("topic",), empty, "omni explain {topic}")


def _state(ends: Ends) -> str:
    if ends.starving:
        return "nobody publishes"
    return "nobody reads" if ends.unread and not ends.dead_letter else "wired"


def _nodes(declarations: Iterable[Declaration]) -> str | None:
    return ", ".join(sorted({each.node for each in declarations})) or None


def _sums(name: str, title: str, label: str, rows: Iterable[SavingsRow], order: str = "-spent") -> Table:
    columns = (Column("name", label, Kind.NAME), *_SUMS)
    empty = "No receipt of the router is remembered."
    return Table(name, title, columns, tuple(map(_sum, rows)), order, ("name",), empty)


def _sum(row: SavingsRow) -> Row:
    each = Economics(row)
    return (
        each.name or "no model answered",
        row.tasks,
        row.accepted,
        _thousandths(each.local_share),
        _billionths(row.spent_usd),
        _billionths(row.avoided_usd) if row.compared else None,
        _thousandths(each.escalation_rate),
        row.audited,
        row.false_accepts if row.audited else None,
    )


def _receipts(content: Content) -> Table:
    columns = (
        Column("ended", "Ended", Kind.TIME),
        Column("class", "Class", Kind.NAME, choice=True),
        Column("outcome", "Outcome", Kind.MARK, choice=True),
        Column("model", "Answered by", Kind.NAME, choice=True, shown=WIDE),
        Column("attempts", "Attempts", Kind.NUMBER, shown=WIDE),
        Column("escalations", "Escalations", Kind.NUMBER, shown=WIDE),
        Column("tokens", "Tokens", Kind.NUMBER, shown=WIDE),
        Column("spent", "Spent", Kind.USD),
        Column("saved", "Avoided", Kind.USD, shown=WIDE),
        Column("audit", "Audit", Kind.MARK, choice=True, shown=WIDE),
        Column("failure", "Why not", shown=OPENED),
        Column("calls", "Calls", Kind.LINES, shown=OPENED),
        Column("task", "Task", Kind.NAME, shown=OPENED),
        Column("id", "Receipt", Kind.NAME, shown=OPENED),
    )
    calls = {row.receipt: row for row in content.told.calls}
    rows = tuple(
        (
            seconds(row.ended_at),
            row.task_class,
            row.outcome,
            row.model,
            row.attempts,
            row.escalations,
            None if row.calls_without_tokens else row.tokens,
            None if row.calls_without_cost else _billionths(row.spent_usd),
            _billionths(row.saved_usd),
            None if row.audit_agrees is None else "agrees" if row.audit_agrees else "false accept",
            row.failure,
            calls_lines(calls.get(row.id)),
            row.task_id,
            row.id[:_ID_LETTERS],
        )
        for row in content.told.receipts
    )
    empty = "No receipt of the router is remembered."
    return Table(
        "receipts", "Receipts of the router", columns, rows, "-ended", ("id",), empty, "omni receipts show {id}"
    )


def _tasks(content: Content) -> Table:
    columns = (
        Column("ended", "Ended", Kind.TIME),
        Column("node", "Node", Kind.NAME, choice=True),
        Column("outcome", "Outcome", Kind.MARK, choice=True),
        Column("topic", "Topic", Kind.NAME, shown=WIDE),
        Column("key", "Key", Kind.NAME, shown=WIDE),
        Column("attempts", "Attempts", Kind.NUMBER, shown=WIDE),
        Column("took", "Took", Kind.TOOK, shown=WIDE),
        Column("spent", "Spent", Kind.USD, shown=WIDE),
        Column("reason", "Why", shown=OPENED),
        Column("tried", "Each attempt", Kind.LINES, shown=OPENED),
        Column("published", "Published", Kind.LINES, shown=OPENED),
        Column("effects", "Effects", Kind.LINES, shown=OPENED),
        Column("approval", "Approval", shown=OPENED),
        Column("how", "Came as", shown=OPENED),
        Column("position", "Record", Kind.NAME, shown=OPENED),
        Column("chain", "Chain", Kind.NAME, shown=OPENED),
        Column("receipt", "Routed", Kind.NAME, shown=Shown.DRAWN, refers="receipts.id"),
        Column("depth", "Depth", Kind.NUMBER, shown=Shown.DRAWN),
        Column("id", "Receipt", Kind.NAME, shown=OPENED),
    )
    empty = "No task on the bus is remembered."
    rows = tuple(map(_task, linked(content.told.tasks)))
    return Table("tasks", "Tasks on the bus", columns, rows, "-ended", ("id",), empty, "omni task show {id}")


def _task(link: Linked) -> Row:
    row = link.task
    return (
        seconds(row.ended_at),
        row.node,
        row.outcome,
        row.topic,
        row.key or None,
        len(row.reasons),
        _took((row.ended_at - row.started_at).total_seconds()),
        _billionths(row.cost_usd),
        row.reason or None,
        attempts_lines(row),
        published_lines(row),
        effects_lines(row),
        approval_words(row),
        link.how,
        f"{row.partition}/{row.position}",
        link.chain[:_ID_LETTERS],
        row.routing and row.routing[:_ID_LETTERS],
        link.depth,
        row.id[:_ID_LETTERS],
    )


def _took(seconds_: float) -> int:
    """Milliseconds, to the hundredth of a second where that is what is shown of them."""
    return round(seconds_ * 1000) if seconds_ < 0.1 else round(seconds_ * 100) * 10


def _worst_nodes(content: Content) -> Table:
    drifts = Counter(row.owner for row in content.drift if row.owner)
    failed = Counter(row.node for row in content.told.tasks if row.outcome in _FAILED)
    nodes = {contract.location.path: contract.node for contract in content.manifest.contracts}
    wrong = Counter(
        nodes[each.location.path]
        for each in content.findings
        if each.severity is not Severity.NOTE and each.location.path in nodes
    )
    columns = (
        Column("node", "Node", Kind.NAME),
        Column("drifts", "Drifts", Kind.NUMBER),
        Column("findings", "Findings", Kind.NUMBER),
        Column("failed", "Failed tasks", Kind.NUMBER),
    )
    rows = _worst((node, drifts[node], wrong[node], failed[node]) for node in {*drifts, *failed, *wrong})
    return Table("worst-nodes", "Nodes", columns, rows, "", ("node",), "No node has drift, findings or failed tasks.")


def _worst_topics(content: Content) -> Table:
    drifts = Counter(row.topic for row in content.drift)
    before = Counter(row.topic for row in content.history)
    failed = Counter(row.topic for row in content.told.tasks if row.outcome in _FAILED)
    columns = (
        Column("topic", "Topic", Kind.NAME),
        Column("drifts", "Open", Kind.NUMBER),
        Column("ever", "Ever", Kind.NUMBER),
        Column("failed", "Failed tasks", Kind.NUMBER),
    )
    rows = _worst((topic, drifts[topic], before[topic], failed[topic]) for topic in {*drifts, *before, *failed})
    return Table(
        "worst-topics", "Topics", columns, rows, "", ("topic",), "No topic drifted, and no task on one failed."
    )


def _worst_models(content: Content) -> Table:
    columns = (
        Column("model", "Model", Kind.NAME),
        Column("wrong", "False accepts", Kind.NUMBER),
        Column("escalated", "Escalated", Kind.NUMBER),
        Column("spent", "Spent", Kind.USD),
    )
    rows = _worst(
        (str(row.group_name), row.false_accepts, row.escalated, _billionths(row.spent_usd))
        for row in content.told.models
        if row.group_name is not None
    )
    return Table("worst-models", "Models", columns, rows, "", ("model",), "No model answered.")


def _worst(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Those with the most first, by the first figure, then the next; those without any are left out."""

    def badness(row: Row) -> tuple[int, ...]:
        return tuple(-each if isinstance(each, int) else 0 for each in row[1:])

    return tuple(sorted((row for row in rows if any(row[1:])), key=lambda row: (badness(row), str(row[0]))))


def _nothing_drifts(content: Content) -> str:
    return "Nothing differs." if content.observation else "The broker was not looked at yet: `omni drift` does."


def _nothing_silent(content: Content) -> str:
    return "No records are stranded, and nobody is silent." if content.observation else _nothing_drifts(content)
