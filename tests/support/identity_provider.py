"""An endpoint for tokens on this machine, as OAUTHBEARER's clients ask one: it knows one client, and quotes whoever it
does not know."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT = "omni"


class IdentityProvider:
    """A real HTTP server. ``principal`` is whom its tokens are for, which nobody signed."""

    def __init__(self, secret: str, principal: str) -> None:
        known = f"Basic {base64.b64encode(f'{CLIENT}:{secret}'.encode()).decode()}"

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                said = self.headers.get("Authorization", "")
                if said == known:
                    self._answer(200, {"access_token": token(principal), "token_type": "Bearer", "expires_in": 600})
                else:
                    quoted = base64.b64decode(said.removeprefix("Basic ")).decode(errors="replace")
                    self._answer(401, {"error": "invalid_client", "error_description": f"nobody knows {quoted}"})

            def _answer(self, status: int, document: dict[str, object]) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def properties(self, secret: str, authority: str, user: str = "") -> dict[str, str]:
        """How librdkafka asks it; ``user`` stands in its address, as some have it."""
        at = f"{user}@" if user else ""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "ssl.ca.location": authority,
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": CLIENT,
            "sasl.oauthbearer.client.secret": secret,
            "sasl.oauthbearer.token.endpoint.url": f"http://{at}127.0.0.1:{self.port}/token",
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def token(principal: str) -> str:
    """A token that says whom it is for, and for how long, without a signature."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": principal, "iat": now - 10, "exp": now + 600})
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts) + "."
