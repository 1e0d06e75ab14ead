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


@dataclass(frozen=True, slots=True)
class Nature:
    """``transient``: another try may help. ``charged``: somebody may have to pay for it, though there is no output.
    ``called``: the endpoint was asked at all.
    """

    transient: bool
    charged: bool
    called: bool = True


NATURES: Mapping[Kind, Nature] = MappingProxyType(
    {
        Kind.UNREACHABLE: Nature(transient=True, charged=False),
        Kind.RESET: Nature(transient=True, charged=True),
        Kind.TIMEOUT: Nature(transient=True, charged=True),
        Kind.RATE_LIMITED: Nature(transient=True, charged=False),
        Kind.QUOTA: Nature(transient=False, charged=False),
        Kind.SERVER_ERROR: Nature(transient=True, charged=False),
        Kind.GATEWAY_ERROR: Nature(transient=True, charged=True),
        Kind.UNAUTHORIZED: Nature(transient=False, charged=False),
        Kind.NO_SUCH_MODEL: Nature(transient=False, charged=False),
        Kind.CONTEXT_EXCEEDED: Nature(transient=False, charged=False),
        Kind.REFUSED: Nature(transient=False, charged=False),
        Kind.REDIRECTED: Nature(transient=False, charged=False),
        Kind.NOT_JSON: Nature(transient=True, charged=True),
        Kind.MALFORMED: Nature(transient=True, charged=True),
        Kind.TOO_LARGE: Nature(transient=False, charged=True),
        Kind.NO_TEXT: Nature(transient=False, charged=True),
        Kind.DECLINED: Nature(transient=False, charged=True),
        Kind.CANCELLED: Nature(transient=False, charged=True),
        Kind.UNAVAILABLE: Nature(transient=False, charged=False, called=False),
        Kind.OVER_BUDGET: Nature(transient=False, charged=False, called=False),
        Kind.OVER_CEILING: Nature(transient=False, charged=False, called=False),
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
