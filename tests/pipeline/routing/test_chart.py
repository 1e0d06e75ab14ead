"""The picture of the last days: well formed, in proportion, and empty where nothing is known."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import date, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.pipeline.routing.chart import Day, picture, svg

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 10)
SVG = "{http://www.w3.org/2000/svg}"

amounts = st.none() | st.floats(-1e6, 1e6)
shares = st.none() | st.floats(0, 1)
days = st.lists(
    st.builds(
        Day,
        st.integers(0, 9).map(lambda number: FIRST + timedelta(days=number)),
        amounts,
        amounts,
        shares,
        shares,
        shares,
    ),
    unique_by=lambda each: each.day,
)


def bars(drawn: str) -> list[ElementTree.Element]:
    """The bars, without the marks of the legend."""
    return [each for each in ElementTree.fromstring(drawn).iter(f"{SVG}rect") if each.get("width") != "9"]


@given(days)
def test_everything_that_is_known_is_drawn_within_the_picture(drawn: list[Day]) -> None:
    root = ElementTree.fromstring(svg(drawn, FIRST, LAST))
    assert len(bars(svg(drawn, FIRST, LAST))) == sum(bool(each.spent_usd) + bool(each.avoided_usd) for each in drawn)
    known = sum(
        share is not None
        for each in drawn
        for share in (each.local_share, each.escalation_rate, each.false_accept_rate)
    )
    assert len(list(root.iter(f"{SVG}circle"))) == known
    for each in bars(svg(drawn, FIRST, LAST)):
        assert 29.9 <= float(each.get("y", "")) <= float(each.get("y", "")) + float(each.get("height", "")) <= 140.2
    for each in root.iter(f"{SVG}circle"):
        assert 180 <= float(each.get("cy", "")) <= 270


def test_bars_are_as_high_as_the_sums_and_hang_down_below_zero() -> None:
    first, second, lost = bars(svg([Day(FIRST, 1.0, 3.0), Day(LAST, None, -1.0)], FIRST, LAST))
    heights = [float(each.get("height", "")) for each in (first, second, lost)]
    assert heights == [27.5, 82.5, 27.5]
    assert float(lost.get("y", "")) == float(first.get("y", "")) + heights[0]


def test_a_line_breaks_off_where_a_share_is_not_known() -> None:
    known = [Day(FIRST + timedelta(days=number), local_share=0.5) for number in (0, 1, 3)]
    assert re.search(r'd="M[\d.,]+L[\d.,]+M[\d.,]+"', svg(known, FIRST, LAST))


def test_it_is_an_image_in_markdown_that_holds_all_of_itself() -> None:
    shown = picture([Day(FIRST, 1.0)], FIRST, LAST)
    found = re.fullmatch(
        r"!\[Dollars and shares by day, [^\]]+\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", shown
    )
    assert found is not None
    assert b64decode(found[1]).decode() == svg([Day(FIRST, 1.0)], FIRST, LAST)
