"""The three-broker cluster of the tests does what tests rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from omni_assets.broker.connection import open_client
from tests.support import kafka_jars
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_secured import LIMITED, connection_of
from tests.support.tethered import Tethered

pytestmark = pytest.mark.cluster


def in_sync(cluster: KafkaCluster, topic: str) -> list[set[int]]:
    """Which copies are in sync, as each broker knows it; empty where one has not heard of the topic."""
    return [
        {broker for each in listed[topic].partitions.values() for broker in each.isrs} if topic in listed else set()
        for listed in cluster.listings()
    ]


def test_topics_are_on_three_brokers_and_a_killed_one_leaves_and_comes_back(kafka: KafkaCluster) -> None:
    kafka.client.create_topics([NewTopic("copied", 1, 3)])["copied"].result()
    wait_until(lambda: in_sync(kafka, "copied") == [{1, 2, 3}] * 3, 20, "three copies")
    kafka.kill(2)
    kafka.wait_for({1, 3})
    wait_until(lambda: in_sync(kafka, "copied") == [{1, 3}] * 2, 20, "the copy to be missed")
    kafka.start(2)
    wait_until(lambda: in_sync(kafka, "copied") == [{1, 2, 3}] * 3, 20, "the third copy")


def test_a_paused_broker_stops_answering_and_goes_on_when_it_is_resumed(kafka: KafkaCluster) -> None:
    kafka.pause(3)
    alone = AdminClient({"bootstrap.servers": kafka.address(3), "log_level": 0})
    with pytest.raises(KafkaException):
        alone.list_topics(timeout=1)
    kafka.resume(3)
    kafka.wait_for({1, 2, 3})
    assert set(alone.list_topics(timeout=10).brokers) == {1, 2, 3}


def test_the_next_test_finds_no_topic_and_all_brokers(kafka: KafkaCluster) -> None:
    """Whether it runs after the two above or alone."""
    assert kafka.listings() == [{}, {}, {}]
    assert kafka.running() == {1, 2, 3}


def test_a_user_sees_only_what_the_rights_allow(secured_kafka: KafkaCluster) -> None:
    created = secured_kafka.client.create_topics([NewTopic("open", 1, 1), NewTopic("hidden", 1, 1)])
    for topic in created.values():
        topic.result()
    right = AclBinding(
        ResourceType.TOPIC, "open", ResourcePatternType.LITERAL, f"User:{LIMITED}", "*",
        AclOperation.DESCRIBE, AclPermissionType.ALLOW,
    )  # fmt: skip
    secured_kafka.client.create_acls([right])[right].result()
    limited = open_client(AdminClient, connection_of(secured_kafka, LIMITED))
    wait_until(lambda: set(limited.list_topics(timeout=10).topics) == {"open"}, 10, "the right to be known")


def test_a_wrong_password_is_refused(secured_kafka: KafkaCluster) -> None:
    refused: list[str] = []
    stranger = open_client(
        AdminClient,
        connection_of(secured_kafka, LIMITED, "wrong"),
        {"error_cb": lambda error: refused.append(error.name())},
    )
    with pytest.raises(KafkaException):
        stranger.list_topics(timeout=2)
    stranger.poll(1)
    assert "_AUTHENTICATION" in refused


def test_what_is_tethered_ends_with_the_run_that_is_killed(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from pathlib import Path; from tests.support.tethered import Tethered;"
        "print(Tethered(['sleep', '300'], Path(sys.argv[1])).pid, flush=True); time.sleep(300)"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout is not None
    with run, run.stdout:
        pid = int(run.stdout.readline())
        os.kill(pid, 0)
        run.kill()
    wait_until(lambda: _gone(pid), 10, "the process to end with its starter")


def test_what_is_tethered_ends_when_asked(tmp_path: Path) -> None:
    process = Tethered(["sleep", "300"], tmp_path / "log")
    assert process.running
    process.end(signal.SIGTERM)
    assert not process.running


def test_without_java_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kafka_jars.NoKafka, match="`java` is not installed"):
        kafka_jars.jars()


def test_a_failed_download_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, script in (("java", "exit 0"), ("keytool", "exit 0"), ("mvn", "echo '[ERROR] no network'; exit 1")):
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(kafka_jars.NoKafka, match="no network"):
        kafka_jars.jars()
    assert [
        path for path in (tmp_path / "cache").rglob("*") if path.is_dir() and path.name != "omni-assets-tests"
    ] == []


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
