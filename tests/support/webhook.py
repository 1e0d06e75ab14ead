"""A webhook on this machine that answers as it is told to, and remembers what it was sent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """A real HTTP server. ``answers`` are the next statuses, then 200; ``received`` the documents that were taken."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[dict[str, Any]] = []
        self.attempts: list[str] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.attempts.append(self.path)
                status = webhook.answers.pop(0) if webhook.answers else 200
                if status == 200:
                    webhook.received.append(json.loads(body))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{webhook.address}-elsewhere")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - as the server calls it: whoever followed a redirect would ask so

            def log_message(self, *_: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/services/hush"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.received]
