"""A real Redis on a free loopback port, for tests: it keeps nothing, asks for a password and ends with the test run."""

from __future__ import annotations

import secrets
import shutil
import signal
from pathlib import Path
from tempfile import mkdtemp

from redis import Redis
from redis.exceptions import RedisError

from omni_assets.processes.ports import free_port
from tests.support.tampering import wait_until
from tests.support.tethered import Tethered

_HOST = "127.0.0.1"
_START_SECONDS = 60.0


class NoRedis(Exception):
    """Redis cannot be had on this machine; the message says why."""


class RedisServer:
    """A server that runs from the beginning. ``client`` is one of somebody else, for what producers and consumers do.

    Raises ``NoRedis``.
    """

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise NoRedis("`redis-server` is not installed: it is in Debian's package of that name")
        self._folder = Path(mkdtemp(prefix="omni-redis-"))
        self.port, self.password = free_port(_HOST), secrets.token_hex(16)
        self.url = f"redis://:{self.password}@{_HOST}:{self.port}/0"
        settings = self._folder / "redis.conf"
        settings.write_text(
            f"bind {_HOST}\nport {self.port}\nrequirepass {self.password}\nsave ''\ndir {self._folder}\n",
            encoding="utf-8",
        )
        log = self._folder / "log"
        self._server = Tethered([program, str(settings)], log)
        self.client = Redis.from_url(self.url, socket_timeout=60)
        try:
            wait_until(lambda: self._ready(log), "Redis to answer", _START_SECONDS)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End the server, and remove what it kept."""
        self.client.close()
        self._server.end(signal.SIGTERM)
        shutil.rmtree(self._folder)

    def _ready(self, log: Path) -> bool:
        assert self._server.running, log.read_text(errors="replace")[-2000:]
        try:
            return bool(self.client.ping())
        except RedisError:
            return False
