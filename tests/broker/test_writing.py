"""What is changed on a real broker, and what is refused before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.admin import ConfigResource, ResourceType

from omni_assets.broker import writing
from omni_assets.broker.admin import BrokerAdmin, ConfigChange, NewTopicRequest
from omni_assets.broker.connection import Connection
from omni_assets.errors import BrokerUnreachable, ReadOnly

pytestmark = pytest.mark.broker


def create(broker: Any, *requests: NewTopicRequest) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics(requests).values()) == {None}


def configs(broker: Any, topic: str) -> dict[str, str | None]:
    """What another client sees."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return {key: each.value for key, each in broker.client.describe_configs([resource])[resource].result().items()}


def partitions(broker: Any, topic: str) -> int:
    return len(broker.client.list_topics(timeout=10).topics[topic].partitions)


def test_only_the_named_keys_change(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 1, 1, {"retention.ms": "1000", "segment.ms": "2000", "flush.ms": "3000"}))
    with BrokerAdmin(broker.connection) as admin:
        change = ConfigChange({"retention.ms": "5000"}, frozenset({"flush.ms"}))
        assert admin.alter_configs({"orders": change}) == {"orders": None}
        assert admin.calls == 2
    seen = configs(broker, "orders")
    assert (seen["retention.ms"], seen["segment.ms"], seen["flush.ms"]) == ("5000", "2000", "9223372036854775807")


def test_300_topics_are_changed_in_few_calls(broker: Any) -> None:
    names = [f"t{each}" for each in range(300)]
    create(broker, *(NewTopicRequest(name) for name in names))
    with BrokerAdmin(broker.connection) as admin:
        change = ConfigChange({"retention.ms": "5000"})
        assert set(admin.alter_configs(dict.fromkeys(names, change)).values()) == {None}
        assert admin.calls == 3
        assert set(admin.create_partitions(dict.fromkeys(names, 2)).values()) == {None}
        assert admin.calls == 4
        snapshot = admin.snapshot()
        before = admin.calls
        assert set(admin.delete_topics(names).values()) == {None}
        assert admin.calls == before + 1
        assert not set(names) & admin.topic_names()
    seen = [snapshot.topics[name] for name in names]
    assert {(each.partitions, each.configs and each.configs["retention.ms"].value) for each in seen} == {(2, "5000")}


def test_one_bad_key_fails_all_keys_of_its_topic_and_no_other_topic(broker: Any) -> None:
    create(broker, NewTopicRequest("good"), NewTopicRequest("bad"), NewTopicRequest("alone"))
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.alter_configs(
            {
                "bad": ConfigChange({"retention.ms": "5000", "no.such.key": "1"}),
                "alone": ConfigChange({"retention.ms": "soon"}),
                "good": ConfigChange({"retention.ms": "5000"}),
                "absent": ConfigChange({"retention.ms": "5000"}),
            }
        )
    messages = {name: error and error.message for name, error in outcomes.items()}
    assert messages["good"] is None
    assert "unknown topic config name: no.such.key; none of its 2 keys was changed" in str(messages["bad"])
    assert "soon" in str(messages["alone"])
    assert "none of its" not in str(messages["alone"])
    assert outcomes["absent"] is not None
    assert outcomes["absent"].absent
    assert configs(broker, "good")["retention.ms"] == "5000"
    assert configs(broker, "bad")["retention.ms"] == "604800000"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (ConfigChange({"": "1"}), "INVALID_CONFIG"),
        (ConfigChange({"retention.ms\0x": "1"}), "INVALID_CONFIG"),
        (ConfigChange({"retention.ms": "1\0"}), "INVALID_CONFIG"),
        (ConfigChange(clear=frozenset({""})), "INVALID_CONFIG"),
        (ConfigChange({"retention.ms": "1"}, frozenset({"retention.ms"})), "INVALID_REQUEST"),
    ],
)
def test_a_change_that_cannot_be_sent_spoils_no_other(change: ConfigChange, code: str, broker: Any) -> None:
    create(broker, NewTopicRequest("bad"), NewTopicRequest("good"))
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.alter_configs({"bad": change, "good": ConfigChange({"retention.ms": "5000"})})
    assert outcomes["bad"] is not None
    assert outcomes["bad"].code == code
    assert outcomes["good"] is None
    assert configs(broker, "bad")["retention.ms"] == "604800000"


def test_nothing_to_change_is_not_sent(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(broker.connection) as admin:
        assert admin.alter_configs({"orders": ConfigChange()}) == {"orders": None}
        assert admin.alter_configs({}) == admin.create_partitions({}) == admin.set_replication({}) == {}
        assert admin.delete_topics([]) == {}
        assert admin.calls == 0


def test_partitions_only_grow(broker: Any) -> None:
    for name in ("grows", "same", "shrinks"):
        create(broker, NewTopicRequest(name, 3))
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.create_partitions({"grows": 5, "same": 3, "shrinks": 1, "absent": 4, "none": 0, "many": 10**9})
    codes = {name: error and error.code for name, error in outcomes.items()}
    assert codes == {
        "grows": None,
        "same": "INVALID_PARTITIONS",
        "shrinks": "INVALID_PARTITIONS",
        "absent": "UNKNOWN_TOPIC_OR_PART",
        "none": "INVALID_PARTITIONS",
        "many": "INVALID_PARTITIONS",
    }
    assert [partitions(broker, name) for name in ("grows", "same", "shrinks")] == [5, 3, 3]


def test_a_topic_is_deleted_and_one_that_was_not_there_says_so(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"), NewTopicRequest("stays"))
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.delete_topics(["orders", "orders", "absent", ""])
        assert "orders" not in admin.topic_names()
        assert "stays" in admin.topic_names()
    assert outcomes["orders"] is None
    assert outcomes["absent"] is not None
    assert outcomes["absent"].absent
    assert str(outcomes[""]) == "name not accepted"


def test_replicas_that_are_no_config_have_another_way_out(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(broker.connection) as admin:
        outcomes = admin.set_replication({"orders": 3, "absent": 3, "none": 0})
    assert "kafka-reassign-partitions" in str(outcomes["orders"])
    assert str(outcomes["absent"]) == "no such topic"
    assert str(outcomes["none"]) == "replication factor 0 is impossible"


WRITES: dict[str, Callable[[BrokerAdmin, str], Any]] = {
    "alter": lambda admin, name: admin.alter_configs({name: ConfigChange({"retention.ms": "5000"})}),
    "partitions": lambda admin, name: admin.create_partitions({name: 99}),
    "replication": lambda admin, name: admin.set_replication({name: 3}),
    "delete": lambda admin, name: admin.delete_topics([name]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_broker_s_own_topics_are_never_changed(write: Callable[[BrokerAdmin, str], Any], broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        outcome = write(admin, "__consumer_offsets")["__consumer_offsets"]
        assert admin.calls == 0
        assert (outcome.code, outcome.transient) == ("INTERNAL_TOPIC", False)
        assert "__consumer_offsets" in admin.topic_names()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_read_only_connection_refuses_before_asking(write: Callable[[BrokerAdmin, str], Any], broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(Connection(broker.bootstrap_servers, read_only=True)) as admin:
        with pytest.raises(ReadOnly, match="orders is a write"):
            write(admin, "orders")
        assert admin.calls == 0


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_broker_that_is_down_is_one_error(write: Callable[[BrokerAdmin, str], Any], closed_port: int) -> None:
    with (
        BrokerAdmin(Connection(f"127.0.0.1:{closed_port}", timeout=0.5)) as admin,
        pytest.raises(BrokerUnreachable),
    ):
        write(admin, "orders")


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_without_an_answer_may_have_happened(
    write: Callable[[BrokerAdmin, str], Any], broker: Any, frozen: Any
) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(Connection(broker.bootstrap_servers, timeout=0.5)) as admin:
        admin.topic_names()
        with frozen(broker.pid):
            outcome = write(admin, "orders")["orders"]
    assert outcome.transient
    assert outcome.message.endswith("or not")


def test_a_second_batch_is_sent_after_the_first_was_answered(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TOPICS_PER_ALTER", 2)
    create(broker, *(NewTopicRequest(f"t{each}") for each in range(5)))
    with BrokerAdmin(broker.connection) as admin:
        real = admin._calls.client.incremental_alter_configs
        open_requests: list[Any] = []

        def counted(resources: Any, **limits: Any) -> Any:
            assert all(future.done() for future in open_requests)
            answer = real(resources, **limits)
            open_requests.extend(answer.values())
            return answer

        monkeypatch.setattr(admin._calls.client, "incremental_alter_configs", counted)
        changes = {f"t{each}": ConfigChange({"retention.ms": "5000"}) for each in range(5)}
        assert set(admin.alter_configs(changes).values()) == {None}
        assert len(open_requests) == 5
