"""Money and shares as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.cli.views.money import exact_usd, percent, plain, usd

SUMS = st.decimals(min_value=-(10**9) + 1, max_value=10**9 - 1, places=9)


@pytest.mark.parametrize(
    ("amount", "short", "exact"),
    [
        (None, "not known", "not known"),
        ("0", "$0", "$0"),
        ("0E-9", "$0", "$0"),
        ("0.000000001", "$0.000000001", "$0.000000001"),
        ("0.000270512", "$0.000271", "$0.000270512"),
        ("0.0009", "$0.0009", "$0.0009"),
        ("0.0999", "$0.0999", "$0.0999"),
        ("1.2", "$1.20", "$1.20"),
        ("12.345678", "$12.35", "$12.345678"),
        ("1234567.891", "$1,234,567.89", "$1,234,567.891"),
        ("-0.05", "-$0.05", "-$0.05"),
    ],
)
def test_sums(amount, short, exact):
    value = None if amount is None else Decimal(amount)
    assert (usd(value), exact_usd(value)) == (short, exact)


@given(SUMS)
def test_an_exact_sum_loses_nothing(amount):
    text = exact_usd(amount).replace("$", "").replace(",", "")
    assert Decimal(text) == amount == Decimal(plain(amount) or "")


@given(SUMS)
def test_a_short_sum_is_off_by_less_than_a_hundredth_of_it_and_never_nothing(amount):
    shown = Decimal(usd(amount).replace("$", "").replace(",", ""))
    assert abs(shown - amount) <= max(abs(amount) / 100, 0)
    assert bool(shown) == bool(amount)


def test_shares():
    assert [percent(each) for each in (None, 0.0, 0.7516, 1.0)] == ["not known", "0.0 %", "75.2 %", "100.0 %"]
