"""``python -m omni_assets.operations.report.serving HOST PORT FILE``: one file for browsers on this machine.

It answers for that file and nothing else, as it is at that moment, and only to who asks for this address by its own
name: a page from elsewhere that has a name resolve to this machine is told nothing.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_SECONDS = 10.0
"""Most seconds that a connection may say nothing."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ReportServer(ThreadingHTTPServer):
    """A server of one file at one address. Raises ``OSError`` where it cannot listen there."""

    daemon_threads = True

    def __init__(self, host: str, port: int, file: Path) -> None:
        super().__init__((host, port), _Answer)
        self.file = file
        self.names = frozenset({f"{host}:{self.server_port}", f"localhost:{self.server_port}"})


class _Answer(BaseHTTPRequestHandler):
    server: ReportServer
    timeout = _SECONDS
    server_version, sys_version = "omni", ""

    def do_GET(self) -> None:
        self.wfile.write(self._head())

    def do_HEAD(self) -> None:
        self._head()

    def _head(self) -> bytes:
        """Send status and headers; what is to follow them."""
        status, kind, body = self._found()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        return body

    def _found(self) -> tuple[HTTPStatus, str, bytes]:
        if self.headers.get("Host") not in self.server.names:
            return HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"This is another machine's address.\n"
        if self.path != "/":
            return HTTPStatus.NOT_FOUND, "text/plain", b"Only / is here: the report.\n"
        try:
            return HTTPStatus.OK, "text/html; charset=utf-8", self.server.file.read_bytes()
        except OSError:
            return HTTPStatus.NOT_FOUND, "text/plain", b"There is no report yet: `omni report` writes it.\n"


def main(host: str, port: str, file: str) -> None:
    """Answer until the process ends."""
    ReportServer(host, int(port), Path(file)).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
