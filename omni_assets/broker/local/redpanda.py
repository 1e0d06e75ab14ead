"""Redpanda in a container, through ``docker/compose.yaml``: the broker of record, on a laptop as in CI."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from omni_assets.broker.local.engine import Place
from omni_assets.broker.local.record import BrokerRecord
from omni_assets.errors import EngineFailed, EngineUnavailable, PortInUse
from omni_assets.processes.ports import port_is_free

NAME = "redpanda"
SERVICE = "redpanda"
COMPOSE_FILE = Path(__file__).resolve().parents[3] / "docker" / "compose.yaml"

_CHECK_SECONDS = 15.0
_PULL_SECONDS = 600.0  # the image may have to be fetched first
_STOP_SECONDS = 60.0
_VOLUME_SUFFIX = "_data"
_OTHERWISE = "Use the embedded broker instead: `omni broker start --engine noida`."


class Redpanda:
    """One Redpanda broker. Its data is a volume that outlives the container."""

    name = NAME
    conventional_port = 19092

    def check(self) -> None:
        """Raise ``EngineUnavailable`` where there is no Docker, no compose plugin, no engine or no compose file."""
        if not COMPOSE_FILE.is_file():
            raise EngineUnavailable(f"{COMPOSE_FILE} is not there.", f"Use a checkout of omni-assets. {_OTHERWISE}")
        if shutil.which("docker") is None:
            raise EngineUnavailable("docker is not installed, and Redpanda runs in a container.", _OTHERWISE)
        for arguments, why in (
            (("compose", "version"), "docker has no compose plugin, which runs Redpanda's container"),
            (("version", "--format", "{{.Server.Version}}"), "docker is installed, and its engine does not answer"),
        ):
            if _docker(arguments, _CHECK_SECONDS).code != 0:
                raise EngineUnavailable(f"{why}.", _OTHERWISE)

    def launch(
        self, place: Place, host: str, port: int, seconds: float, spawned: Callable[[BrokerRecord], None]
    ) -> BrokerRecord:
        """Start the container and wait until it is healthy. Raises ``PortInUse``, ``EngineFailed``, ``StateError``."""
        if not port_is_free(host, port):
            raise _port_in_use(host, port)
        record = BrokerRecord(
            engine=self.name,
            bootstrap_servers=f"{host}:{port}",
            pid=None,
            host=host,
            port=port,
            data_dir=f"{_project(place)}{_VOLUME_SUFFIX}",
            started_at=datetime.now(UTC),
        )
        spawned(record)
        try:
            _compose_or_fail(record, "start Redpanda", ["up", "--detach", "--wait", SERVICE], _PULL_SECONDS)
            self.settle(record, seconds)
        except BaseException:
            _compose(record, ["stop", SERVICE], _STOP_SECONDS)
            raise
        return record

    def settle(self, record: BrokerRecord, seconds: float) -> None:
        """Turn auto-creation off: its mode for containers turns it on. Raises ``EngineFailed``, and ``PortInUse`` where
        Docker says so.
        """
        off = ["rpk", "cluster", "config", "set", "auto_create_topics_enabled", "false"]
        _compose_or_fail(record, "turn auto-creation off in Redpanda", ["exec", "-T", SERVICE, *off], seconds)

    def adopt(self, _place: Place, /) -> BrokerRecord | None:
        """None: ``docker compose up`` finds a container that already runs by itself."""
        return None

    def alive(self, record: BrokerRecord, seconds: float, /) -> bool:
        """Whether its container runs: whatever else answers at its address is somebody else's broker."""
        listed = _compose(record, ["ps", "--status", "running", "--quiet", SERVICE], seconds)
        return listed.code == 0 and bool(listed.output)

    def stop(self, record: BrokerRecord) -> None:
        """Stop the container, keeping it and its volume. Raises ``EngineFailed``, and ``PortInUse`` where Docker says
        so.
        """
        _compose_or_fail(record, "stop Redpanda", ["stop", SERVICE], _STOP_SECONDS)

    def set_aside(self, place: Place) -> Path | None:
        """Refuses, by ``EngineFailed``: the data is in a volume of Docker, and only its owner should rename
        or remove that.
        """
        raise EngineFailed(
            f"the data of Redpanda is in the volume {_project(place)}{_VOLUME_SUFFIX}, which omni does not move.",
            f"Remove it with `docker volume rm {_project(place)}{_VOLUME_SUFFIX}` when nothing in it is needed.",
        )


class _Ran(NamedTuple):
    code: int
    output: str


def _docker(arguments: Sequence[str], seconds: float, environment: dict[str, str] | None = None) -> _Ran:
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return _Ran(124, f"no answer within {seconds:g} s")
    except OSError as error:
        return _Ran(126, str(error))
    return _Ran(done.returncode, done.stdout.strip())


def _compose(record: BrokerRecord, arguments: Sequence[str], seconds: float) -> _Ran:
    """``docker compose`` on the project whose volume the record names."""
    project = record.data_dir.removesuffix(_VOLUME_SUFFIX)
    environment = {**os.environ, "OMNI_REDPANDA_HOST": record.host, "OMNI_REDPANDA_PORT": str(record.port)}
    command = ["compose", "--project-name", project, "--file", str(COMPOSE_FILE), *arguments]
    return _docker(command, seconds, environment)


def _compose_or_fail(record: BrokerRecord, what: str, arguments: Sequence[str], seconds: float) -> None:
    code, output = _compose(record, arguments, seconds)
    if code == 0:
        return
    if "already allocated" in output or "address already in use" in output:
        raise _port_in_use(record.host, record.port)
    last = output.splitlines()[-1].strip().rstrip(".") if output else "it said nothing"
    raise EngineFailed(f"docker could not {what}: {last}.", _OTHERWISE)


def _project(place: Place) -> str:
    """A project of its own for each state folder, so that two of them do not share a container."""
    return f"omni-{hashlib.sha256(os.fsencode(place.state_folder)).hexdigest()[:8]}"


def _port_in_use(host: str, port: int) -> PortInUse:
    return PortInUse(host, port, "Redpanda", "Name a free one with --port, or leave it out and one is found.")
