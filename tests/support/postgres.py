"""A real Postgres on a free loopback port, for tests: a cluster of its own in a temporary folder, and a password."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import mkdtemp

from omni_assets.processes.ports import free_port
from tests.support.tampering import wait_until
from tests.support.tethered import Tethered

USER = DATABASE = "dagster"
_HOST = "127.0.0.1"
_START_SECONDS, _RUN_SECONDS = 60.0, 120.0
_INSTALLED = "/usr/lib/postgresql"  # where Debian has each version, away from the path


class NoPostgres(Exception):
    """Postgres cannot be had on this machine; the message says why."""


class Postgres:
    """A server that runs from the beginning. Whoever made it ends it, which removes its data too.

    Postgres does not run as root: where the tests do, it runs as the user whom its package made, or as ``nobody``.
    Raises ``NoPostgres``.
    """

    def __init__(self) -> None:
        self._programs = _programs()
        self._folder = Path(mkdtemp(prefix="omni-postgres-"))
        self._as_somebody: list[str] = []
        self.host, self.port, self.password = _HOST, free_port(_HOST), secrets.token_hex(16)
        try:
            self._server = self._started()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which ``docker/dagster.yaml`` finds it."""
        return {
            "DAGSTER_POSTGRES_HOST": self.host,
            "DAGSTER_POSTGRES_PORT": str(self.port),
            "DAGSTER_POSTGRES_USER": USER,
            "DAGSTER_POSTGRES_DB": DATABASE,
            "DAGSTER_POSTGRES_PASSWORD": self.password,
        }

    def ask(self, query: str) -> str:
        """What ``psql`` answers, without a header. Raises ``CalledProcessError``."""
        return self._psql(DATABASE, query)

    def end(self) -> None:
        """End the server, and remove what it kept."""
        self._server.end(signal.SIGINT)
        shutil.rmtree(self._folder)

    def _started(self) -> Tethered:
        password, data = self._folder / "password", self._folder / "data"
        password.write_text(self.password, encoding="ascii")
        if os.geteuid() == 0:
            somebody = _somebody()
            self._as_somebody = [
                "setpriv", f"--reuid={somebody.pw_uid}", f"--regid={somebody.pw_gid}", "--clear-groups", "--",
            ]  # fmt: skip
            for each in (self._folder, password):
                os.chown(each, somebody.pw_uid, somebody.pw_gid)
        made = [
            self._programs / "initdb", "--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}",
            "--encoding=UTF8", "--locale=C", f"--pgdata={data}",
        ]  # fmt: skip
        done = subprocess.run(
            [*self._as_somebody, *map(str, made)],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
        )
        if done.returncode:
            raise NoPostgres(f"initdb made no cluster: {done.stderr.strip()[-300:]}")
        settings = {"listen_addresses": self.host, "port": str(self.port), "unix_socket_directories": ""}
        stated = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        log = self._folder / "log"
        server = Tethered([*self._as_somebody, str(self._programs / "postgres"), "-D", str(data), *stated], log)
        try:
            wait_until(lambda: self._ready(server, log), "Postgres to answer", _START_SECONDS)
            self._psql("postgres", f"CREATE DATABASE {DATABASE}")
        except BaseException:
            server.end(signal.SIGQUIT)
            raise
        return server

    def _ready(self, server: Tethered, log: Path) -> bool:
        assert server.running, log.read_text(errors="replace")[-2000:]
        asked = [self._programs / "pg_isready", "--quiet", f"--host={self.host}", f"--port={self.port}"]
        return subprocess.run([*map(str, asked)], timeout=_RUN_SECONDS).returncode == 0

    def _psql(self, database: str, query: str) -> str:
        command = [
            self._programs / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            f"--host={self.host}", f"--port={self.port}", f"--username={USER}", f"--dbname={database}",
            f"--command={query}",
        ]  # fmt: skip
        environ = {**os.environ, "PGPASSWORD": self.password}
        return subprocess.run(
            [*map(str, command)], env=environ, check=True, capture_output=True, text=True, timeout=_RUN_SECONDS
        ).stdout.strip()


def _programs() -> Path:
    """The folder of the newest server that is installed. Raises ``NoPostgres``."""
    versions = [each for each in Path(_INSTALLED).glob("*/bin") if each.parent.name.isdigit()]
    for folder in sorted(versions, key=lambda each: int(each.parent.name), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    if found is None:
        raise NoPostgres("`initdb` is not installed: Postgres is in Debian's package `postgresql`")
    return Path(found).resolve().parent


def _somebody() -> pwd.struct_passwd:
    if shutil.which("setpriv") is None:
        raise NoPostgres("`setpriv` is not installed, and Postgres does not run as root")
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
