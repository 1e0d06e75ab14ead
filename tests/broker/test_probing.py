"""What a real broker honours, and what a probe leaves behind: nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource, NewTopic

from omni_assets.broker import probing
from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.connection import Connection
from omni_assets.broker.topics import PROBE_PREFIX, is_internal
from omni_assets.errors import BrokerUnreachable

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_PAUSES", (0.0,) * 5)


def leftovers(broker: Any) -> set[str]:
    return {name for name in broker.client.list_topics(timeout=10).topics if name.startswith(PROBE_PREFIX)}


def probed(broker: Any) -> Capabilities:
    with BrokerAdmin(broker.connection) as admin:
        return admin.probe()


def test_the_embedded_broker_is_known_after_a_probe(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        known = admin.probe()
        # Listing, creation, description, the reported keys at once, four others one by one, description, configs,
        # replicas, earliest, latest, newest, deletion.
        assert admin.calls <= 16
    assert known.probed
    assert known.rejected_keys == {
        "flush.bytes",
        "retention.local.target.bytes",
        "retention.local.target.ms",
        "write.caching",
    }
    assert known.no_effect_keys == frozenset()
    assert (known.topic_ids, known.replication_by_config, known.max_timestamp) == (False, False, True)
    assert not known.unknown
    assert not leftovers(broker)


def test_what_the_broker_reports_is_its_version(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        admin.create_topics([NewTopicRequest("orders")])
        assert admin.probe().version == admin.probe().version != ""


def test_a_probe_s_topic_is_never_drift() -> None:
    assert is_internal(f"{PROBE_PREFIX}1.0")


def test_a_read_only_connection_is_not_probed(broker: Any) -> None:
    before = set(broker.client.list_topics(timeout=10).topics)
    with BrokerAdmin(Connection(broker.bootstrap_servers, read_only=True)) as admin:
        known = admin.probe()
    assert not known.probed
    assert "read" not in known.version
    assert "OMNI_READONLY=1" in known.unknown
    assert known.max_timestamp is None
    assert set(broker.client.list_topics(timeout=10).topics) == before


def test_a_broker_that_is_down_is_not_probed(closed_port: int) -> None:
    with (
        BrokerAdmin(Connection(f"127.0.0.1:{closed_port}", timeout=0.5)) as admin,
        pytest.raises(BrokerUnreachable),
    ):
        admin.probe()


def answering(
    admin: BrokerAdmin,
    monkeypatch: pytest.MonkeyPatch,
    swallowed: Sequence[str],
    code: int = KafkaError.INVALID_CONFIG,
    rejected: Sequence[str] = (),
) -> list[int]:
    """Stands in for Redpanda, which takes keys without an effect: the embedded broker has none. Counts the tries."""
    real = admin._calls.client.incremental_alter_configs
    tries: list[int] = []

    def alter(resources: list[ConfigResource], **limits: Any) -> dict[ConfigResource, Future[Any]]:
        (resource,) = resources
        keys = {entry.name for entry in resource.incremental_configs}
        tries.append(len(keys))
        if keys & set(rejected):
            answer: Future[Any] = Future()
            answer.set_exception(KafkaException(KafkaError(code)))
            return {resource: answer}
        if not keys & set(swallowed):
            return real(resources, **limits)
        kept = [entry for entry in resource.incremental_configs if entry.name not in swallowed]
        if not kept:
            answer = Future()
            answer.set_result(None)
            return {resource: answer}
        sent = ConfigResource(resource.restype, resource.name, incremental_configs=kept)
        return {resource: real([sent], **limits)[sent]}

    monkeypatch.setattr(admin._calls.client, "incremental_alter_configs", alter)
    return tries


def test_keys_that_are_taken_and_change_nothing_have_no_effect(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerAdmin(broker.connection) as admin:
        answering(admin, monkeypatch, ["write.caching", "min.insync.replicas"])
        known = admin.probe()
    assert known.no_effect_keys == {"write.caching", "min.insync.replicas"}
    assert "write.caching" not in known.rejected_keys
    assert "retention.ms" not in known.no_effect_keys | known.rejected_keys


def test_one_rejected_key_among_many_is_found_in_few_calls(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerAdmin(broker.connection) as admin:
        tries = answering(admin, monkeypatch, [], rejected=["preallocate"])
        known = admin.probe()
    assert "preallocate" in known.rejected_keys
    assert "retention.ms" not in known.rejected_keys
    assert len(tries) <= 1 + 2 * 5 + 5  # halves of at most 32 keys, the unreported ones, the replicas
    assert not leftovers(broker)


def test_even_a_broker_that_rejects_everything_is_asked_a_bounded_number_of_times(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BrokerAdmin(broker.connection) as admin:
        tries = answering(admin, monkeypatch, [], rejected=[*probing.TRIED, "replication.factor"])
        known = admin.probe()
        assert admin.calls <= 2 * len(probing.TRIED) + 12
    assert known.rejected_keys == probing.TRIED.keys()
    assert len(tries) <= 2 * len(probing.TRIED)


def test_a_principal_that_may_set_nothing_learns_nothing(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerAdmin(broker.connection) as admin:
        answering(admin, monkeypatch, [], code=KafkaError.TOPIC_AUTHORIZATION_FAILED, rejected=list(probing.TRIED))
        known = admin.probe()
    assert not known.probed
    assert known.unknown == "not probed, since its configs could not be set: not authorised"
    assert known.rejected_keys == frozenset()
    assert not leftovers(broker)


def test_a_principal_that_may_create_nothing_learns_nothing(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(topics: list[NewTopic], **_: Any) -> dict[str, Future[Any]]:
        future: Future[Any] = Future()
        future.set_exception(KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED)))
        return {topic.topic: future for topic in topics}

    with BrokerAdmin(broker.connection) as admin:
        monkeypatch.setattr(admin._calls.client, "create_topics", refused)
        known = admin.probe()
    assert not known.probed
    assert "not created: not authorised on the cluster" in known.unknown


def test_the_topic_is_removed_where_the_probe_fails_half_way(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerAdmin(broker.connection) as admin:
        monkeypatch.setattr(admin._calls.client, "describe_topics", lambda *_, **__: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            admin.probe()
    assert not leftovers(broker)


def test_what_a_killed_probe_left_is_removed_by_a_later_one(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"""
import os, signal
from omni_assets.broker import writing
from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.connection import Connection
writing.alter_configs = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with BrokerAdmin(Connection("{broker.bootstrap_servers}")) as admin:
    admin.probe()
"""
    killed = subprocess.run([sys.executable, "-c", program])
    assert killed.returncode == -signal.SIGKILL
    left = leftovers(broker)
    assert len(left) == 1
    probed(broker)
    assert leftovers(broker) == left  # it may be in use
    later = time.time() + probing.LEFT_BEHIND_SECONDS + 1
    monkeypatch.setattr(probing, "time", lambda: later)
    probed(broker)
    assert not leftovers(broker)


@pytest.mark.parametrize("name", ["1.abc", "x.01234567", "1", "1.01234567.9", "²000.01234567"])
def test_a_topic_that_no_probe_named_is_left_alone(name: str) -> None:
    assert probing._made_at(PROBE_PREFIX + name) is None
    assert probing._made_at(f"{PROBE_PREFIX}1700000000.01234567") == 1_700_000_000
    assert probing._made_at("1700000000.01234567") is None
