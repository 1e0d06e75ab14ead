"""The report for browsers on this machine: that file alone, to who asks by its own address."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from omni_assets.operations.report.serving import ReportServer

Answer = tuple[int, bytes, dict[str, str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReportServer]:
    (tmp_path / "secret.txt").write_text("secret")
    with ReportServer("127.0.0.1", 0, tmp_path / "report.html") as serving:
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield serving
        serving.shutdown()


def ask(server: ReportServer, path: str = "/", method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = (answer.status, answer.read(), dict(answer.getheaders()))
    connection.close()
    return found


def test_the_file_is_answered_as_it_is_at_that_moment(server):
    assert ask(server)[0] == 404
    for text in (b"<p>one", b"<p>two"):
        server.file.write_bytes(text)
        status, body, headers = ask(server)
        assert (status, body) == (200, text)
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"].strip() == "omni"
    assert ask(server, method="HEAD")[:2] == (200, b"")


@pytest.mark.parametrize("path", ["/secret.txt", "/../secret.txt", "/report.html", "/?x", "/%2e%2e/secret.txt"])
def test_nothing_else_is_answered_for(server, path):
    server.file.write_bytes(b"<p>")
    status, body, _ = ask(server, path)
    assert status == 404
    assert b"secret" not in body


def test_who_asks_by_another_name_is_told_nothing(server):
    server.file.write_bytes(b"<p>private")
    assert ask(server, Host=f"localhost:{server.server_port}")[0] == 200
    for name in ("evil.example", f"evil.example:{server.server_port}", ""):
        status, body, _ = ask(server, Host=name)
        assert status == 421
        assert b"private" not in body


def test_what_it_does_not_do_is_refused(server):
    server.file.write_bytes(b"<p>")
    assert ask(server, method="POST")[0] == 501
