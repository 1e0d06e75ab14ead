"""Clocks: a server that tells another time, and records from the future."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from omni_assets.operations.doctor import clock
from omni_assets.operations.doctor.examination import Answer

Serve = Callable[[timedelta | None], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Servers whose clocks are so far ahead, or that tell no time."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(ahead: timedelta | None) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response_only(404)
                if ahead is not None:
                    self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
                self.end_headers()
                assert "Authorization" not in self.headers

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_endpoint_with_the_same_time(serve: Serve) -> None:
    told = clock.by_endpoints({"a": serve(timedelta()), "silent": serve(None)})
    assert (told.answer, told.seen) == (Answer.OK, "within 5 s of `a`")


@pytest.mark.parametrize(
    ("ahead", "answer", "side"),
    [
        (timedelta(seconds=60), Answer.WARNING, "behind"),
        (timedelta(hours=3), Answer.PROBLEM, "behind"),
        (timedelta(days=-2), Answer.PROBLEM, "ahead of"),
    ],
)
def test_an_endpoint_with_another_time(serve: Serve, ahead: timedelta, answer: Answer, side: str) -> None:
    told = clock.by_endpoints({"same": serve(timedelta()), "other": serve(ahead)})
    assert (told.answer, f"{side} `other`" in told.seen) == (answer, True)
    assert "NTP" in told.remedy


def test_where_nobody_tells_the_time_it_is_unknown(serve: Serve, closed_port: int) -> None:
    nobody = {"silent": serve(None), "gone": f"http://127.0.0.1:{closed_port}/v1"}
    assert clock.by_endpoints(nobody).answer is Answer.UNKNOWN
    assert clock.by_endpoints({}).answer is Answer.UNKNOWN


def test_only_a_record_from_the_future_says_something() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.by_records({}, now).answer is Answer.UNKNOWN
    assert clock.by_records({"t": now - timedelta(days=1)}, now).answer is Answer.UNKNOWN
    told = clock.by_records({"t": now + timedelta(minutes=1), "u": now}, now)
    assert (told.answer, "`t` is 1 min ahead" in told.seen) == (Answer.WARNING, True)
    assert clock.by_records({"t": now + timedelta(days=9)}, now).answer is Answer.PROBLEM
