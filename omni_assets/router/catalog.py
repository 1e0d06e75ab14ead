"""The models that there are: where each is reached, what it can do, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from omni_assets.router.values import Location, Name, Strict, Usd

Tokens = Annotated[int, Field(gt=0)]


class Endpoint(Strict):
    """A server that speaks OpenAI's chat completions. The key itself never stands in a file: ``key_env`` names the
    variable that holds it, and ``base_url_env`` one that holds the address. ``concurrency`` calls run at once at most.
    """

    base_url: str | None = None
    base_url_env: str | None = None
    key_env: str | None = None
    location: Location
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 8
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0


class ReferencePrice(Strict):
    """The list price that the package ``genai-prices`` knows for a model of a provider."""

    kind: Literal["reference"] = "reference"
    provider: str
    model: str


class StatedPrice(Strict):
    """US dollars for a million tokens, as the owner states them. ``cached_input`` is ``input`` where it is not said."""

    kind: Literal["stated"] = "stated"
    input: Usd
    output: Usd
    cached_input: Usd | None = None


class OwnHardwarePrice(Strict):
    """A model on hardware of one's own: nothing, or a shadow price for a million tokens that stands for power and
    wear, in US dollars.
    """

    kind: Literal["own-hardware"] = "own-hardware"
    input: Usd = Decimal(0)
    output: Usd = Decimal(0)


Price = Annotated[ReferencePrice | StatedPrice | OwnHardwarePrice, Field(discriminator="kind")]


class Model(Strict):
    """A model at an endpoint. ``served_name`` is what the endpoint calls it; ``context_window`` counts the tokens of
    prompt and answer together. Without ``price`` what it costs is unknown, which is never taken for cheap.
    """

    endpoint: Name
    served_name: str
    context_window: Tokens
    max_output_tokens: Tokens | None = None
    capabilities: tuple[str, ...] = ()
    price: Price | None = None
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    def output_limit(self, wanted: int) -> int:
        """The most tokens of an answer of which ``wanted`` are allowed: no more than the model gives."""
        return min(wanted, self.max_output_tokens or wanted)


class Catalog(Strict):
    """Endpoints and models by name."""

    endpoints: Mapping[Name, Endpoint]
    models: Mapping[Name, Model]

    def location(self, model: str) -> Location:
        """Where a model of the catalog runs."""
        return self.endpoints[self.models[model].endpoint].location
