"""A look at everything: the same as its parts, in fewer calls, each sent as soon as what it asks about is known."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from omni_assets.broker import groups, offsets, reading
from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.calls import REQUESTS_IN_FLIGHT
from omni_assets.broker.connection import Connection, open_client
from omni_assets.errors import BrokerTimeout, BrokerUnreachable

pytestmark = pytest.mark.broker

TOPICS = tuple(f"onex.evt.p{each}.e.v1" for each in range(12))
ASKED = {
    "list_consumer_groups",
    "describe_cluster",
    "list_topics",
    "list_offsets",
    "list_consumer_group_offsets",
    "describe_consumer_groups",
    "describe_topics",
    "describe_configs",
}


@pytest.fixture
def peopled(broker: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A broker with topics and groups that take many batches."""
    monkeypatch.setattr(reading, "TOPICS_PER_DESCRIBE", 1)
    monkeypatch.setattr(offsets, "PARTITIONS_PER_LISTING", 2)
    monkeypatch.setattr(groups, "GROUPS_PER_DESCRIBE", 1)
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics([NewTopicRequest(name, 2) for name in TOPICS]).values()) == {None}
    for number, name in enumerate(TOPICS[:9]):
        consumer = open_client(Consumer, broker.connection, {"group.id": f"g{number}"})
        consumer.commit(offsets=[TopicPartition(name, 0, 0)], asynchronous=False)
        consumer.close()
    return broker


class Watch:
    """Notes what a client is asked for, what was known by then, and how many requests of a kind are open."""

    def __init__(self, admin: BrokerAdmin, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        self.known: dict[str, Counter[str]] = {}
        self.most: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self._open: dict[str, list[_Read]] = {}
        client = admin._calls.client
        for name in ASKED:
            monkeypatch.setattr(client, name, self._watched(name, getattr(client, name)))

    def _watched(self, call: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*asked: Any, **limits: Any) -> Any:
            kind = f"{call} {type(next(iter(asked[0].values()))).__name__}" if call == "list_offsets" else call
            self.sent.append(kind)
            self.known.setdefault(kind, Counter(self.answers))
            answer = real(*asked, **limits)
            if isinstance(answer, dict):
                # All futures of a request are answered together; reading the last one lets the next be sent.
                answer = dict(answer)
                last_key = list(answer)[-1]
                last = answer[last_key] = _Read(answer[last_key])
                opened = self._open.setdefault(kind, [])
                opened.append(last)
                self._open[kind] = [each for each in opened if not each.was_read]
                self.most[kind] = max(self.most[kind], len(self._open[kind]))
                last.on_read = lambda: self.answers.update([kind])
            return answer

        return ask


class _Read:
    """A future that knows whether its result was asked for."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future
        self.was_read = False
        self.on_read: Callable[[], None] = lambda: None

    def result(self, timeout: float | None = None) -> Any:
        answer = self._future.result(timeout)
        self.was_read = True
        self.on_read()
        return answer


def test_a_look_sees_what_its_parts_see_with_one_listing_less(peopled: Any) -> None:
    with BrokerAdmin(peopled.connection) as admin:
        snapshot = admin.snapshot(TOPICS)
        flows = admin.flows(TOPICS)
        apart = admin.calls
        seen, moving = admin.look(TOPICS)
        assert seen.calls == admin.calls - apart == apart - 1
    assert seen.topics == snapshot.topics
    assert (seen.cluster_id, seen.brokers) == (snapshot.cluster_id, snapshot.brokers)
    assert (moving.offsets, moving.groups, moving.unknown) == (flows.offsets, flows.groups, "")
    assert len(moving.groups) == 9


def test_a_look_leaves_out_the_logs_of_the_brokers_own_topics_unless_they_are_declared(peopled: Any) -> None:
    own = "__consumer_offsets"
    with BrokerAdmin(peopled.connection) as admin:
        snapshot, flows = admin.look()
        assert own in snapshot.topics
        assert flows.offsets.keys() == set(TOPICS)
        assert admin.look([own, "absent"])[1].offsets.keys() == {*TOPICS, own}


def test_each_request_is_sent_as_soon_as_what_it_asks_about_is_known(
    peopled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BrokerAdmin(peopled.connection) as admin:
        watch = Watch(admin, monkeypatch)
        admin.look(TOPICS)
        assert len(watch.sent) == admin.calls
    first, latest, newest = (f"list_offsets {spec}Spec" for spec in ("Earliest", "Latest", "MaxTimestamp"))
    # The listings wait for nothing, and the one of topics is waited for last.
    assert set(watch.sent[:3]) == {"list_consumer_groups", "describe_cluster", "list_topics"}
    # What topics and groups there are is all that these wait for.
    assert not watch.known[first]
    assert not watch.known["list_consumer_group_offsets"]
    assert not watch.known["describe_consumer_groups"]
    assert not watch.known["describe_configs"][first]
    # The ends of logs are looked at once their beginnings and all groups are known, while configs are under way.
    requests = len(TOPICS)  # of two partitions each
    for end in (latest, newest):
        assert watch.known[end][first] == requests
        assert watch.known[end]["list_consumer_group_offsets"] == 9
        assert not watch.known[end]["describe_configs"]
        assert Counter(watch.sent)[end] == requests


def test_a_few_requests_of_a_kind_are_open_at_a_time(peopled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerAdmin(peopled.connection) as admin:
        watch = Watch(admin, monkeypatch)
        admin.look(TOPICS)
    several = {kind for kind, number in Counter(watch.sent).items() if number >= REQUESTS_IN_FLIGHT}
    assert {kind.split()[0] for kind in several} >= {
        "list_offsets",
        "list_consumer_group_offsets",
        "describe_consumer_groups",
        "describe_configs",
    }
    extra = {"describe_consumer_groups": 1}  # the group that nobody has, while the others are asked for
    assert {kind: watch.most[kind] for kind in several} == {
        kind: REQUESTS_IN_FLIGHT + extra.get(kind, 0) for kind in several
    }


def test_what_one_part_could_not_see_hides_nothing_of_the_others(peopled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerAdmin(peopled.connection) as admin:
        client = admin._calls.client
        real = client.list_offsets

        def refusing(asked: dict[TopicPartition, Any], **limits: Any) -> dict[TopicPartition, Any]:
            answers = real(asked, **limits)
            for each in answers:
                if each.topic == TOPICS[0]:
                    answers[each] = Future()
                    answers[each].set_exception(KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
            return answers

        monkeypatch.setattr(client, "list_offsets", refusing)
        monkeypatch.setattr(client, "describe_configs", _spoilt(client.describe_configs, TOPICS[1]))
        snapshot, flows = admin.look(TOPICS)
    assert {name for name, each in flows.offsets.items() if each.unknown} == {TOPICS[0]}
    assert {name for name, each in snapshot.topics.items() if each.unknown} == {TOPICS[1]}
    assert not any(each.unknown for each in flows.groups.values())


def _spoilt(real: Callable[..., Any], name: str) -> Callable[..., Any]:
    def ask(resources: Any, **limits: Any) -> Any:
        if name in {each.name for each in resources}:
            raise ValueError("spoilt")
        return real(resources, **limits)

    return ask


@pytest.mark.parametrize("look", [BrokerAdmin.look, BrokerAdmin.snapshot, lambda admin: admin.flows(TOPICS)])
def test_nothing_is_collected_during_a_look_and_afterwards_as_before(
    look: Callable[[BrokerAdmin], Any], peopled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    collecting: list[bool] = []
    with BrokerAdmin(peopled.connection) as admin:
        real = admin._calls.metadata

        def metadata() -> Any:
            collecting.append(gc.isenabled())
            return real()

        monkeypatch.setattr(admin._calls, "metadata", metadata)
        for before in (True, False):
            gc.enable() if before else gc.disable()
            try:
                look(admin)
                assert gc.isenabled() is before
            finally:
                gc.enable()
    assert collecting == [False, False]


@pytest.mark.parametrize("look", [BrokerAdmin.look, lambda admin: admin.flows(TOPICS)])
def test_a_closed_port_is_unreachable_and_leaves_collecting_on(
    look: Callable[[BrokerAdmin], Any], closed_port: int
) -> None:
    with (
        BrokerAdmin(Connection(f"127.0.0.1:{closed_port}", timeout=0.5)) as admin,
        pytest.raises(BrokerUnreachable, match=r"connection refused, tried for 0.5 s"),
    ):
        look(admin)
    assert gc.isenabled()


def test_a_broker_that_stops_answering_is_a_timeout_of_the_whole_look(broker: Any, frozen: Any) -> None:
    with BrokerAdmin(Connection(broker.bootstrap_servers, timeout=0.5)) as admin:
        admin.topic_names()
        with frozen(broker.pid), pytest.raises(BrokerTimeout, match=r"the list of topics within 0.5 s"):
            admin.look(TOPICS)
