"""What is appended is there once, in the order of its keys, and comes back as it was; what was not is named."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.broker import ledger
from omni_assets.broker.connection import Connection
from omni_assets.broker.ledger import Appender, LedgerRecord, Place
from omni_assets.broker.transfer import Target
from omni_assets.errors import BrokerRefused, ReadOnly

pytestmark = pytest.mark.broker

NAMES = itertools.count()


@pytest.fixture
def topic(module_broker):
    name = f"ledger-{next(NAMES)}"
    module_broker.client.create_topics([NewTopic(name, 3, 1)])[name].result()
    return name


def record(number, key="pull-1", value=b"{}"):
    return LedgerRecord(f"id-{number}", key, value, {"ce_id": f"id-{number}", "note": "ü"})


def test_records_come_back_as_they_were(module_broker, topic):
    sent = [record(number, f"pull-{number % 5}", f"value {number}".encode()) for number in range(200)]
    appended = ledger.append(module_broker.connection, Target(topic, 3), sent)
    assert appended.errors == {}
    found = list(ledger.read(module_broker.connection, topic, 3))
    assert {each.headers["ce_id"]: each.place for each in found} == appended.places
    by_id = {each.headers["ce_id"]: each for each in found}
    for each in sent:
        assert by_id[each.id][2:] == (each.key, each.value, dict(each.headers))
    for key in {each.key for each in sent}:
        places = [appended.places[each.id] for each in sent if each.key == key]
        assert len({place.partition for place in places}) == 1
        assert places == sorted(places), "a key's records stay in their order"
    assert all(each.at_ms > 0 for each in found)


def test_several_threads_append_by_one_client_and_each_hears_of_its_own(module_broker, topic):
    appender = Appender(module_broker.connection, Target(topic, 3))
    batches = [[record(10 * batch + number, f"pull-{batch}") for number in range(10)] for batch in range(12)]
    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(appender.append, batches))
    assert [each.errors for each in told] == [{}] * 12
    assert [set(each.places) for each in told] == [{one.id for one in batch} for batch in batches]
    found = [each.headers["ce_id"] for each in ledger.read(module_broker.connection, topic, 3)]
    assert sorted(found) == sorted(one.id for batch in batches for one in batch)


def test_appending_nothing_and_reading_an_empty_topic(module_broker, topic):
    assert ledger.append(module_broker.connection, Target(topic, 3), []).places == {}
    assert list(ledger.read(module_broker.connection, topic, 3)) == []


def test_a_topic_that_is_not_there_is_not_made(module_broker):
    connection = Connection(module_broker.bootstrap_servers, timeout=2)
    appended = ledger.append(connection, Target("never-made", 3), [record(1)])
    assert appended.places == {}
    assert appended.errors["id-1"].message
    assert "never-made" not in module_broker.client.list_topics(timeout=5).topics


def test_a_broker_that_is_down_is_waited_for_no_longer_than_a_call_may_take(closed_port):
    connection = Connection(f"127.0.0.1:{closed_port}", timeout=1)
    appended = ledger.append(connection, Target("ledger", 3), [record(1), record(2)])
    assert set(appended.errors) == {"id-1", "id-2"}
    assert all(error.transient for error in appended.errors.values())


def test_what_is_too_large_does_not_hold_up_the_others(module_broker):
    name = f"ledger-{next(NAMES)}"
    module_broker.client.create_topics([NewTopic(name, 1, 1, config={"max.message.bytes": "2000"})])[name].result()
    large = record(1, value=random.Random(1).randbytes(10_000))  # compression makes nothing of it
    appender = Appender(module_broker.connection, Target(name, 1, 2_000))
    appended = appender.append([record(0), large, record(2)])
    assert set(appended.places) == {"id-0", "id-2"}
    assert (appended.errors["id-1"].code, appended.errors["id-1"].transient) == ("MSG_SIZE_TOO_LARGE", False)
    assert set(appender.append([record(3)]).places) == {"id-3"}


def test_nothing_is_appended_read_only(module_broker, topic):
    with pytest.raises(ReadOnly, match="OMNI_READONLY"):
        ledger.append(Connection(module_broker.bootstrap_servers, read_only=True), Target(topic, 3), [record(1)])
    assert list(ledger.read(module_broker.connection, topic, 3)) == []


def test_reading_a_topic_that_is_not_there_is_refused(module_broker):
    with pytest.raises(BrokerRefused):
        list(ledger.read(Connection(module_broker.bootstrap_servers, timeout=3), "never-made-either", 1))


def test_records_of_somebody_else_are_read_too(module_broker, topic):
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": module_broker.bootstrap_servers, "log_level": 0})
    producer.produce(topic, value=None, headers=[("odd", b"\xff"), ("none", None)], partition=1)
    assert producer.flush(10) == 0
    (found,) = ledger.read(module_broker.connection, topic, 3)
    assert found.place == Place(1, 0)
    assert (found.key, found.value, found.headers) == (None, b"", {})
