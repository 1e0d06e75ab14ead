"""Redpanda needs a container engine. Here: what is said without one, and what docker is asked to do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from omni_assets.broker.local import lifecycle, redpanda
from omni_assets.errors import EngineFailed, EngineUnavailable, PortInUse
from omni_assets.processes.status import State

IMAGE = "docker.redpanda.com/redpandadata/redpanda:v26.2.1"

Docker = Callable[[str], Path]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """Puts a stand-in for docker first in the path: a shell script that notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def install(body: str) -> Path:
        calls = tmp_path / "calls"
        program = folder / "docker"
        program.write_text(f'#!/bin/sh\necho "$OMNI_REDPANDA_HOST:$OMNI_REDPANDA_PORT $*" >>"{calls}"\n{body}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return calls

    return install


def test_without_docker_the_embedded_broker_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailable, match="docker is not installed") as absent:
        lifecycle.start(tmp_path, engine="redpanda")
    assert "--engine noida" in absent.value.remedy


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("exit 1", "no compose plugin"),
        (
            'test "$1" = compose || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }',
            "engine does not answer",
        ),
    ],
)
def test_half_a_docker_is_not_enough(tmp_path: Path, docker: Docker, body: str, why: str) -> None:
    docker(body)
    with pytest.raises(EngineUnavailable, match=why) as absent:
        lifecycle.start(tmp_path / "home", engine="redpanda")
    assert "--engine noida" in absent.value.remedy
    assert lifecycle.status(tmp_path / "home").record is None


def test_without_the_compose_file_it_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redpanda, "COMPOSE_FILE", tmp_path / "compose.yaml")
    with pytest.raises(EngineUnavailable, match=r"compose\.yaml"):
        redpanda.Redpanda().check()


def test_what_docker_is_asked_to_do(tmp_path: Path, docker: Docker, free_port: Callable[[], int]) -> None:
    calls = docker("exit 0")
    port = free_port()
    home = tmp_path / "home"
    record = lifecycle.start(home, engine="redpanda", port=port)
    assert (record.engine, record.pid, record.bootstrap_servers) == ("redpanda", None, f"127.0.0.1:{port}")
    up, off = calls.read_text().splitlines()[-2:]
    project = record.data_dir.removesuffix("_data")
    assert up.startswith(
        f"127.0.0.1:{port} compose --project-name {project} --file {redpanda.COMPOSE_FILE} up --detach"
    )
    assert off.endswith("exec -T redpanda rpk cluster config set auto_create_topics_enabled false")
    assert lifecycle.status(home).state is State.STALE
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortInUse):
        lifecycle.start(home, engine="redpanda", port=port)


def test_a_container_that_does_not_come_up_is_stopped_again(
    tmp_path: Path, docker: Docker, free_port: Callable[[], int]
) -> None:
    calls = docker('case "$*" in *" up "*) echo "pulling"; echo "no such image."; exit 1;; esac')
    with pytest.raises(EngineFailed, match="docker could not start Redpanda: no such image"):
        lifecycle.start(tmp_path / "home", engine="redpanda", port=free_port())
    assert calls.read_text().splitlines()[-1].endswith("stop redpanda")
    assert lifecycle.status(tmp_path / "home").record is None


def test_a_port_that_docker_finds_in_use_is_named(tmp_path: Path, docker: Docker, free_port: Callable[[], int]) -> None:
    docker('case "$*" in *" up "*) echo "Bind failed: port is already allocated"; exit 1;; esac')
    port = free_port()
    with pytest.raises(PortInUse, match=str(port)):
        lifecycle.start(tmp_path / "home", engine="redpanda", port=port)


def test_a_running_container_is_stopped_and_its_volume_kept(
    tmp_path: Path, docker: Docker, free_port: Callable[[], int]
) -> None:
    calls = docker('case "$*" in *" ps "*) echo 0123456789ab;; esac')
    home = tmp_path / "home"
    lifecycle.start(home, engine="redpanda", port=free_port())
    assert lifecycle.status(home).state is State.NOT_ANSWERING
    assert lifecycle.stop(home) is not None
    assert calls.read_text().splitlines()[-1].endswith("stop redpanda")
    assert lifecycle.status(home).state is State.STOPPED


@pytest.mark.broker
def test_somebody_else_s_broker_at_a_recorded_port_is_not_taken_for_ours(
    tmp_path: Path, docker: Docker, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = docker("exit 0")
    home = tmp_path / "home"
    with monkeypatch.context() as patched:
        patched.setattr(redpanda, "port_is_free", lambda *_: True)
        record = lifecycle.start(home, engine="redpanda", port=broker.record.port)
    assert record.bootstrap_servers == broker.bootstrap_servers
    assert lifecycle.status(home).state is State.STALE
    assert lifecycle.running(home) is None
    assert calls.read_text().splitlines()[-1].endswith("ps --status running --quiet redpanda")
    docker('case "$*" in *" ps "*) echo 0123456789ab;; esac')
    assert lifecycle.status(home).state is State.RUNNING
    assert lifecycle.running(home) == record


@pytest.mark.broker
def test_a_docker_that_does_not_answer_runs_nothing(
    tmp_path: Path, docker: Docker, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker("exit 0")
    home = tmp_path / "home"
    monkeypatch.setattr(redpanda, "port_is_free", lambda *_: True)
    lifecycle.start(home, engine="redpanda", port=broker.record.port)
    docker("exec sleep 600")
    monkeypatch.setattr(lifecycle, "_ALIVE_AT_A_GLANCE_SECONDS", 0.1)
    assert lifecycle.running(home) is None


def test_docker_is_not_asked_about_an_address_where_nobody_answers(
    tmp_path: Path, docker: Docker, free_port: Callable[[], int]
) -> None:
    calls = docker("exit 0")
    home = tmp_path / "home"
    port = free_port()
    lifecycle.start(home, engine="redpanda", port=port)
    with socket.socket() as held:
        held.bind(("127.0.0.1", port))
        before = calls.read_text()
        assert lifecycle.running(home) is None
        assert calls.read_text() == before
        assert lifecycle.status(home).state is State.STALE
        assert calls.read_text() != before


def test_a_reset_of_a_volume_is_left_to_its_owner(tmp_path: Path, docker: Docker) -> None:
    docker("exit 0")
    with pytest.raises(EngineFailed, match="volume") as refused:
        lifecycle.start(tmp_path / "home", engine="redpanda", reset=True)
    assert "docker volume rm" in refused.value.remedy


def test_the_compose_file_is_pinned_private_bounded_and_creates_no_topic_by_itself() -> None:
    document: Any = yaml.safe_load(redpanda.COMPOSE_FILE.read_text(encoding="utf-8"))
    service = document["services"][redpanda.SERVICE]
    assert service["image"] == IMAGE
    assert "--set=redpanda.auto_create_topics_enabled=false" in service["command"]
    assert all(port.startswith("${OMNI_REDPANDA_HOST:-127.0.0.1}:") for port in service["ports"])
    assert service["mem_limit"]
    assert service["healthcheck"]["test"]
    assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(document["volumes"])
