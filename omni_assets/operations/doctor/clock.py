"""Whether clocks agree: this machine's with the brokers', as far as records tell, and with those of model endpoints.

Nothing is written to learn it. A record that is newer than now was written by a clock that is ahead of this one; that a
record is older says nothing, so a clock that is behind is never told by records.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

from omni_assets.drift.lasting import lasting
from omni_assets.operations.doctor.examination import (
    Area,
    Checked,
    Question,
    Told,
    problem,
    unknown,
    warning,
    well,
)

RECORDS = Question("clock.records", "Does any record come from the future?")
ENDPOINTS = Question("clock.endpoints", "Do the endpoints of models have the time that is here?")

NOTICED, WRONG = timedelta(seconds=5), timedelta(minutes=2)
"""Between clocks: what is told, and what makes deadlines, retention and ages mean something else."""

SECONDS_TO_ASK = 5.0
"""The most that an endpoint may take to tell its time."""

_MEND = "Keep the clock by NTP: `timedatectl status` says whether it is."


def area(endpoints: Mapping[str, str]) -> Area:
    """The question that HTTP answers: ``endpoints`` are base addresses by name."""
    return Area((ENDPOINTS,), partial(_look, endpoints))


def _look(endpoints: Mapping[str, str]) -> Iterator[Checked]:
    yield Checked(ENDPOINTS, by_endpoints(endpoints))


def by_records(newest: Mapping[str, datetime], now: datetime | None = None) -> Told:
    """What the newest records say, by topic."""
    if not newest:
        return unknown("no topic has a record whose time the broker tells, so its clock is not known")
    topic, at = max(newest.items(), key=lambda each: each[1])
    ahead = at - (now or datetime.now(UTC))
    if ahead <= NOTICED:
        return unknown(f"no record is newer than now (the newest is in `{topic}`), so no clock is known to be ahead")
    return _off(f"the newest record of `{topic}` is {lasting(ahead)} ahead of this machine", ahead)


def by_endpoints(endpoints: Mapping[str, str]) -> Told:
    """What the ``Date`` of HTTP answers says (RFC 9110, 6.6.1: in whole seconds). No key is sent to ask for it."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        skews = dict(zip(endpoints, pool.map(skew, endpoints.values()), strict=True))
    told = {name: found for name, found in skews.items() if found is not None}
    if not told:
        return unknown("no endpoint tells its time")
    name, off = max(told.items(), key=lambda each: abs(each[1]))
    if abs(off) <= NOTICED:
        return well(f"within {lasting(NOTICED)} of {', '.join(f'`{each}`' for each in told)}")
    return _off(
        f"this machine is {lasting(abs(off))} {'behind' if off > timedelta() else 'ahead of'} `{name}`", abs(off)
    )


def skew(url: str) -> timedelta | None:
    """How far the clock behind an http or https address is ahead of this one; ``None`` where it does not tell.

    Half of the time that the answer took, and the second that a ``Date`` is cut to, are within what it may be off.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    made = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = made(parts.hostname or "", parts.port, timeout=SECONDS_TO_ASK)
    try:
        asked = time.time()
        connection.request("HEAD", parts.path or "/", headers={"User-Agent": "omni-assets"})
        stated = connection.getresponse().headers.get("Date", "")
        answered = time.time()
        there = parsedate_to_datetime(stated)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if there.tzinfo is None:
        return None
    # Its half second is where a time that was cut to seconds is on average.
    return there - datetime.fromtimestamp((asked + answered) / 2, UTC) + timedelta(seconds=0.5)


def _off(seen: str, by: timedelta) -> Told:
    return problem(seen, _MEND) if by > WRONG else warning(seen, _MEND)
