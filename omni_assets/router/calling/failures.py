"""How a call of a model can fail: each kind with what it means for another try, and for the money. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from omni_assets.router.receipt import Failure
from omni_assets.router.values import Usage


class Kind(StrEnum):
    """What went wrong with a call, or kept it from being made."""

    UNREACHABLE = "unreachable"
    RESET = "reset"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate-limited"
    QUOTA = "quota-exhausted"
    SERVER_ERROR = "server-error"
    GATEWAY_ERROR = "gateway-error"
    UNAUTHORIZED = "unauthorized"
    NO_SUCH_MODEL = "no-such-model"
    CONTEXT_EXCEEDED = "context-exceeded"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    NOT_JSON = "not-json"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    NO_TEXT = "no-text"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"
    OVER_BUDGET = "over-budget"
    OVER_CEILING = "over-ceiling"


NOT_CALLED = frozenset({Kind.UNAVAILABLE, Kind.OVER_BUDGET, Kind.OVER_CEILING})
"""What keeps a call from being made."""

OFTEN = 10
"""More retries than anybody makes: the router's own patience decides."""


@dataclass(frozen=True, slots=True)
class Nature:
    """``retries``: how often another try may help. ``charged``: somebody may have to pay for it, though there is no
    output.
    """

    retries: int
    charged: bool

    @property
    def transient(self) -> bool:
        """Whether it may be otherwise soon: it speaks of the endpoint as it is now, not of what was asked."""
        return self.retries > 0


NATURES: Mapping[Kind, Nature] = MappingProxyType(
    {
        Kind.UNREACHABLE: Nature(retries=OFTEN, charged=False),
        Kind.RESET: Nature(retries=OFTEN, charged=True),
        Kind.TIMEOUT: Nature(retries=1, charged=True),
        Kind.RATE_LIMITED: Nature(retries=OFTEN, charged=False),
        Kind.QUOTA: Nature(retries=0, charged=False),
        Kind.SERVER_ERROR: Nature(retries=OFTEN, charged=False),
        Kind.GATEWAY_ERROR: Nature(retries=OFTEN, charged=True),
        Kind.UNAUTHORIZED: Nature(retries=0, charged=False),
        Kind.NO_SUCH_MODEL: Nature(retries=0, charged=False),
        Kind.CONTEXT_EXCEEDED: Nature(retries=0, charged=False),
        Kind.REFUSED: Nature(retries=0, charged=False),
        Kind.REDIRECTED: Nature(retries=0, charged=False),
        Kind.NOT_JSON: Nature(retries=OFTEN, charged=True),
        Kind.MALFORMED: Nature(retries=OFTEN, charged=True),
        Kind.TOO_LARGE: Nature(retries=0, charged=True),
        Kind.NO_TEXT: Nature(retries=0, charged=True),
        Kind.DECLINED: Nature(retries=0, charged=True),
        Kind.CANCELLED: Nature(retries=0, charged=True),
        Kind.UNAVAILABLE: Nature(retries=0, charged=False),
        Kind.OVER_BUDGET: Nature(retries=0, charged=False),
        Kind.OVER_CEILING: Nature(retries=0, charged=False),
    }
)


@dataclass(frozen=True, slots=True)
class Failed:
    """A call without an output. ``usage`` is what the endpoint reported all the same, ``retry_after`` how many seconds
    it wants to be left alone.
    """

    kind: Kind
    message: str
    usage: Usage | None = None
    retry_after: float | None = None

    @property
    def nature(self) -> Nature:
        """What its kind means."""
        return NATURES[self.kind]

    @property
    def failure(self) -> Failure:
        """As a receipt tells it."""
        return Failure(kind=self.kind.value, message=self.message, transient=self.nature.transient)
