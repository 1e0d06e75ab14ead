"""Messages as Slack takes them: within its bounds, and without a mention or link that nobody meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.alerts.slack import MOST_SECTIONS, escaped, message
from omni_assets.projection.rows import AlertRow

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def row(title: str = "a run of a failed", text: str = "why", occasion: str = "appeared", owner: str = "") -> AlertRow:
    return AlertRow("local", "run/a", "run", "error", owner, title, text, AT, AT, occasion, AT, AT)


def test_a_message_says_what_why_and_since_when() -> None:
    document = message([row()])
    assert document["text"] == "a run of a failed"
    (block,) = document["blocks"]
    assert block["text"]["text"] == ":red_circle: *a run of a failed*\nwhy\n_local, since 2026-03-01 12:30 UTC_"
    assert message([row(occasion="over")])["text"] == "over: a run of a failed"
    assert "why" not in message([row(occasion="over")])["blocks"][0]["text"]["text"]


def test_markup_in_names_stays_text() -> None:
    evil = "<!channel> <https://x.example|click> & <@U1> `code`"
    shown = json.dumps(message([row(title=evil, text=evil)]), ensure_ascii=False)
    assert "<" not in shown
    assert "`" not in shown
    assert "&lt;!channel&gt;" in shown


@given(st.lists(st.text(max_size=4_000), max_size=60))
def test_whatever_is_wrong_a_message_is_within_the_bounds(texts: list[str]) -> None:
    document = message([row(title=each[:400], text=each) for each in texts])
    assert len(document["text"]) <= 3_000
    assert len(document["blocks"]) <= MOST_SECTIONS + 1 <= 50
    for block in document["blocks"]:
        shown = block["text"]["text"]
        assert 1 <= len(shown) <= 3_000
        assert not set("<>") & set(shown)
        assert all(part.startswith(("amp;", "lt;", "gt;")) for part in shown.split("&")[1:])
    json.dumps(document)


@given(st.text())
def test_what_is_escaped_reads_the_same(text: str) -> None:
    back = escaped(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert back == text.replace("`", "'")
