from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from omni_assets.broker import calls as calls_module
from omni_assets.broker import reading
from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.snapshot import ConfigSource
from omni_assets.errors import BrokerTimeout, BrokerUnreachable, ReadOnly, SettingsError

pytestmark = pytest.mark.broker


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of a listener that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def rude() -> Iterator[int]:
    """The port of a listener that closes every connection at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close() -> None:
            try:
                while True:
                    server.accept()[0].close()
            except OSError:
                return

        thread = threading.Thread(target=close)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def admin_at(port: int, timeout: float = 0.5) -> BrokerAdmin:
    return BrokerAdmin(Connection(f"127.0.0.1:{port}", timeout=timeout))


def create(broker: Any, *requests: NewTopicRequest) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics(requests).values()) == {None}


def test_a_snapshot_holds_what_was_created(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 3, 1, {"retention.ms": "1000000"}), NewTopicRequest("plain"))
    with BrokerAdmin(broker.connection) as admin:
        snapshot = admin.snapshot()
        assert admin.cluster_id() == snapshot.cluster_id
    orders = snapshot.topics["orders"]
    assert snapshot.cluster_id == ""  # noida gives every broker the same id, which identifies none
    assert snapshot.brokers == (1,)
    assert snapshot.bootstrap_servers == broker.bootstrap_servers
    assert (orders.replicas, orders.internal, orders.topic_id, orders.unknown) == ((1, 1, 1), False, None, "")
    assert orders.configs is not None
    assert (orders.configs["retention.ms"].value, orders.configs["retention.ms"].source) == (
        "1000000",
        ConfigSource.TOPIC,
    )
    assert orders.configs["cleanup.policy"] == ("delete", ConfigSource.DEFAULT, "delete")
    assert snapshot.topics["plain"].partitions == 1
    assert snapshot.topics["__consumer_offsets"].internal


def test_what_another_client_changes_is_observed(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 1, 1, {"retention.ms": "1000000"}))
    change = ConfigEntry("retention.ms", "5000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, "orders", incremental_configs=[change])
    broker.client.incremental_alter_configs([resource])[resource].result()
    with BrokerAdmin(broker.connection) as admin:
        configs = admin.snapshot().topics["orders"].configs
    assert configs is not None
    assert configs["retention.ms"].value == "5000"


def test_a_thousand_topics_take_a_bounded_number_of_calls(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.create_topics([NewTopicRequest(f"onex.evt.p{each}.e.v1", 1, 1) for each in range(1000)])
        assert set(outcomes.values()) == {None}
        assert admin.calls == 3
        snapshot = admin.snapshot()
        assert snapshot.calls == 7
        assert admin.calls == 10
    assert len([topic for topic in snapshot.topics.values() if not topic.internal]) == 1000
    assert all(topic.configs and not topic.unknown for topic in snapshot.topics.values())


def test_an_outcome_for_each_topic_and_one_bad_request_spoils_no_other(broker: Any) -> None:
    create(broker, NewTopicRequest("there"))
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.create_topics(
            [
                NewTopicRequest("there"),
                NewTopicRequest("fresh", 2, None, {"cleanup.policy": "compact"}),
                NewTopicRequest("replicated", 1, 3),
                NewTopicRequest("misconfigured", 1, 1, {"no.such.key": "1"}),
                NewTopicRequest("misvalued", 1, 1, {"retention.ms": "soon"}),
                NewTopicRequest("not a name"),
                NewTopicRequest("no-partitions", 0),
                NewTopicRequest("no-replicas", 1, 0),
                NewTopicRequest(""),
            ]
        )
        names = admin.topic_names()
    messages = {name: error and error.message for name, error in outcomes.items()}
    assert outcomes["there"] is not None
    assert outcomes["there"].existed
    assert messages["fresh"] is None
    assert messages["replicated"] == "replication factor 3 needs 3 brokers, and the cluster has 1"
    assert "config not accepted: unknown topic config name: no.such.key" in str(messages["misconfigured"])
    assert "retention.ms" in str(messages["misvalued"])
    assert "name not accepted" in str(messages["not a name"])
    assert "0 partitions" in str(messages["no-partitions"])
    assert "replication factor 0" in str(messages["no-replicas"])
    assert "name not accepted" in str(messages[""])
    assert not any(error and error.transient for error in outcomes.values())
    assert {name for name in names if not name.startswith("__")} == {"there", "fresh"}


def test_topics_are_waited_for_until_they_are_listed(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, NewTopicRequest("early"), NewTopicRequest("late"))
    with BrokerAdmin(broker.connection) as admin:
        everything = admin.topic_names()
        listings = [everything - {"late"}, everything - {"late"}, everything]
        monkeypatch.setattr(admin, "topic_names", lambda: listings.pop(0))
        assert admin.await_topics(["early", "late"]) == everything
        assert not listings


def test_topics_that_never_come_are_not_waited_for_for_ever(broker: Any) -> None:
    create(broker, NewTopicRequest("there"))
    with BrokerAdmin(broker.connection) as admin:
        names = admin.await_topics(["there", "never"], seconds=0.2)
        assert "there" in names
        assert "never" not in names
        assert admin.await_topics([]) == names


def test_asking_for_nothing_asks_the_broker_nothing(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert admin.create_topics([]) == {}
        assert admin.calls == 0


def test_observing_never_creates_a_topic_even_where_the_broker_would(broker: Any) -> None:
    resource = ConfigResource(
        ResourceType.BROKER,
        "1",
        incremental_configs=[
            ConfigEntry("auto.create.topics.enable", "true", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    broker.client.incremental_alter_configs([resource])[resource].result()
    with BrokerAdmin(broker.connection) as admin:
        before = admin.topic_names()
        assert admin.record_bounds(["nobody-has-this"]) == {}
        assert admin.hidden(["nor-this"]) == {}
        assert "nor-that" not in admin.snapshot(["nor-that"]).topics
        assert admin.topic_names() == before


ANSWERS: dict[str, KafkaError | None] = {
    "absent": KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART),
    "barred": KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED),
    "created-since": None,
    "leaderless": KafkaError(KafkaError.LEADER_NOT_AVAILABLE),
    "unanswered": KafkaError(KafkaError._TIMED_OUT),
}


def answer_by_name(admin: BrokerAdmin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for a broker with ACLs, which the embedded one does not have."""
    real = admin._calls.client.describe_topics

    def ask(wanted: TopicCollection, **limits: Any) -> dict[str, Future[Any]]:
        names: Sequence[str] = [*wanted.topic_names]
        if not ANSWERS.keys() & set(names):
            return real(wanted, **limits)
        futures: dict[str, Future[Any]] = {name: Future() for name in names}
        for name, future in futures.items():
            error = ANSWERS[name]
            future.set_result(object()) if error is None else future.set_exception(KafkaException(error))
        return futures

    monkeypatch.setattr(admin._calls.client, "describe_topics", ask)


def test_only_no_such_topic_makes_a_topic_missing(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, NewTopicRequest("there"))
    with BrokerAdmin(broker.connection) as admin:
        answer_by_name(admin, monkeypatch)
        topics = admin.snapshot(["there", *ANSWERS]).topics
        hidden = admin.hidden(ANSWERS)
    unknown = {name: topic.unknown for name, topic in topics.items() if topic.unknown}
    assert unknown == {
        "barred": "the topic is not listed: not authorised",
        "created-since": "the topic is not listed: created a moment ago",
        "leaderless": "the topic is not listed: no leader at the moment",
        "unanswered": "the topic is not listed: no answer in time",
    }
    assert all((topics[name].replicas, topics[name].configs) == ((), None) for name in unknown)
    assert "absent" not in topics
    assert topics["there"].configs
    assert {name: error.existed for name, error in hidden.items()} == {
        name: name == "created-since" for name in unknown
    }
    assert not hidden["barred"].transient


def test_names_that_are_all_listed_cost_no_call(broker: Any) -> None:
    create(broker, NewTopicRequest("there"))
    with BrokerAdmin(broker.connection) as admin:
        assert admin.hidden([]) == {}
        assert admin.calls == 0
        bare = admin.snapshot().calls
        assert admin.snapshot(["there"]).calls == bare
        assert admin.snapshot(["there", "absent", "absent"]).calls == bare + 1


def test_many_names_are_asked_for_in_batches(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        admin.topic_names()
        calls = admin.calls
        assert admin.hidden(f"absent-{each}" for each in range(1000)) == {}
        assert admin.calls == calls + 4


def test_a_name_that_no_broker_takes_spoils_no_other(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        hidden = admin.hidden(["", "a\0b", "not a name", "absent"])
    assert {name: error.code for name, error in hidden.items()} == dict.fromkeys(
        ["", "a\0b", "not a name"], "TOPIC_EXCEPTION"
    )


def test_record_bounds_count_what_is_there(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 3, 1), NewTopicRequest("empty"))
    producer = open_client(Producer, broker.connection)
    for each in range(10):
        producer.produce("orders", value=b"x", partition=each % 3)
    assert producer.flush(10) == 0
    broker.client.delete_records([TopicPartition("orders", 0, 2)])
    with BrokerAdmin(broker.connection) as admin:
        earliest = admin.record_bounds(["orders"])["orders"]
        while earliest != 8:  # the deletion takes effect after it was answered
            earliest = admin.record_bounds(["orders"])["orders"]
        assert admin.record_bounds(["orders", "empty", "gone"]) == {"orders": 8, "empty": 0}


def test_offsets_that_cannot_be_seen_leave_the_topic_out(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, NewTopicRequest("orders", 2, 1), NewTopicRequest("other"))
    with BrokerAdmin(broker.connection) as admin:
        metadata = admin._calls.metadata()
        metadata.topics["orders"].partitions[7] = metadata.topics["orders"].partitions[0]
        monkeypatch.setattr(admin._calls, "metadata", lambda: metadata)
        assert admin.record_bounds(["orders", "other"]) == {"other": 0}


def test_auto_creation_is_off_after_it_was_turned_off(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        admin.disable_auto_create()
        before = admin.topic_names()
    producer = open_client(Producer, broker.connection)
    producer.produce("misspelt", value=b"x")
    producer.flush(0.5)
    producer.purge()
    with BrokerAdmin(broker.connection) as admin:
        assert admin.topic_names() == before


@pytest.mark.parametrize(
    "write",
    [
        lambda admin: admin.create_topics([NewTopicRequest("orders")]),
        lambda admin: admin.create_topics([]),
        lambda admin: admin.disable_auto_create(),
    ],
)
def test_a_read_only_connection_refuses_every_write_before_asking(
    write: Callable[[BrokerAdmin], None], broker: Any
) -> None:
    with BrokerAdmin(Connection(broker.bootstrap_servers, read_only=True)) as admin:
        with pytest.raises(ReadOnly) as refused:
            write(admin)
        assert "OMNI_READONLY=1" in refused.value.message
        assert admin.calls == 0
        assert "orders" not in admin.topic_names()


def test_a_chunk_that_fails_marks_just_its_topics(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, *(NewTopicRequest(f"t{each}") for each in range(6)))
    monkeypatch.setattr(reading, "TOPICS_PER_DESCRIBE", 2)
    with BrokerAdmin(broker.connection) as admin:
        ask = admin._calls.client.describe_configs

        def failing(resources: Any, **limits: Any) -> Any:
            if "t2" in {each.name for each in resources}:
                raise ValueError("spoilt")
            return ask(resources, **limits)

        monkeypatch.setattr(admin._calls.client, "describe_configs", failing)
        topics = admin.snapshot().topics
    unknown = {name for name, topic in topics.items() if topic.unknown}
    assert "t2" in unknown
    assert len(unknown) == 2
    assert all(topics[name].configs is None for name in unknown)
    assert all(topic.configs for name, topic in topics.items() if name not in unknown)


def test_a_topic_deleted_in_between_is_unknown_not_gone(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, NewTopicRequest("orders"), NewTopicRequest("stays"))
    with BrokerAdmin(broker.connection) as admin:
        metadata = admin._calls.metadata()
        monkeypatch.setattr(admin._calls, "metadata", lambda: metadata)
        broker.client.delete_topics(["orders"])["orders"].result()
        topics = admin.snapshot().topics
    assert topics["orders"].unknown == "its configs could not be described: no such topic"
    assert not topics["stays"].unknown


@pytest.mark.parametrize(
    "call",
    [
        BrokerAdmin.snapshot,
        BrokerAdmin.cluster_id,
        BrokerAdmin.disable_auto_create,
        lambda admin: admin.hidden(["orders"]),
    ],
)
def test_a_closed_port_is_connection_refused(call: Callable[[BrokerAdmin], None], closed_port: int) -> None:
    with (
        admin_at(closed_port) as admin,
        pytest.raises(BrokerUnreachable, match=r"connection refused, tried for 0.5 s") as down,
    ):
        call(admin)
    assert down.value.transient
    assert "omni broker start" in down.value.remedy


def test_nothing_is_created_and_nothing_pretended_while_the_broker_is_down(closed_port: int) -> None:
    with admin_at(closed_port) as admin, pytest.raises(BrokerUnreachable):
        admin.create_topics([NewTopicRequest("orders")])


def test_a_name_that_does_not_exist_is_not_resolved() -> None:
    with (
        BrokerAdmin(Connection("broker.invalid:9092", timeout=1)) as admin,
        pytest.raises(BrokerUnreachable, match="name not resolved"),
    ):
        admin.snapshot()


@pytest.mark.parametrize("call", [BrokerAdmin.snapshot, BrokerAdmin.cluster_id])
def test_a_listener_that_never_answers_times_out(call: Callable[[BrokerAdmin], None], mute: int) -> None:
    with (
        admin_at(mute) as admin,
        pytest.raises(BrokerUnreachable, match=r"\(timed out, tried for 0.5 s\)"),
    ):
        call(admin)


def test_a_listener_that_hangs_up_is_told_from_a_closed_port(rude: int) -> None:
    with (
        admin_at(rude) as admin,
        pytest.raises(BrokerUnreachable, match="closed at once"),
    ):
        admin.snapshot()


def test_the_first_answer_is_waited_for_5_seconds_at_most(mute: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_module, "REACH_SECONDS", 0.3)
    with (
        admin_at(mute, 600) as admin,
        pytest.raises(BrokerUnreachable, match=r"tried for 0.3 s"),
    ):
        admin.snapshot()


def test_a_broker_that_stops_answering_is_a_timeout(broker: Any, frozen: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(Connection(broker.bootstrap_servers, timeout=0.5)) as admin:
        admin.topic_names()
        with frozen(broker.pid):
            with pytest.raises(BrokerTimeout, match=r"within 0.5 s") as late:
                admin.snapshot()
            outcome = admin.create_topics([NewTopicRequest("late")])["late"]
    assert late.value.transient
    assert outcome is not None
    assert outcome.transient
    assert "may have been created or not" in outcome.message


def test_configs_that_are_not_answered_in_time_are_unknown(
    broker: Any, frozen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(Connection(broker.bootstrap_servers, timeout=0.5)) as admin:
        metadata = admin._calls.metadata()
        monkeypatch.setattr(admin._calls, "metadata", lambda: metadata)
        with frozen(broker.pid):
            topics = admin.snapshot().topics
    assert topics["orders"].replicas == (1,)
    assert topics["orders"].configs is None
    assert "no answer in time" in topics["orders"].unknown


def test_a_bad_property_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match=r"`no\.such`"):
        BrokerAdmin(Connection("127.0.0.1:9092", {"no.such": "x"}))


def test_the_client_writes_nothing_on_standard_error(closed_port: int) -> None:
    program = f"""
from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.connection import Connection
from omni_assets.errors import BrokerUnreachable
try:
    with BrokerAdmin(Connection("127.0.0.1:{closed_port}", {{"group.id": "g"}}, timeout=1)) as admin:
        admin.snapshot()
except BrokerUnreachable as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    assert "connection refused" in done.stdout


def test_ctrl_c_ends_a_wait_for_a_broker_that_does_not_answer(mute: int) -> None:
    program = f"""
from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.connection import Connection
with BrokerAdmin(Connection("127.0.0.1:{mute}", timeout=600)) as admin:
    print("asking", flush=True)
    try:
        admin.snapshot()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "asking\n"
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert child.wait(60) == 0


def test_no_thread_is_left_behind(broker: Any) -> None:
    def threads() -> int:
        return len(os.listdir(f"/proc/{os.getpid()}/task")) if sys.platform == "linux" else threading.active_count()

    with BrokerAdmin(broker.connection) as admin:
        admin.snapshot()
    before = threads()
    for _ in range(5):
        with BrokerAdmin(broker.connection) as admin:
            admin.snapshot()
    while threads() > before:
        time.sleep(0.01)


def test_a_closed_admin_asks_nothing_more(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        admin.topic_names()
    with pytest.raises(RuntimeError, match="closed"):
        admin.topic_names()
