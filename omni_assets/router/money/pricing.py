"""What a call costs, and what it can cost at most. Pure: list prices come with the package ``genai-prices``.

Prices are tiered by the size of a request, so every call is priced by itself and sums are made of costs, never of
tokens. Costs are rounded up to a billionth of a dollar. What is not known is ``None``, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from omni_assets.router.catalog import OwnHardwarePrice, Price, ReferencePrice, StatedPrice
from omni_assets.router.receipt import Cost, PriceSource
from omni_assets.router.values import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

CHARACTERS_A_TOKEN = 3.6
"""English text and code have that many to a token, measured over several tokenizers."""

TEMPLATE_TOKENS = 256
"""What a server's chat template may put around a prompt: role marks, and a system text of its own."""

BILLIONTH = Decimal("0.000000001")
MOST_USD = Decimal(10**9) - BILLIONTH
"""The largest sum that ``Usd`` holds. What comes out larger is no price of a call: it is not known."""

_MILLION = Decimal(1_000_000)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, before anybody counted them."""
    return -int(-len(text) // CHARACTERS_A_TOKEN)


def price_call(price: Price | None, usage: Usage, at: datetime | None = None) -> Cost:
    """What one call cost, by the price that held ``at`` that time (now, without one)."""
    if price is None or unknown_because(price) is not None:
        return UNKNOWN
    usd = _rounded(_EXACT[type(price)](price, usage, at))
    source = _SOURCES[type(price)]
    return Cost(usd=usd, source=source, version=_package_version() if source is PriceSource.REFERENCE else "")


def free_call(price: Price | None) -> Cost:
    """The cost of a call for which nobody charges: one that was refused, say. By an unknown price too it is nothing."""
    return UNKNOWN_FREE if price is None else price_call(price, NO_TOKENS).model_copy(update={"usd": Decimal(0)})


def unmeasured_call(price: Price | None) -> Cost:
    """The cost of a call whose tokens nobody knows: nothing where every token is free, else not known."""
    cost = price_call(price, ONE_OF_EACH)
    return cost if cost.usd == 0 else cost.model_copy(update={"usd": None})


def most_input_tokens(prompt_bytes: int) -> int:
    """The most tokens that a prompt can have: one for each byte of it in UTF-8, and what a chat template adds."""
    return prompt_bytes + TEMPLATE_TOKENS


def most_usd(
    price: Price | None, prompt_bytes: int, max_output_tokens: int, at: datetime | None = None
) -> Decimal | None:
    """The most that a call can cost: of the most tokens that its prompt can have, and all of the output limit. ``None``
    where the price is not known.
    """
    tokens = most_input_tokens(prompt_bytes)
    costs = [
        price_call(
            price,
            Usage(input_tokens=tokens, cached_tokens=cached, output_tokens=max_output_tokens, reported=False),
            at,
        ).usd
        for cached in (0, tokens)  # a few list prices of cached tokens are the dearer ones
    ]
    return None if None in costs else max(each for each in costs if each is not None)


def unknown_because(price: Price | None) -> str | None:
    """Why a price is not known, as a clause; ``None`` where it is."""
    if price is None:
        return "the catalog states no price"
    return _unknown_reference(price.provider, price.model) if isinstance(price, ReferencePrice) else None


@lru_cache(maxsize=1024)
def _unknown_reference(provider: str, model: str) -> str | None:
    try:
        _, info = _found(provider, model)
    except ImportError:
        return "its list price is not known without the package genai-prices (pip install 'omni-assets[router]')"
    except LookupError:
        return f"genai-prices {_package_version()} knows no price of `{model}` at `{provider}`"
    prices = info.get_prices(datetime.now(UTC))
    if prices.input_mtok is None or prices.output_mtok is None:
        return f"genai-prices {_package_version()} knows `{model}` at `{provider}`, but not what its tokens cost"
    return None


@lru_cache(maxsize=1024)
def _found(provider: str, model: str) -> tuple[Provider, ModelInfo]:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot().find_provider_model(model, None, provider, None)


@lru_cache(maxsize=1)
def _package_version() -> str:
    import genai_prices

    return genai_prices.__version__


def _reference_usd(price: ReferencePrice, usage: Usage, at: datetime | None) -> Decimal:
    from genai_prices import Usage as Tokens

    provider, model = _found(price.provider, price.model)
    tokens = Tokens(
        input_tokens=usage.input_tokens, cache_read_tokens=_cached(usage), output_tokens=usage.output_tokens
    )
    return model.calc_price(tokens, provider, genai_request_timestamp=at).total_price


def _stated_usd(price: StatedPrice, usage: Usage, _: datetime | None) -> Decimal:
    cached = _cached(usage)
    cached_input = price.input if price.cached_input is None else price.cached_input
    return (
        (usage.input_tokens - cached) * price.input + cached * cached_input + usage.output_tokens * price.output
    ) / _MILLION


def _own_hardware_usd(price: OwnHardwarePrice, usage: Usage, _: datetime | None) -> Decimal:
    return (usage.input_tokens * price.input + usage.output_tokens * price.output) / _MILLION


def _cached(usage: Usage) -> int:
    return min(usage.cached_tokens, usage.input_tokens)


def _rounded(usd: Decimal) -> Decimal | None:
    return usd.quantize(BILLIONTH, ROUND_CEILING) if usd <= MOST_USD else None


_EXACT: Mapping[type, Callable[[Any, Usage, datetime | None], Decimal]] = MappingProxyType(
    {ReferencePrice: _reference_usd, StatedPrice: _stated_usd, OwnHardwarePrice: _own_hardware_usd}
)
_SOURCES: Mapping[type, PriceSource] = MappingProxyType(
    {
        ReferencePrice: PriceSource.REFERENCE,
        StatedPrice: PriceSource.STATED,
        OwnHardwarePrice: PriceSource.OWN_HARDWARE,
    }
)

UNKNOWN = Cost(usd=None, source=PriceSource.UNKNOWN)
UNKNOWN_FREE = Cost(usd=Decimal(0), source=PriceSource.UNKNOWN)
NO_TOKENS = Usage(input_tokens=0, output_tokens=0, reported=False)
ONE_OF_EACH = Usage(input_tokens=1, output_tokens=1, reported=False)
