from __future__ import annotations

import builtins
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.catalog import OwnHardwarePrice, Price, ReferencePrice, StatedPrice
from omni_assets.router.money import pricing
from omni_assets.router.money.pricing import (
    BILLIONTH,
    estimate_tokens,
    free_call,
    most_usd,
    price_call,
    unknown_because,
    unmeasured_call,
)
from omni_assets.router.receipt import PriceSource
from omni_assets.router.values import Usage

MINI = ReferencePrice(provider="openai", model="gpt-4o-mini")
TIERED = ReferencePrice(provider="google", model="gemini-2.5-pro")
DEARER_CACHED = ReferencePrice(provider="openrouter", model="~deepseek/deepseek-pro-latest")
NO_TOKEN_PRICE = ReferencePrice(provider="cerebras", model="qwen-3-coder-480b")

dollars = st.decimals(min_value=0, max_value=10_000, places=9)
prices = st.one_of(
    st.builds(StatedPrice, input=dollars, output=dollars, cached_input=st.none() | dollars),
    st.builds(OwnHardwarePrice, input=dollars, output=dollars),
    st.sampled_from([MINI, TIERED, DEARER_CACHED]),
)


def tokens(given: int, answered: int, cached: int = 0) -> Usage:
    return Usage(input_tokens=given, output_tokens=answered, cached_tokens=cached, reported=True)


def test_a_stated_price_counts_cached_tokens_once() -> None:
    price = StatedPrice(input=Decimal(3), output=Decimal(15), cached_input=Decimal("0.3"))
    cost = price_call(price, tokens(1000, 10, cached=600))
    assert cost.usd == Decimal("0.001530000")
    assert cost.source is PriceSource.STATED


def test_cached_tokens_cost_as_much_where_nothing_else_is_said() -> None:
    price = StatedPrice(input=Decimal(3), output=Decimal(15))
    assert price_call(price, tokens(1000, 10, cached=600)) == price_call(price, tokens(1000, 10))


def test_a_list_price_says_which_version_of_the_list() -> None:
    cost = price_call(MINI, tokens(1000, 100, cached=100))
    assert cost.usd == Decimal("0.000202500")
    assert cost.source is PriceSource.REFERENCE
    assert cost.version.count(".") == 2


def test_a_large_request_pays_the_price_of_its_tier() -> None:
    small, large = (price_call(TIERED, tokens(size, 0)).usd for size in (150_000, 300_000))
    assert small is not None
    assert large is not None
    assert large > 2 * small
    assert large == Decimal("0.75")


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (None, "states no price"),
        (ReferencePrice(provider="openai", model="no-such-model"), "no price of `no-such-model` at `openai`"),
        (ReferencePrice(provider="nowhere", model="gpt-4o"), "no price of `gpt-4o` at `nowhere`"),
        (NO_TOKEN_PRICE, "not what its tokens cost"),
    ],
)
def test_what_is_not_known_is_not_nothing(price: Price | None, why: str) -> None:
    cost = price_call(price, tokens(10, 10))
    assert cost.usd is None
    assert cost.source is PriceSource.UNKNOWN
    assert most_usd(price, 10, 10) is None
    assert unmeasured_call(price).usd is None
    assert why in (unknown_because(price) or "")


def test_without_the_list_its_prices_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: object, **named: object) -> object:
        if name.startswith("genai_prices"):
            raise ImportError(name)
        return imported(name, *arguments, **named)  # type: ignore[arg-type]

    for known in (pricing._unknown_reference, pricing._found, pricing._package_version):
        known.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    try:
        assert price_call(MINI, tokens(10, 10)).usd is None
        assert "genai-prices" in (unknown_because(MINI) or "")
    finally:
        pricing._unknown_reference.cache_clear()


def test_own_hardware_is_free_or_has_a_shadow_price() -> None:
    assert price_call(OwnHardwarePrice(), tokens(10**6, 10**6)).usd == 0
    assert unmeasured_call(OwnHardwarePrice()).usd == 0
    shadow = OwnHardwarePrice(input=Decimal("0.01"), output=Decimal("0.02"))
    assert price_call(shadow, tokens(1_000_000, 500_000)).usd == Decimal("0.02")
    assert unmeasured_call(shadow).usd is None


@given(prices, st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 10**6))
def test_no_call_within_its_limits_costs_more_than_its_bound(
    price: Price, prompt_bytes: int, limit: int, cached: int
) -> None:
    most = most_usd(price, prompt_bytes, limit)
    cost = price_call(price, tokens(prompt_bytes, limit, cached)).usd
    assert most is not None
    assert cost is not None
    assert cost <= most


@given(prices, st.integers(0, 10**9), st.integers(0, 10**9))
def test_costs_are_rounded_up_to_a_billionth(price: Price, given: int, answered: int) -> None:
    cost = price_call(price, tokens(given, answered)).usd
    assert cost is not None
    assert cost == cost.quantize(BILLIONTH)


def test_a_fraction_of_a_billionth_is_not_lost() -> None:
    assert price_call(StatedPrice(input=Decimal("0.0001"), output=Decimal(0)), tokens(1, 0)).usd == BILLIONTH


def test_a_sum_that_no_call_costs_is_not_known() -> None:
    assert price_call(StatedPrice(input=Decimal(10**8), output=Decimal(0)), tokens(10**9, 0)).usd is None


def test_a_call_that_nobody_charges_for_costs_nothing_by_any_price() -> None:
    assert free_call(None).usd == 0
    assert free_call(MINI).usd == 0
    assert free_call(MINI).source is PriceSource.REFERENCE


@pytest.mark.parametrize(("text", "expected"), [("", 0), ("a", 1), ("x" * 36, 10), ("x" * 37, 11)])
def test_tokens_are_estimated_from_characters(text: str, expected: int) -> None:
    assert estimate_tokens(text) == expected
