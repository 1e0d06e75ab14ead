"""Tables at any width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.cli.tables import (
    Cell,
    Row,
    figure,
    fold,
    hanging,
    paragraph,
    plain_row,
    shorten,
    table,
    to_the_right,
    unbroken,
    wrap,
)
from omni_assets.contracts.text import columns

NAME = "onex.evt.router.routing-complete-after-a-rather-long-event-name.v1"


def text(lines):
    return ["".join(piece for piece, _ in line) for line in lines]


def test_columns_are_as_wide_as_their_longest_cell():
    lines = text(
        table(("TOPIC", "DRIFT"), [plain_row("a.b", "missing"), plain_row("a.b.c", "orphan", below="near a")], None)
    )
    assert lines == ["TOPIC  DRIFT", "a.b    missing", "a.b.c  orphan", "    near a"]


HEADER = ("TOPIC", "DRIFT", "DECLARED", "BROKER", "VERDICT", "OWNER", "SINCE")


def test_where_columns_do_not_fit_a_name_has_a_line_of_its_own():
    rows = [plain_row(NAME, "retention", "7d", "1d", "needs approval", "router", "2 h", below="near a")]
    assert text(table(HEADER, rows, 80)) == [
        "TOPIC",
        "  DRIFT      DECLARED  BROKER  VERDICT         OWNER   SINCE",
        NAME,
        "  retention  7d        1d      needs approval  router  2 h",
        "    near a",
    ]
    assert len(text(table(HEADER, rows, 200))) == 3


def test_a_name_that_is_not_the_first_stands_below():
    rows = [plain_row("3f2a", "reviewer", f"{NAME}/0/17", "done")]
    assert text(table(("TASK", "NODE", "RECORD", "OUTCOME"), rows, 80)) == [
        "TASK  NODE      OUTCOME",
        "  RECORD",
        "3f2a  reviewer  done",
        f"  {NAME}/0/17",
    ]


def test_what_does_not_fit_all_the_same_folds_in_as_few_columns_as_can_be():
    rows = [plain_row("3f2a", "a-task-with-a-name", "a-class-with-a-longer-name", "a-model-with-a-name")]
    header = ("RECEIPT", "TASK", "CLASS", "ANSWER")
    assert text(table(header, rows, 44))[2:] == [
        "3f2a     a-task-with-a-name  a-model-with-",
        "                             a-name",
        "  a-class-with-a-longer-name",
    ]
    assert text(table(header, rows, 36))[2:4] == [
        "3f2a     a-task-      a-model-",
        "         with-a-name  with-a-name",
    ]


def test_figures_stand_below_one_another_to_the_right_with_their_title():
    rows = [
        Row((Cell(name), figure(amount), Cell(end))) for name, amount, end in (("a", "$0", "x"), ("b", "$12.34", "y"))
    ]
    assert text(table(("NAME", "COST", "END"), rows, None)) == [
        "NAME    COST  END",
        "a         $0  x",
        "b     $12.34  y",
    ]


def test_texts_fold_beside_what_they_are_about():
    lines = text(table(("CODE", "RULE", "SAYS"), [plain_row("OM203", "near-miss", "two names " * 8)], 60))
    assert lines[1].startswith("OM203  near-miss  two names two names")
    assert lines[2].startswith(" " * 18 + "two names")


def test_wide_characters_keep_columns_straight():
    lines = text(table(("A", "B"), [plain_row("评审", "x"), plain_row("abcd", "y")], None))
    assert [columns(line) for line in lines[1:]] == [7, 7]
    assert lines[1:] == ["评审  x", "abcd  y"]


def test_cells_keep_their_style_and_lose_what_steers_a_terminal():
    _, line = table(("A", "B"), [Row((Cell("x\x1b[0m"), Cell("y", "red")))], None)
    assert [piece for piece in line if piece[0].strip()] == [("x\\x1b[0m", ""), ("y", "red")]


def test_paragraphs_wrap_between_words_with_their_indent():
    lines = text(paragraph("near `onex.evt.a.b.v1` since the orphan appeared", 30, indent=4))
    assert lines == ["    near `onex.evt.a.b.v1`", "    since the orphan appeared"]
    assert text(paragraph("one two", None, indent=2)) == ["  one two"]


def test_a_hanging_paragraph_begins_at_the_margin_and_goes_on_further_in():
    assert text(hanging("left: a topic that nobody reads", 16)) == ["left: a", "    topic that", "    nobody reads"]
    assert text(hanging("one two", None)) == ["one two"]


def test_what_is_unbroken_stands_on_one_line_with_ordinary_spaces():
    took = unbroken("(0.25 s, 20 broker calls)")
    assert text(paragraph(f"1 step (1 safe) {took}", 30)) == ["1 step (1 safe)", "(0.25 s, 20 broker calls)"]
    assert text(paragraph(f"1 step {took}", None)) == ["1 step (0.25 s, 20 broker calls)"]


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


WIDE = st.text(alphabet="ab-. 评审́", max_size=80)


@given(WIDE, st.integers(8, 40))
def test_lines_fit_in_columns_whatever_the_script(value, width):
    assert all(columns(piece) <= width for piece in (*fold(value, width), *wrap(value, width)))
    assert "".join(wrap(value, width)).replace(" ", "") == value.replace(" ", "")


@given(WIDE, st.integers(5, 40))
def test_what_is_shortened_fits_and_keeps_both_ends(value, width):
    short = shorten(value, width)
    assert columns(short) <= width
    assert short == value or (value.startswith(short.partition("…")[0]) and value.endswith(short.rpartition("…")[2]))


def test_figures_stand_to_the_right():
    assert to_the_right(["OPEN", "1", "12,345"]) == ["  OPEN", "     1", "12,345"]
