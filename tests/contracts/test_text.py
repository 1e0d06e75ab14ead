from __future__ import annotations

from omni_assets.contracts.text import count, visible


def test_what_could_steer_a_terminal_or_forge_a_line_is_written_out() -> None:
    assert visible("Zürich 東京 …") == "Zürich 東京 …"
    assert visible("a\tb\x00\x9b\u200b\ud800") == "a\\tb\\x00\\x9b\\u200b\\ud800"
    assert visible("one\ntwo\u2028three\x1b[31m") == "one\\ntwo\\u2028three\\x1b[31m"


def test_counts() -> None:
    assert [count(number, "topic") for number in (0, 1, 2, 1_000)] == [
        "0 topics",
        "1 topic",
        "2 topics",
        "1,000 topics",
    ]
