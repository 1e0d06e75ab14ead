"""Alerts as Slack takes them: a text for notifications, and blocks for the message. Pure.

Bounds and escapes are Slack's (https://docs.slack.dev/reference/block-kit/blocks/section-block,
https://docs.slack.dev/messaging/formatting-message-text): a section holds 3,000 characters, a message 50 blocks, and
`&`, `<` and `>` are written as entities, so that nothing in a name is a mention or a link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omni_assets.contracts.text import count
from omni_assets.operations.alerts.alert import Occasion, Severity
from omni_assets.projection.rows import AlertRow

MOST_SECTIONS = 20
"""Most alerts of one message; the others are counted."""

_LONGEST_SECTION = 3_000
_LONGEST_TEXT = 3_000
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SIGNS: Mapping[str, str] = {Severity.ERROR: ":red_circle:", Severity.WARNING: ":large_yellow_circle:"}
_OVER = ":large_green_circle:"
_WORDS: Mapping[str, str] = {
    Occasion.APPEARED: "",
    Occasion.GREW: "more of it: ",
    Occasion.REMINDER: "still: ",
    Occasion.OVER: "over: ",
}


def message(rows: Sequence[AlertRow]) -> dict[str, Any]:
    """The JSON of one message about alerts."""
    shown, more = rows[:MOST_SECTIONS], len(rows) - MOST_SECTIONS
    blocks = [_section(_lines(row)) for row in shown]
    if more > 0:
        blocks.append(_section(f"and {count(more, 'more alert')}; the table `alerts` has all of them"))
    return {"text": _cut("\n".join(_title(row) for row in shown), _LONGEST_TEXT), "blocks": blocks}


def escaped(text: str) -> str:
    """A text that holds no mention, no link and no code of Slack's."""
    return text.translate(_ENTITIES).replace("`", "'")


def _lines(row: AlertRow) -> str:
    sign = _OVER if row.occasion == Occasion.OVER else _SIGNS[row.severity]
    head = f"{sign} *{_bare(_title(row))}*"
    about = f"_{_bare(escaped(row.environment))}, since {row.since:%Y-%m-%d %H:%M} UTC_"
    text = "" if row.occasion == Occasion.OVER else escaped(row.text)
    return "\n".join(filter(None, [head, text, about]))


def _title(row: AlertRow) -> str:
    return f"{_WORDS[row.occasion]}{escaped(row.title)}"


def _bare(text: str) -> str:
    """A text that does not end the emphasis around it."""
    return text.replace("*", "·").replace("\n", " ")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "verbatim": True, "text": _cut(text, _LONGEST_SECTION)}}


def _cut(text: str, most: int) -> str:
    """A text of so many characters at most, with no entity cut in two."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    last = cut.rfind("&")
    return f"{cut[:last] if last > cut.rfind(';') else cut}…"
