"""Consumer groups of a real broker: who reads, and how far."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupState, KafkaError, KafkaException, Producer, TopicPartition

from omni_assets.broker import groups
from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.connection import Connection, open_client

pytestmark = pytest.mark.broker


def create(broker: Any, *requests: NewTopicRequest) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics(requests).values()) == {None}


def commit(broker: Any, group: str, *offsets: tuple[str, int, int]) -> None:
    """Committed offsets of a group that has no members."""
    consumer = open_client(Consumer, broker.connection, {"group.id": group})
    consumer.commit(offsets=[TopicPartition(*each) for each in offsets], asynchronous=False)
    consumer.close()


def joined(broker: Any, group: str, topic: str) -> Consumer:
    """A member of a group that holds its partitions and has committed nothing."""
    consumer = open_client(Consumer, broker.connection, {"group.id": group, "enable.auto.commit": False})
    consumer.subscribe([topic])
    while not consumer.assignment():
        consumer.poll(0.05)
    return consumer


def test_groups_have_their_members_and_their_offsets(broker: Any) -> None:
    create(broker, NewTopicRequest("orders", 3), NewTopicRequest("unread"))
    commit(broker, "past", ("orders", 0, 5), ("orders", 2, 7))
    reader = joined(broker, "present", "orders")
    with BrokerAdmin(broker.connection) as admin:
        flows = admin.flows(["orders"])
    reader.close()
    past, present = flows.groups["past"], flows.groups["present"]
    assert (past.state, past.members, past.unknown) == ("empty", 0, "")
    assert past.committed == {("orders", 0): 5, ("orders", 2): 7}
    assert (present.state, present.members, present.committed) == ("stable", 1, {})
    assert past.topics == present.topics == present.assigned == {"orders"}
    assert not flows.unknown


def test_a_group_is_never_ahead_of_the_log_that_it_reads(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    producer = open_client(Producer, broker.connection)
    with BrokerAdmin(broker.connection) as admin:
        real = admin._calls.client.list_consumer_group_offsets

        def and_more(*asked: Any, **limits: Any) -> Any:
            """Between the two looks, a record comes and is read."""
            answer = real(*asked, **limits)
            next(iter(answer.values())).result()
            producer.produce("orders", value=b"x")
            assert producer.flush(10) == 0
            commit(broker, "g", ("orders", 0, 1))
            return answer

        commit(broker, "g", ("orders", 0, 0))
        admin._calls.client.list_consumer_group_offsets = and_more
        flows = admin.flows(["orders"])
    assert flows.groups["g"].committed["orders", 0] <= flows.offsets["orders"].latest[0] == 1


def test_a_group_whose_member_was_killed_is_seen_with_what_the_broker_counts(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"))
    program = f"""
from confluent_kafka import Consumer
reader = Consumer({{"bootstrap.servers": "{broker.bootstrap_servers}", "group.id": "g", "enable.auto.commit": False}})
reader.subscribe(["orders"])
while not reader.assignment():
    reader.poll(0.05)
print("joined", flush=True)
input()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "joined\n"
        child.send_signal(signal.SIGKILL)
    with BrokerAdmin(broker.connection) as admin:
        group = admin.flows(["orders"]).groups["g"]
    # The embedded broker never expires a dead member, so all that can be told is that it has not moved.
    assert (group.state, group.members, group.topics) == ("stable", 1, {"orders"})
    assert group.committed == {}


def test_offsets_of_a_topic_that_was_deleted_stay_with_the_group(broker: Any) -> None:
    create(broker, NewTopicRequest("orders"), NewTopicRequest("stays"))
    commit(broker, "g", ("orders", 0, 5), ("stays", 0, 0))
    broker.client.delete_topics(["orders"])["orders"].result()
    with BrokerAdmin(broker.connection) as admin:
        flows = admin.flows(["orders", "stays"])
    assert flows.groups["g"].topics >= {"stays"}
    assert flows.offsets["orders"].unknown == "it is not listed"


def test_calls_grow_with_the_groups(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "GROUPS_PER_DESCRIBE", 4)
    create(broker, NewTopicRequest("orders"))
    for each in range(10):
        commit(broker, f"g{each}", ("orders", 0, each))
    with BrokerAdmin(broker.connection) as admin:
        flows = admin.flows(["orders"])
        # Topics, groups, rights on the cluster and on a group, three descriptions, ten offsets; three ends of logs.
        assert admin.calls == 1 + 1 + 2 + 3 + 10 + 3
    assert {name: group.committed["orders", 0] for name, group in flows.groups.items()} == {
        f"g{each}": each for each in range(10)
    }


def refusing(real: Callable[..., Any], name: str, code: int) -> Callable[..., Any]:
    """Stands in for a broker with ACLs, which the embedded one does not have."""

    def ask(asked: list[Any], **limits: Any) -> dict[str, Future[Any]]:
        answers = dict(real(asked, **limits))
        if name in answers:
            answers[name] = Future()
            answers[name].set_exception(KafkaException(KafkaError(code)))
        return answers

    return ask


@pytest.mark.parametrize(
    ("call", "unknown"),
    [
        ("describe_consumer_groups", "it could not be described: not authorised on the group"),
        ("list_consumer_group_offsets", "its offsets could not be listed: not authorised on the group"),
    ],
)
def test_a_group_that_may_not_be_seen_hides_no_other(
    call: str, unknown: str, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(broker, NewTopicRequest("orders"))
    commit(broker, "barred", ("orders", 0, 1))
    commit(broker, "open", ("orders", 0, 2))
    with BrokerAdmin(broker.connection) as admin:
        client = admin._calls.client
        monkeypatch.setattr(
            client, call, refusing(getattr(client, call), "barred", KafkaError.GROUP_AUTHORIZATION_FAILED)
        )
        seen = admin.flows(["orders"]).groups
    assert seen["barred"].unknown == unknown
    assert (seen["open"].unknown, seen["open"].committed) == ("", {("orders", 0): 2})


@pytest.mark.parametrize("gone", ["dead", "no such group"])
def test_a_live_group_that_is_described_as_dead_is_not_taken_for_one_without_members(
    gone: str, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As brokers answer where a client asks in a way that the group's protocol does not have."""
    create(broker, NewTopicRequest("orders"))
    commit(broker, "g", ("orders", 0, 1))
    with BrokerAdmin(broker.connection) as admin:
        client = admin._calls.client
        describe = refusing(client.describe_consumer_groups, "g", KafkaError.GROUP_ID_NOT_FOUND)
        if gone == "dead":

            def describe(names: list[str], **limits: Any) -> dict[str, Future[Any]]:
                future: Future[Any] = Future()
                future.set_result(SimpleNamespace(state=ConsumerGroupState.DEAD, members=[]))
                return dict.fromkeys(names, future)

        monkeypatch.setattr(client, "describe_consumer_groups", describe)
        group = admin.flows(["orders"]).groups["g"]
    assert group.state == "empty"
    assert group.unknown == "its members are not shown to this client"
    assert group.committed == {("orders", 0): 1}


def test_groups_that_could_not_be_listed_are_not_taken_for_none(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(broker.connection) as admin:
        refused: Future[Any] = Future()
        refused.set_exception(KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED)))
        monkeypatch.setattr(admin._calls.client, "list_consumer_groups", lambda **_: refused)
        flows = admin.flows(["orders"])
    assert flows.unknown.startswith("no consumer group could be listed")
    assert "not authorised on the cluster" in flows.unknown
    assert flows.offsets["orders"].most_records == 0


def test_groups_that_may_be_hidden_are_not_taken_for_none(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Kafka answers who may describe neither the cluster nor a group: with a listing that is empty."""
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(broker.connection) as admin:
        client = admin._calls.client
        describe = refusing(client.describe_consumer_groups, groups._NOBODY, KafkaError.GROUP_AUTHORIZATION_FAILED)
        monkeypatch.setattr(client, "describe_consumer_groups", describe)
        assert admin.flows(["orders"]).unknown == "consumer groups may be hidden: not authorised on the group"


def test_one_broker_that_does_not_list_its_groups_is_said(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create(broker, NewTopicRequest("orders"))
    commit(broker, "g", ("orders", 0, 1))
    with BrokerAdmin(broker.connection) as admin:
        listed = broker.client.list_consumer_groups().result()
        listed.errors = [KafkaError(KafkaError.COORDINATOR_NOT_AVAILABLE)]
        partial: Future[Any] = Future()
        partial.set_result(listed)
        monkeypatch.setattr(admin._calls.client, "list_consumer_groups", lambda **_: partial)
        flows = admin.flows(["orders"])
    assert flows.unknown == "consumer groups of some brokers could not be listed: no coordinator at the moment"
    assert flows.groups.keys() == {"g"}


def test_a_broker_that_stops_answering_leaves_flows_unknown(
    broker: Any, frozen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(broker, NewTopicRequest("orders"))
    with BrokerAdmin(Connection(broker.bootstrap_servers, timeout=0.5)) as admin:
        metadata = admin._calls.metadata()
        monkeypatch.setattr(admin._calls, "metadata", lambda: metadata)
        with frozen(broker.pid):
            flows = admin.flows(["orders"])
    assert flows.unknown == "consumer groups of some brokers could not be listed: no answer in time"
    assert "no answer in time" in flows.offsets["orders"].unknown
    assert flows.offsets["orders"].most_records is None


def test_an_answer_that_comes_too_late_does_not_end_the_process(broker: Any) -> None:
    """librdkafka aborts where it gave up on a group's coordinator before the coordinator answered."""
    create(broker, NewTopicRequest("orders"))
    commit(broker, "g", ("orders", 0, 1))
    program = f"""
import os, signal, time
from pathlib import Path
from omni_assets.broker import groups
from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.connection import Connection
with BrokerAdmin(Connection("{broker.bootstrap_servers}", timeout=0.5)) as admin:
    admin.topic_names()
    os.kill({broker.pid}, signal.SIGSTOP)
    try:
        while any(" T " not in each.read_text() for each in Path("/proc/{broker.pid}/task").glob("*/stat")):
            time.sleep(0.001)
        asked = [ask(admin._calls, ["g"]) for ask in (groups._offsets, groups._descriptions)]
        late = [answer.silent for answers in asked for _, answer in answers]
    finally:
        os.kill({broker.pid}, signal.SIGCONT)
    time.sleep(1)
    print(late, dict(admin.flows(["orders"]).groups["g"].committed))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[True, True] {('orders', 0): 1}\n"), done.stderr
