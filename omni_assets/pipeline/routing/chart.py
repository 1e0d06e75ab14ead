"""A picture of the last days: what was spent and avoided as bars, and three shares as lines. Pure.

An SVG as a data URI is what Dagster shows of a picture in Markdown; the tags themselves it would leave out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Day:
    """A day in the picture. Dollars and shares are ``None`` where they are not known, and are not drawn then. Rates are
    shares from 0 to 1, and so is ``false_accept_rate``.
    """

    day: date
    spent_usd: float | None = None
    avoided_usd: float | None = None
    local_share: float | None = None
    escalation_rate: float | None = None
    false_accept_rate: float | None = None


Reader = Callable[[Day], float | None]

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT = 70, 710
_BARS = (30, 140)
_LINES = (180, 270)
_GREY = "#888888"
_LETTERS = 12  # pixels that a line of text takes
_DOLLARS: tuple[tuple[str, str, Reader], ...] = (
    ("spent", "#c8553d", lambda day: day.spent_usd),
    ("avoided", "#2a9d8f", lambda day: day.avoided_usd),
)
_SHARES: tuple[tuple[str, str, Reader], ...] = (
    ("local tokens", "#2a9d8f", lambda day: day.local_share),
    ("escalated", "#b8860b", lambda day: day.escalation_rate),
    ("false accepts", "#c8553d", lambda day: day.false_accept_rate),
)


def picture(days: Iterable[Day], first: date, last: date) -> str:
    """The days from ``first`` to ``last`` as a picture in Markdown. A day that is not among ``days`` stays empty."""
    image = b64encode(svg(days, first, last).encode()).decode()
    return f"![Dollars and shares by day, {first} to {last}](data:image/svg+xml;base64,{image})"


def svg(days: Iterable[Day], first: date, last: date) -> str:
    """The same as SVG."""
    known = {each.day: each for each in days}
    shown = [known.get(day, Day(day)) for day in _calendar(first, last)]
    parts = [
        *_legend(_DOLLARS, _BARS[0] - 14),
        *_bars(shown),
        *_legend(_SHARES, _LINES[0] - 14),
        *_lines(shown),
        _text(_LEFT, _HEIGHT - 8, f"{first}"),
        _text(_RIGHT, _HEIGHT - 8, f"{last}", anchor="end"),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="11">{"".join(parts)}</svg>'
    )


def _calendar(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _bars(days: Sequence[Day]) -> Iterator[str]:
    amounts = [amount for day in days for _, _, read in _DOLLARS if (amount := read(day)) is not None]
    highest, lowest = max([0.0, *amounts]), min([0.0, *amounts])
    scale = _scale(_BARS, lowest, highest)
    slot = (_RIGHT - _LEFT) / len(days)
    width = slot * 0.8 / len(_DOLLARS)
    for number, day in enumerate(days):
        for place, (_, colour, read) in enumerate(_DOLLARS):
            if dollars := read(day):
                left = _LEFT + number * slot + slot * 0.1 + place * width
                top, bottom = sorted((scale(dollars), scale(0.0)))
                yield (
                    f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" '
                    f'fill="{colour}"/>'
                )
    yield _rule(scale(0.0))
    for mark in dict.fromkeys((highest, 0.0, lowest)):
        if not mark or abs(scale(mark) - scale(0.0)) > _LETTERS:
            yield _text(_LEFT - 6, scale(mark) + 4, _dollars(mark), anchor="end")


def _lines(days: Sequence[Day]) -> Iterator[str]:
    scale = _scale(_LINES, 0.0, 1.0)
    slot = (_RIGHT - _LEFT) / len(days)
    for mark in (0.0, 0.5, 1.0):
        yield _rule(scale(mark))
        yield _text(_LEFT - 6, scale(mark) + 4, f"{mark:.0%}".replace("%", " %"), anchor="end")
    for _, colour, read in _SHARES:
        path, dots, pen = "", "", "M"
        for number, day in enumerate(days):
            share = read(day)
            if share is None:
                pen = "M"
                continue
            x, y = _LEFT + (number + 0.5) * slot, scale(share)
            path += f"{pen}{x:.1f},{y:.1f}"
            dots += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>'
            pen = "L"
        yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}'


def _scale(between: tuple[int, int], lowest: float, highest: float) -> Callable[[float], float]:
    top, bottom = between
    span = highest - lowest or 1.0
    return lambda value: bottom - (value - lowest) / span * (bottom - top)


def _legend(named: Sequence[tuple[str, str, Reader]], y: int) -> Iterator[str]:
    x = _LEFT
    for name, colour, _ in named:
        yield f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{colour}"/>'
        yield _text(x + 13, y, name)
        x += 30 + 7 * len(name)


def _rule(y: float) -> str:
    return f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GREY}" stroke-width="0.5"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{_GREY}" text-anchor="{anchor}">{text}</text>'


def _dollars(amount: float) -> str:
    sign = "-" if amount < 0 else ""
    return "$0" if not amount else f"{sign}${abs(amount):.3g}"
