"""The line that a finding is about, and the place in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Location
from omni_assets.contracts.findings import finding
from omni_assets.contracts.rendering.excerpts import Excerpt, excerpt, lines_of
from omni_assets.contracts.rules import MALFORMED_NAME
from omni_assets.contracts.text import columns, visible


def at(line: int, column: int, topic: str | None = None):
    return finding(MALFORMED_NAME, "m.", Location("x", line, column), topic=topic)


def shown(text: str, column: int, topic: str | None = None, room: int = 100) -> tuple[str, str]:
    """The line and the carets under it."""
    found = excerpt(at(1, column, topic), lines_of(text.encode()), room)
    assert found is not None
    return "".join(found.parts), " " * found.start + "^" * found.length


@pytest.mark.parametrize(
    ("text", "column", "topic", "carets"),
    [
        ("- onex.evt.a.b.v1", 3, "onex.evt.a.b.v1", "  ^^^^^^^^^^^^^^^"),
        ('- "onex.evt.a.b.v1" # x', 3, "onex.evt.a.b.v1", "   ^^^^^^^^^^^^^^^"),
        ("url: kafka://h/onex.evt.a.b.v1", 6, "onex.evt.a.b.v1", "               ^^^^^^^^^^^^^^^"),
        ('- "a b": 1', 3, None, "  ^^^^^"),
        ("[one, two]", 7, None, "      ^^^"),
        ("{a: {b: 1}}", 5, None, "    ^"),
        ("partitions: 0", 13, "onex.evt.a.b.v1", "            ^"),
    ],
)
def test_the_carets_stand_under_the_name_or_the_value(text: str, column: int, topic: str | None, carets: str) -> None:
    assert shown(text, column, topic) == (text, carets)


def test_tabs_wide_letters_and_control_characters_keep_the_carets_in_place() -> None:
    assert shown("a:\tx", 4) == ("a:    x", "      ^")
    assert shown("東京: x", 5) == ("東京: x", "      ^")
    line, carets = shown("a\x1b[31m: x", 9)
    assert line == "a\\x1b[31m: x"
    assert line[carets.index("^")] == "x"
    assert shown("e\u0301: x", 5) == ("e\u0301: x", "   ^")


def test_a_long_line_is_cut_around_the_place() -> None:
    line, carets = shown("a" * 300 + " name " + "b" * 300, 302, room=41)
    assert line[0] == line[-1] == "…"
    assert columns(line) <= 41
    assert line[carets.index("^") : len(carets)] == "name"
    assert shown("x" * 99, 1, room=10) == ("x" * 9 + "…", "^" * 10)
    line, carets = shown(" " * 200 + "name", 201, room=40)
    assert line.endswith(" name")
    assert len(carets) == len(line)


def test_a_place_that_is_not_there_has_no_excerpt() -> None:
    assert excerpt(at(3, 1), ["a", "b"], 80) is None
    assert excerpt(at(1, 9), ["a"], 80) is None
    assert excerpt(at(1, 1), ["   "], 80) is None
    assert excerpt(at(1, 1), [], 80) is None


def test_lines_are_counted_as_yaml_counts_them() -> None:
    assert list(lines_of("a\r\nb\rc\x85d\u2028e\u2029f\ng".encode())) == list("abcdefg")
    assert list(lines_of(b"caf\xe9")) == ["caf\ufffd"]
    assert list(lines_of(b"\xef\xbb\xbfname: a")) == ["name: a"]


@given(st.text(max_size=300), st.integers(1, 400), st.one_of(st.none(), st.text(max_size=5)), st.integers(10, 120))
def test_whatever_is_shown_fits_and_is_safe(text: str, column: int, topic: str | None, room: int) -> None:
    found = excerpt(at(1, column, topic), [text], room)
    assert found is None or _fits(found, room)


def _fits(found: Excerpt, room: int) -> bool:
    line = "".join(found.parts)
    return columns(line) <= room and found.start + found.length <= room + 1 and visible(line) == line
