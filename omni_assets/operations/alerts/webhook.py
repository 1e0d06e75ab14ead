"""The webhook that alerts are posted to. Its address is a secret: no error and no log tells it."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, NamedTuple

from omni_assets.agents.daemons import Daemons
from omni_assets.errors import WebhookFailed

SECONDS = 5.0
"""Most seconds that the webhook may be silent."""

WHOLE_SECONDS = 10.0
"""Most seconds that an attempt may take: one that says a byte now and then is never silent for long."""

PAUSES = (1.0, 2.0)
"""Seconds between an attempt and the next."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Refused(NamedTuple):
    """Why an attempt failed, as a clause. ``passing``: another one may do better."""

    why: str
    passing: bool


class _Unmoved(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: what is sent to a webhook stays there."""

    def redirect_request(self, *_: object) -> None:
        return None


def post(address: str, document: Mapping[str, Any]) -> None:
    """Post a JSON document, trying again where that may help: three times, with a pause between.

    The webhook may take it and say so too late: then it has it twice. Raises ``WebhookFailed``.
    """
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    refused = _bounded(address, body)
    for pause in PAUSES:
        if refused is None or not refused.passing:
            break
        time.sleep(pause)
        refused = _bounded(address, body)
    if refused is not None:
        raise WebhookFailed(refused.why)


def _bounded(address: str, body: bytes) -> _Refused | None:
    """An attempt that ends in time."""
    try:
        return Daemons().submit(_attempt, address, body).result(WHOLE_SECONDS)
    except FutureTimeout:
        return _Refused(f"it gave no whole answer within {WHOLE_SECONDS:g} s", passing=True)


def _attempt(address: str, body: bytes) -> _Refused | None:
    """Why the webhook did not take it; ``None`` where it did."""
    request = urllib.request.Request(  # noqa: S310 - the settings let only http and https through
        address, body, {"Content-Type": "application/json; charset=utf-8", "User-Agent": "omni-assets"}, method="POST"
    )
    try:
        with urllib.request.build_opener(_Unmoved).open(request, timeout=SECONDS):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return _Refused(f"it answered {error.code}", error.code in _TRANSIENT)
    except (OSError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        return _Refused(_kind(cause), passing=True)


def _kind(cause: object) -> str:
    """What went wrong, without what it says: some messages quote the address."""
    if isinstance(cause, TimeoutError):
        return f"it said nothing for {SECONDS:g} s"
    if isinstance(cause, ConnectionRefusedError):
        return "it refused the connection"
    return f"it cannot be reached ({type(cause).__name__})"
