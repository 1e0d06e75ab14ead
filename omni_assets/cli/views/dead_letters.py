"""Dead letters: the list of them, one with all that it holds, and what became of those that were sent again."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from omni_assets.agents.letters import Origin
from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.cli.words import age
from omni_assets.contracts.text import count, visible
from omni_assets.operations.agents.dead_letters import Letter, Letters, Opened, Requeue

MOST_SHOWN = 2_048
"""Bytes of a key, a header or a value that are shown to people."""

_HEADER = ("LETTER", "AGE", "NODE", "SENT AGAIN")
_UNKNOWN = "its headers do not say where it comes from"
_PER_LINE = 16


def letters_lines(found: Letters, now: datetime, width: int | None) -> list[Line]:
    """A row for each letter, below it what record it is and why, and their number."""
    if not found.found:
        return paragraph("there are no dead letters", width, "dim")
    rows = [_row(each, now) for each in found.found]
    more = f", and {found.more:,} older ones" if found.more else ""
    return [*table(_HEADER, rows, width), *paragraph(f"{count(len(rows), 'letter')}{more}", width, "dim")]


def letters_document(found: Letters) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {"version": 1, "letters": [_document(each) for each in found.found], "more": found.more}


def letter_lines(opened: Opened, now: datetime, width: int | None) -> list[Line]:
    """A letter in full: where it comes from, its headers, its key and its value, each as far as people want to read."""
    letter, origin = opened.letter, opened.letter.origin
    facts = [f"{age(letter.at, now)} old, {letter.size:,} bytes"]
    if origin is None:
        facts.append(_UNKNOWN)
    else:
        facts += [
            f"node: {origin.node}",
            f"record: {_record(origin)}",
            f"receipt: {origin.receipt}",
            f"why: {origin.reason} ({origin.error})",
        ]
    if letter.again is not None:
        facts.append(f"sent again: {letter.again.outcome}, in {letter.again.receipt}")
    parts = [*((f"header {visible(name)}", value) for name, value in opened.headers), ("key", opened.key)]
    return [
        *paragraph(str(letter.position), width, "bold"),
        *(line for fact in facts for line in paragraph(fact, width, indent=2)),
        *(line for name, value in [*parts, ("value", opened.value)] for line in _held(name, value, width)),
    ]


def letter_document(opened: Opened) -> dict[str, Any]:
    """All of a letter; bytes in base64, and as text where they are UTF-8."""
    return {
        "version": 1,
        **_document(opened.letter),
        "headers": [{"name": name, **_bytes(value)} for name, value in opened.headers],
        "key": _bytes(opened.key),
        "value": _bytes(opened.value),
    }


def requeue_lines(done: Requeue, width: int | None) -> list[Line]:
    """A line for each letter that was sent again, and their number."""
    lines = [f"{each.position} is sent again: `{each.event_id}` for {each.node} in {each.topic}" for each in done.sent]
    total = count(len(done.sent), "letter") + " sent again" if done.sent else "no letter was sent again"
    return [line for each in [*lines, total] for line in paragraph(each, width)]


def requeue_document(done: Requeue) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "version": 1,
        "sent": [{**each._asdict(), "position": str(each.position)} for each in done.sent],
        "left": [{"position": str(each.position), "reason": each.reason} for each in done.left],
    }


def _row(each: Letter, now: datetime) -> Row:
    origin, again = each.origin, each.again
    cells = (
        Cell(str(each.position)),
        Cell(age(each.at, now)),
        Cell(origin.node if origin else "-"),
        Cell(again.outcome if again else "-"),
    )
    return Row(cells, f"{_record(origin)}: {origin.reason}" if origin else _UNKNOWN)


def _record(origin: Origin) -> str:
    return f"{origin.topic}/{origin.partition}/{origin.offset}"


def _document(each: Letter) -> dict[str, Any]:
    origin, again = each.origin, each.again
    return {
        "position": str(each.position),
        "at": each.at.isoformat(),
        "bytes": each.size,
        "node": origin.node if origin else None,
        "topic": origin.topic if origin else None,
        "partition": origin.partition if origin else None,
        "offset": origin.offset if origin else None,
        "receipt": origin.receipt if origin else None,
        "reason": origin.reason if origin else None,
        "error": origin.error if origin else None,
        "sent_again": {"receipt": again.receipt, "outcome": again.outcome.value} if again else None,
    }


def _held(name: str, value: bytes | None, width: int | None) -> Iterator[Line]:
    """What stands there: a text on one line, or bytes as they are; nothing beyond what people want to read."""
    if not value:
        yield from paragraph(f"{name}: {'none' if value is None else 'empty'}", width, indent=2)
        return
    shown = value[:MOST_SHOWN]
    text = _text(shown)
    more = f"and {len(value) - len(shown):,} bytes more" if len(value) > len(shown) else ""
    if text is not None:
        yield from paragraph(f"{name}: {text}", width, indent=2)
    else:
        yield from paragraph(f"{name}:", width, indent=2)
        for at in range(0, len(shown), _PER_LINE):
            yield [(f"    {_dumped(at, shown[at : at + _PER_LINE])}", "")]
    if more:
        yield from paragraph(more, width, "dim", 4)


def _dumped(at: int, piece: bytes) -> str:
    letters = "".join(chr(each) if 0x20 <= each < 0x7F else "." for each in piece)
    return f"{at:08x}  {piece.hex(' '):<{3 * _PER_LINE - 1}}  {letters}"


def _text(value: bytes) -> str | None:
    """Bytes as text where they are UTF-8, or were before they were cut."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        cut = len(value) == MOST_SHOWN and error.reason == "unexpected end of data"
        return value[: error.start].decode() if cut else None


def _bytes(value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"text": None, "base64": None}
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = None
    return {"text": text, "base64": b64encode(value).decode()}
