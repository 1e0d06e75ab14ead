"""The page: HTML that shows the summary by itself, with everything else packed beside a script that unfolds it. Pure.

Nothing is fetched, and nothing runs but the one script whose hash the page's policy names. Names and texts come from
contracts, brokers and models: each goes through ``_text`` on its way into markup, and the script only ever sets text.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from html import escape
from string import Template

from omni_assets.contracts.text import count, visible
from omni_assets.operations.report.chains import duration
from omni_assets.operations.report.content import Content
from omni_assets.operations.report.figures import (
    TONES,
    VERDICTS_DRAWN,
    Card,
    Drawing,
    OpenByDay,
    cards,
    drawing,
    open_by_day,
    sentence,
)
from omni_assets.operations.report.fitting import fitted
from omni_assets.operations.report.packing import packed, table_document
from omni_assets.operations.report.registers import seconds, tables
from omni_assets.operations.report.tables import Column, Kind, Shown, Table, Value
from omni_assets.router.money.words import percent, usd

MOST_BYTES = 5_000_000
"""Of a page: it is sent by mail."""

_SAYING_SO = 2_000
"""Bytes that it takes to say what was left out."""

_ROWS_SHOWN = 8
"""Rows of a table in the summary."""

_VIEWS = (
    ("overview", "Overview", ()),
    ("drift", "Drift", ("drift", "history")),
    ("flows", "Flows", ("flows",)),
    ("wiring", "Wiring", ("topics",)),
    ("findings", "Findings", ("near", "findings")),
    ("money", "Savings", ("days", "classes", "models")),
    ("receipts", "Receipts", ("receipts",)),
    ("tasks", "Tasks", ("tasks",)),
)
"""The views of the page: address, title, and the tables that the script puts there."""

_SUMMARY = ("worst-nodes", "worst-topics", "worst-models")
_FIGURES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "drift": (("drift-by-day", "Open drift at the end of each day, by verdict"),),
    "money": (
        ("money-by-day", "Spent and avoided by day, in US dollars"),
        ("tokens-by-day", "Tokens by day, on own hardware and in the cloud"),
    ),
    "wiring": (("wiring-graph", "Who feeds whom"),),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the page is made of beside its content: the template, the style sheet and the script, as text."""

    template: str
    style: str
    script: str


def page(content: Content, parts: Parts, most: int = MOST_BYTES) -> str:
    """The whole page: the same for the same content. Rows are left out where it would have more than ``most`` bytes."""
    every = {table.name: table for table in tables(content)}
    whole = _page(content, parts, every, most)
    excess = len(whole.encode()) - most
    return whole if excess <= 0 else _page(content, parts, fitted(every, excess + _SAYING_SO), most)


def _page(content: Content, parts: Parts, every: Mapping[str, Table], most: int) -> str:
    said = sentence(content)
    return Template(parts.template).substitute(
        policy=_policy(parts),
        title=_text(f"{content.project}: drift and savings"),
        project=_text(content.project),
        sentence=_text(said),
        stamp=_stamp(content),
        navigation="".join(_link(name, title) for name, title, _ in _VIEWS),
        cards="".join(map(_card, cards(content))),
        newest=_static(every["drift"], _ROWS_SHOWN),
        worst="".join(_static(every[name], _ROWS_SHOWN) for name in _SUMMARY),
        views="".join(_view(name, title, own) for name, title, own in _VIEWS[1:]),
        cut=_cut(content.cut) + _left_out(every.values(), most),
        style=parts.style,
        script=parts.script,
        data=packed(_document(content, every)),
    )


def _document(content: Content, every: Mapping[str, Table]) -> dict[str, object]:
    return {
        "now": seconds(content.now),
        "tables": {name: table_document(table, every) for name, table in every.items() if name not in _SUMMARY},
        "views": {name: list(own) for name, _, own in _VIEWS},
        "tones": TONES,
        "days": _days_document(open_by_day(content)),
        "tokens": [[str(row.group_name), row.local_tokens, row.tokens - row.local_tokens] for row in content.told.days],
        "wiring": _wiring_document(drawing(content)),
    }


def _days_document(days: Iterable[OpenByDay]) -> dict[str, object]:
    rows = tuple(days)
    return {
        "verdicts": list(VERDICTS_DRAWN),
        "days": [row.day.isoformat() for row in rows],
        "open": [list(each) for each in zip(*(row.open for row in rows), strict=True)],
    }


def _wiring_document(drawn: Drawing) -> dict[str, object]:
    return {
        "nodes": [[visible(dot.name), dot.column, dot.row, dot.drifts] for dot in drawn.dots],
        "wires": [[wire.start, wire.end, list(wire.topics)] for wire in drawn.wires],
        "broken": [[start, end, visible(written), visible(read)] for start, end, written, read in drawn.broken],
        "alone": drawn.alone,
        "leftOut": drawn.left_out,
    }


def _policy(parts: Parts) -> str:
    """What a browser may do with the page: run this script, use this style, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(parts.script)}'; style-src '{_hash(parts.style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode('ascii')}"


def _text(shown: str) -> str:
    """Text as markup shows it: the one way in for every name."""
    return escape(visible(shown), quote=True)


def _stamp(content: Content) -> str:
    seen = content.observation
    broker = f"{seen.bootstrap_servers}, looked at {_moment(seen.observed_at)}" if seen else "not looked at yet"
    facts = [
        ("made", _time(content.now)),
        ("profile", _text(content.environment)),
        (
            "broker",
            _text(broker),
        ),
        ("tasks", f"since {_time(content.since)}" if content.since else "of all time"),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _time(at: datetime) -> str:
    return f'<time datetime="{at.astimezone(UTC).isoformat()}">{_moment(at)}</time>'


def _link(name: str, title: str) -> str:
    return f'<a href="#{name}">{title}</a>'


def _card(card: Card) -> str:
    notes = "".join(f"<li>{_text(note)}</li>" for note in card.notes)
    return (
        f'<a class="card {card.tone}" href="#{card.view}"><h3>{card.title}</h3>'
        f'<p class="figure">{_text(card.figure)}</p><ul>{notes}</ul></a>'
    )


def _static(table: Table, most: int) -> str:
    """The first rows of a table, as markup."""
    if not table.rows:
        return f'<section class="panel"><h3>{table.title}</h3><p class="empty">{_text(table.empty)}</p></section>'
    shown = [(place, column) for place, column in enumerate(table.columns) if column.shown is Shown.EVERYWHERE]
    rows = table.rows
    if table.order:
        place = table.position(table.order.lstrip("-"))
        rows = tuple(sorted(rows, key=lambda row: -int(row[place] or 0)))
    head = "".join(f'<th scope="col" class="{column.kind.value}">{column.label}</th>' for _, column in shown)
    body = "".join(
        "<tr>" + "".join(_cell(column, row[place]) for place, column in shown) + "</tr>" for row in rows[:most]
    )
    more = f", the first {most} of {len(rows):,}" if len(rows) > most else ""
    return (
        f'<section class="panel"><div class="still"><table><caption>{table.title}{more}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def _cell(column: Column, value: Value) -> str:
    shown = _text(written(column.kind, value))
    if column.kind is Kind.NAME:
        shown = shown.replace(".", ".<wbr>")
    if column.kind is Kind.MARK and value is not None:
        shown = f'<span class="mark {TONES.get(str(value), "")}">{shown}</span>'
    return f'<td class="{column.kind.value}">{shown}</td>'


def written(kind: Kind, value: Value) -> str:
    """A value as people read it; ``-`` for none."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return _WRITERS.get(kind, "{:,}".format)(value)


_WRITERS: Mapping[Kind, Callable[[int], str]] = {
    Kind.TIME: lambda value: _moment(datetime.fromtimestamp(value, UTC)),
    Kind.TOOK: lambda value: duration(value / 1000),
    Kind.USD: lambda value: usd(Decimal(value) / 10**9),
    Kind.SHARE: lambda value: percent(value / 1000),
}


def _view(name: str, title: str, own: Iterable[str]) -> str:
    figures = "".join(_figure(*each) for each in _FIGURES.get(name, ()))
    drawn = f'<div class="columns">{figures}</div>' if figures else ""
    places = "".join(f'<div data-table="{table}"></div>' for table in own)
    return (
        f'<section id="view-{name}" class="view" hidden aria-labelledby="title-{name}">'
        f'<h2 id="title-{name}" tabindex="-1">{title}</h2>{drawn}{places}</section>'
    )


def _figure(name: str, caption: str) -> str:
    return (
        f'<figure class="panel" id="{name}"><figcaption>{caption}</figcaption>'
        '<div class="controls"></div><div class="chart"></div><div class="instead"></div></figure>'
    )


def _cut(cut: Mapping[str, int]) -> str:
    if not cut:
        return ""
    said = " and ".join(f"the newest {count(most, name.removesuffix('s'))}" for name, most in cut.items())
    return f'<p class="cut">Of what is remembered this shows {said}; <code>omni sql</code> has the rest.</p>'


def _left_out(every: Iterable[Table], most: int) -> str:
    """Which rows there was no room for."""
    short = [table for table in every if table.left_out]
    if not short:
        return ""
    rows = ", ".join(
        f"{table.left_out:,} of {count(table.left_out + len(table.rows), 'row')} of {table.title}" for table in short
    )
    return (
        f'<p class="cut">With all rows this page would be larger than {most / 1e6:g} MB. Left out are {rows}: '
        "those that say nothing bad, the oldest first. Sums and charts count them.</p>"
    )
