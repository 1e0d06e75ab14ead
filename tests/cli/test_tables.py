"""Tables at any width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.cli.tables import Cell, Row, fold, paragraph, plain_row, table

NAME = "onex.evt.router.routing-complete-after-a-rather-long-event-name.v1"


def text(lines):
    return ["".join(piece for piece, _ in line) for line in lines]


def test_columns_are_as_wide_as_their_longest_cell():
    lines = text(
        table(("TOPIC", "DRIFT"), [plain_row("a.b", "missing"), plain_row("a.b.c", "orphan", below="near a")], None)
    )
    assert lines == ["TOPIC  DRIFT", "a.b    missing", "a.b.c  orphan", "    near a"]


def test_a_narrow_terminal_folds_names_and_loses_nothing():
    rows = [plain_row(NAME, "retention", "7d", "1d", "needs approval", "router", "2 h")]
    lines = text(table(("TOPIC", "DRIFT", "DECLARED", "BROKER", "VERDICT", "OWNER", "SINCE"), rows, 80))
    assert max(map(len, lines)) <= 80
    topic_column = max(len(line) for line in lines if line.startswith("onex"))
    assert topic_column
    assert "".join(line.split("  ")[0].strip() for line in lines[1:]) == NAME
    for word in ("retention", "7d", "1d", "needs approval", "router", "2 h"):
        assert word in lines[1]


def test_cells_keep_their_style_and_lose_what_steers_a_terminal():
    ((_, _, _), (first, _, second)) = (
        line for line in table(("A", "B"), [Row((Cell("x\x1b[0m"), Cell("y", "red")))], None)
    )
    assert first == ("x\\x1b[0m", "")
    assert second == ("y", "red")


def test_paragraphs_wrap_between_words_with_their_indent():
    lines = text(paragraph("near `onex.evt.a.b.v1` since the orphan appeared", 30, indent=4))
    assert lines == ["    near `onex.evt.a.b.v1`", "    since the orphan appeared"]
    assert text(paragraph("one two", None, indent=2)) == ["  one two"]


@given(st.text(alphabet="ab.-_ /"), st.integers(8, 40))
def test_folding_keeps_every_character_but_the_spaces_at_its_breaks(value, width):
    pieces = fold(value, width)
    assert all(len(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == value.replace(" ", "")


@given(
    st.lists(st.lists(st.text(alphabet="abc.- ", max_size=60), min_size=4, max_size=4), max_size=4),
    st.integers(4 * 8 + 3 * 2, 120),
)
def test_no_line_is_wider_than_asked(cells, width):
    lines = text(table(("A", "B", "C", "D"), [plain_row(*row) for row in cells], width))
    assert all(len(line) <= width for line in lines)
