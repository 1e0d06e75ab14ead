"""Values that the whole router shares, and the strict model that everything read from a file or a topic is held to."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

Balance = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=9),
    PlainSerializer(lambda sum_of_money: format(sum_of_money, "f"), return_type=str, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,9}(?:\.[0-9]{1,9})?$"}, mode="serialization"),
]
"""US dollars that may be less than nothing, exact to a billionth; in JSON as text without an exponent."""

Usd = Annotated[
    Balance,
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,9}(?:\.[0-9]{1,9})?$"}, mode="serialization"),
]
"""US dollars, exact to a billionth: a token costs millionths of a dollar, and sums must not drift."""


Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-._][a-z0-9]+)*$", max_length=100)]


def dollars(amount: Decimal) -> str:
    """Every digit of a sum, down to a billionth: ``$0.000270500`` is ``$0.0002705``."""
    if not amount:
        return "$0"
    whole, _, rest = format(abs(amount), ",f").partition(".")
    return f"{'-' if amount < 0 else ''}${whole}.{rest.rstrip('0').ljust(2, '0')}"


class Strict(BaseModel):
    """Frozen, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Location(StrEnum):
    """Where a model runs: on hardware of one's own, or at somebody else's."""

    LOCAL = "local"
    CLOUD = "cloud"


class OutputFormat(StrEnum):
    """What an output should be. ``code`` is source code of the task's language, without prose around it."""

    TEXT = "text"
    JSON = "json"
    CODE = "code"


class FinishReason(StrEnum):
    """Why a model stopped, as the OpenAI API calls it."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_CALLS = "tool_calls"
    UNKNOWN = "unknown"


class Usage(Strict):
    """Tokens of one call. ``input_tokens`` include ``cached_tokens``. Estimated where the endpoint did not report."""

    input_tokens: Count
    output_tokens: Count
    cached_tokens: Count = 0
    reported: bool
