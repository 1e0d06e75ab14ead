"""What goes on right now, as one frame: facts, what is left to do by node and topic, and the tasks that ended last.

A frame fits its terminal. Names lose their middle where they are too long, figures never lose anything, and what finds
no room below is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, shorten, table, to_the_right
from omni_assets.cli.views.drift import STYLES as VERDICTS
from omni_assets.cli.views.money import percent, plain, usd
from omni_assets.cli.views.tasks import SHORT_ID
from omni_assets.cli.views.tasks import STYLES as OUTCOMES
from omni_assets.cli.words import age
from omni_assets.contracts.text import columns, count, visible
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.top import DAYS, LATELY, MOST_KEPT, Arriving, Frame, Kept, Limit
from omni_assets.projection.rows import TaskSummary

_LABEL = 11
_GAP = 2
_LONGEST_NAME = 24
_SHORTEST_NAME, _SHORTEST_TOPIC = 4, 16
_LEAST_REASON = 24
_TASKS_BEFORE = 5  # rows that are kept for tasks where inboxes would take all
_TASKS_WITHOUT_END = 10
_NEARLY = 0.8  # of a budget
_NOTHING = "-"


def frame_lines(frame: Frame, environment: str, address: str, width: int, height: int | None) -> list[Line]:
    """A frame for a terminal of ``width`` columns and ``height`` lines; ``None`` for as many as it takes."""
    head = [
        _title(frame, environment, address, width),
        *(line for each in frame.trouble for line in paragraph(_said(each.message, each.remedy), width, "bold red")),
        [],
        *(line for name, *wordings in _facts(frame) for line in _fact(name, wordings, width)),
        [],
    ]
    room = None if height is None else max(height - len(head), 0)
    latest = frame.kept.latest if frame.kept else ()
    work = _work(frame, width, None if room is None else max(room - (_TASKS_BEFORE if latest else 0), 0))
    left = _TASKS_WITHOUT_END if room is None else room - len(work) - 2
    tasks = [[], *_tasks(latest[:left], frame.at, width)] if latest and left > 0 else []
    lines = [*head, *work, *tasks]
    return lines if height is None else lines[:height]


def frame_document(frame: Frame, environment: str, address: str) -> dict[str, Any]:
    """A frame, for machines: what was not seen is ``null``."""
    bus, kept = frame.bus, frame.kept
    return {
        "version": 1,
        "at": _moment(frame.at),
        "environment": environment,
        "bootstrap_servers": address,
        "trouble": [_said(each.message, each.remedy) for each in frame.trouble],
        "bus": bus
        and {
            "seen_at": _moment(bus.at),
            "open": frame.open,
            "missing": list(bus.missing),
            "inboxes": [
                {**{name: getattr(each.inbox, name) for name in _INBOX}, "arriving_per_second": each.per_second}
                for each in frame.inboxes
            ],
        },
        "nodes": [
            {"node": each.node, "workers": each.workers, "tasks_per_second": each.per_second} for each in frame.nodes
        ],
        "tasks": kept and {"within_seconds": LATELY.total_seconds(), "per_second": frame.per_second, **frame.ended},
        "drift": kept and kept.drift and {"observed_at": _moment(kept.drift.observed_at), **kept.drift.counts},
        "today": kept
        and {
            "budgets": [
                {
                    "task_class": each.task_class or None,
                    "settled_usd": plain(each.spent.settled),
                    "reserved_usd": plain(each.spent.reserved),
                    "limit_usd": plain(each.usd),
                }
                for each in kept.limits
            ],
            "escalated": kept.today.sums.escalated,
            "attempted": kept.today.sums.attempted,
        },
        "lost": kept and [each.id for each in kept.lost],
        "approvals": kept and [each.approval for each in kept.asked],
        "latest": kept
        and [
            {"id": each.id, "node": each.node, "outcome": each.outcome, "ended_at": _moment(each.ended_at)}
            for each in kept.latest
        ],
    }


_INBOX = ("node", "topic", "partitions", "open", "end")


def _title(frame: Frame, environment: str, address: str, width: int) -> Line:
    """What is looked at, and when; the time stands to the right."""
    when = f"{frame.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    name = "omni top  "
    of = shorten(visible(f"{environment} at {address}"), max(width - len(name) - len(when) - _GAP, _SHORTEST_TOPIC))
    return [(name, "bold"), (of, ""), (" " * max(width - len(name) - columns(of) - len(when), _GAP), ""), (when, "dim")]


def _facts(frame: Frame) -> list[tuple[str, *tuple[Line, ...]]]:
    """Each fact with its wordings, the fullest first."""
    kept = frame.kept
    facts: list[tuple[str, *tuple[Line, ...]]] = [("open", *_open(frame))]
    if kept is None:
        return facts
    facts += [("tasks", *_ended(frame)), ("drift", *_drift(kept, frame.at))]
    facts += [("spent", *_spent(each)) for each in kept.limits]
    return [*facts, ("escalated", _escalated(kept)), ("lost", *_lost(kept)), ("approvals", *_asked(kept))]


def _open(frame: Frame) -> Iterable[Line]:
    bus = frame.bus
    if bus is None:
        return [[("not known", "yellow")]]
    seen = [each for each in bus.workers.values() if each is not None]
    workers = count(sum(seen), "worker") if len(seen) == len(bus.workers) else "an unknown number of workers"
    style = "yellow" if frame.open and not sum(seen) else ""
    left = f"{'at most ' if frame.open else ''}{count(frame.open, 'record')}"
    old = [] if bus.at >= frame.at - LATELY and not frame.trouble else [(f", seen {_ago(bus.at, frame.at)}", "yellow")]
    missing = [(f", {count(len(bus.missing), 'topic')} missing", "red")] if bus.missing else []
    rest: Line = [(f", {workers}", style), *missing, *old]
    return [[(f"{left} for {count(len(bus.workers), 'node')}", style), *rest], [(left, style), *rest]]


def _ended(frame: Frame) -> Iterable[Line]:
    rate: Line = [(f"{_rate(frame.per_second)} a second", "")]
    parts = [[(f"{number:,} {outcome}", OUTCOMES.get(outcome, ""))] for outcome, number in sorted(frame.ended.items())]
    told = _joined(parts) if parts else [("none ended", "")]
    yield [*rate, (", in the last minute ", ""), *told]
    yield [*rate, (": ", ""), *told]


def _drift(kept: Kept, now: datetime) -> Iterable[Line]:
    drift = kept.drift
    if drift is None:
        return [[("not looked for yet: `omni drift`", "dim")]]
    parts: list[Line] = [
        [(f"{drift.counts[each.value]:,} {each.value.replace('_', ' ')}", VERDICTS[each])]
        for each in reversed(Verdict)
        if drift.counts.get(each.value)
    ]
    told = _joined(parts) if parts else [("none", "green")]
    return [[*told, (f" (observed {_ago(drift.observed_at, now)})", "dim")], told]


def _spent(limit: Limit) -> Iterable[Line]:
    spent = limit.spent
    whose = f" by `{limit.task_class}`" if limit.task_class else ""
    reserved = f", {usd(spent.reserved)} of it reserved" if spent.reserved else ""
    if limit.usd is None:
        return [[(f"{usd(spent.usd)} today{reserved}, no budget", "")], [(f"{usd(spent.usd)} today", "")]]
    share = float(spent.usd / limit.usd) if limit.usd else 1.0
    style = "bold red" if share >= 1 else "yellow" if share >= _NEARLY else "green"
    told = (f"{usd(spent.usd)} of {usd(limit.usd)} today", style)
    return [[told, (f"{whose} ({percent(share)}){reserved}", "")], [told, (f"{whose}{reserved}", "")], [told]]


def _escalated(kept: Kept) -> Line:
    sums = kept.today.sums
    if not sums.attempted:
        return [("no task called a model today", "dim")]
    return [(f"{percent(kept.today.escalation_rate)} today ({sums.escalated:,} of {sums.attempted:,} routed)", "")]


def _lost(kept: Kept) -> Iterable[Line]:
    if not kept.lost:
        return [[(f"nothing in {DAYS.days} days", "")]]
    letters = sum(each.outcome == "dead-lettered" for each in kept.lost)
    counted = ((letters, "dead letter"), (len(kept.lost) - letters, "failed task"))
    told = ", ".join(count(number, noun) for number, noun in counted if number)
    figures = (f"{'more than ' if len(kept.lost) >= MOST_KEPT else ''}{told}", "red")
    return [[figures, (f" in {DAYS.days} days: `omni task dlq list`", "dim")], [figures]]


def _asked(kept: Kept) -> Iterable[Line]:
    if not kept.asked:
        return [[("nothing waits for a person", "")]]
    more = "more than " if len(kept.asked) >= MOST_KEPT else ""
    figures = (f"{more}{count(len(kept.asked), 'question')} {'wait' if len(kept.asked) > 1 else 'waits'}", "yellow")
    return [
        [figures, (f", the oldest {_ago(kept.asked[0].ended_at, kept.at)}: `omni task approvals`", "dim")],
        [figures],
    ]


def _fact(name: str, wordings: Sequence[Line], width: int) -> list[Line]:
    """The fullest wording that fits; where even the shortest does not, it goes on below."""
    label = (name.ljust(_LABEL), "bold")
    for words in wordings:
        if _LABEL + sum(columns(text) for text, _ in words) <= width:
            return [[label, *words]]
    shortest = "".join(text for text, _ in wordings[-1])
    (_, *further) = wrapped = paragraph(shortest, width, wordings[-1][0][1], _LABEL)
    return [[label, (wrapped[0][0][0][_LABEL:], wrapped[0][0][1])], *further]


def _work(frame: Frame, width: int, height: int | None) -> list[Line]:
    """What is left to do by node and topic, most first."""
    if frame.bus is None:
        return []
    if not frame.inboxes:
        return paragraph("no contract names a handler that subscribes a topic", width, "dim")
    most = len(frame.inboxes) if height is None else max(height - 1, 0)
    shown = frame.inboxes if len(frame.inboxes) <= most else frame.inboxes[: max(most - 1, 0)]
    rest = frame.inboxes[len(shown) :]
    more = f"and {count(len(rest), 'topic')} more, {sum(each.inbox.open for each in rest):,} open"
    lines = [*_inboxes(frame, shown, width), *([[(more, "dim")]] if rest else [])]
    return lines if height is None else lines[:height]


def _inboxes(frame: Frame, shown: Sequence[Arriving], width: int) -> list[Line]:
    nodes = {each.node: each for each in frame.nodes}
    at_work = [nodes[each.inbox.node] for each in shown]
    # What is a node's, and not a topic's, stands beside the first of its topics.
    named = [before != each for before, each in zip((None, *at_work), at_work, strict=False)]
    workers = to_the_right(["WORKERS", *_where(named, [_number(each.workers) for each in at_work])])
    ended = to_the_right(["TASKS/S", *_where(named, [_rate(each.per_second) for each in at_work])])
    left = to_the_right(["OPEN", *(_number(each.inbox.open) for each in shown)])
    arriving = to_the_right(["IN/S", *(_rate(each.per_second) for each in shown)])
    names = ["NODE", *_where(named, [visible(each.node) for each in at_work])]
    topics = ["TOPIC", *(visible(each.inbox.topic) for each in shown)]
    room = width - sum(columns(each[0]) + _GAP for each in (workers, ended, left, arriving)) - _GAP
    widest = min(max(map(columns, names)), _LONGEST_NAME, max(room - _SHORTEST_TOPIC, _SHORTEST_NAME))
    texts = [
        [shorten(each, widest) for each in names],
        workers,
        ended,
        [shorten(each, max(room - widest, _SHORTEST_NAME)) for each in topics],
        left,
        arriving,
    ]
    styles = [
        ("", "yellow" if each.inbox.open and not of.workers else "", "", "", "bold" if each.inbox.open else "dim", "")
        for each, of in zip(shown, at_work, strict=True)
    ]
    header, *rows = zip(*texts, strict=True)
    styled = [Row(tuple(map(Cell, row, style))) for row, style in zip(rows, styles, strict=True)]
    return table(header, styled, None)


def _tasks(found: Sequence[TaskSummary], now: datetime, width: int) -> list[Line]:
    """The tasks, newest first; with the reasons of those that were not done where some words of each find room."""
    ages = to_the_right(["AGE", *(age(each.ended_at, now) for each in found)])
    nodes = ["NODE", *(shorten(visible(each.node), _LONGEST_NAME) for each in found)]
    outcomes = ["OUTCOME", *(each.outcome for each in found)]
    records = ["RECORD", *(visible(f"{each.topic}/{each.partition}/{each.position}") for each in found)]
    fixed = SHORT_ID + sum(max(map(columns, each)) for each in (ages, nodes, outcomes)) + 4 * _GAP
    widest = min(max(map(columns, records)), max(width - fixed, _SHORTEST_TOPIC))
    room = width - fixed - widest - _GAP
    texts = [
        ["TASK", *(each.id[:SHORT_ID] for each in found)],
        ages,
        nodes,
        outcomes,
        [shorten(each, widest) for each in records],
        *([["WHY", *(shorten(visible(each.reason), room) for each in found)]] if room >= _LEAST_REASON else []),
    ]
    header, *rows = zip(*texts, strict=True)
    styled = [
        Row(tuple(map(Cell, row, ("", "", "", OUTCOMES.get(each.outcome, ""), "dim", "dim"))))
        for row, each in zip(rows, found, strict=True)
    ]
    return table(header, styled, None)


def _joined(parts: Sequence[Line]) -> Line:
    return [piece for number, part in enumerate(parts) for piece in ([(", ", "")] if number else []) + part]


def _said(message: str, remedy: str) -> str:
    return f"{message} {remedy}".strip()


def _where(named: Sequence[bool], texts: Sequence[str]) -> list[str]:
    return [text if shown else "" for shown, text in zip(named, texts, strict=True)]


def _number(figure: int | None) -> str:
    return _NOTHING if figure is None else f"{figure:,}"


def _rate(per_second: float | None) -> str:
    return _NOTHING if per_second is None else f"{per_second:,.1f}"


def _ago(then: datetime, now: datetime) -> str:
    since = age(then, now)
    return "just now" if since == "now" else f"{since} ago"


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()
