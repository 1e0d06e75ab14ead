"""The broker, with each fault for real: one that is stopped, is spoken to in another way, or sends its clients away."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from omni_assets.broker.nodes import Node
from omni_assets.broker.topics import TopicError
from omni_assets.errors import BrokerRefused, BrokerUnreachable, NoContracts, SettingsError
from omni_assets.operations.context import Context
from omni_assets.operations.doctor import broker
from omni_assets.operations.doctor.examination import Answer, Told
from omni_assets.operations.doctor.examining import examine
from omni_assets.operations.provision import provision
from omni_assets.projection.rows import TrustedRow
from omni_assets.projection.store import Projection

CONTRACT = "event_bus:\n  publish_topics: [onex.evt.router.routed.v1]\n"


@pytest.fixture
def project(write_contract: Callable[..., Path], context_of: Callable[..., Context]) -> Callable[..., Context]:
    write_contract(CONTRACT)
    return context_of


@pytest.fixture
def http_port() -> Iterator[int]:
    """A port where HTTP is spoken, and not Kafka's protocol."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def answers(context: Context) -> dict[str, Told]:
    return {check.question.name: check.told for check in examine([broker.area(context, context.manifest())]).checks}


@pytest.mark.broker
def test_a_broker_that_is_well_and_one_that_creates_what_is_only_asked_for(module_broker: Any, project: Any) -> None:
    context = project(module_broker.bootstrap_servers, {"OMNI_READONLY": "1"})
    provision(project(module_broker.bootstrap_servers), context.manifest())
    told = answers(context)
    assert {name: each.answer for name, each in told.items() if each.answer is not Answer.OK} == {
        "broker.cluster": Answer.UNKNOWN,  # every broker of this kind has the same id
        "rights.observe": Answer.UNKNOWN,  # and it tells no rights
    }
    assert told["broker.listeners"].seen == module_broker.bootstrap_servers
    assert told["rights.work"].seen == "not asked for: OMNI_READONLY forbids every write"
    assert answers(project(module_broker.bootstrap_servers))["rights.provision"].answer is Answer.UNKNOWN
    set_auto_create(module_broker, "true")
    assert answers(context)["broker.auto_create"].answer is Answer.WARNING
    set_auto_create(module_broker, "false")


@pytest.mark.broker
def test_ways_to_speak_to_it_that_it_does_not_know(module_broker: Any, project: Any, http_port: int) -> None:
    told = answers(project(module_broker.bootstrap_servers, {"OMNI_KAFKA_SECURITY_PROTOCOL": "SSL"}))
    assert told["broker.reachable"].answer is Answer.PROBLEM
    assert "OMNI_KAFKA_S" in told["broker.reachable"].remedy
    assert told["broker.engine"].seen == "not asked, since the broker was not reached"
    told = answers(project(f"127.0.0.1:{http_port}"))
    assert "speaks another protocol" in told["broker.reachable"].remedy
    told = answers(project(module_broker.bootstrap_servers, {"OMNI_KAFKA_NO_SUCH_THING": "1"}))
    assert "no.such.thing" in told["broker.properties"].seen
    assert told["broker.reachable"].answer is Answer.UNKNOWN


def test_nobody_answers(closed_port: int, project: Any) -> None:
    told = answers(project(f"127.0.0.1:{closed_port}"))
    assert told["broker.reachable"].answer is Answer.PROBLEM
    assert "connection refused" in told["broker.reachable"].seen
    assert {each.answer for name, each in told.items() if name.startswith(("rights", "clock"))} == {Answer.UNKNOWN}


def test_what_cannot_be_read_is_said_to_keep_the_broker_from_being_asked() -> None:
    unread = examine([broker.area(SettingsError("no", ""), NoContracts(["x"]))])
    assert {check.told.seen for check in unread.checks} == {"not asked, since the settings cannot be read"}


@pytest.mark.parametrize(
    ("error", "way"),
    [
        (BrokerUnreachable("a:1", "TLS handshake failed", 5), "OMNI_KAFKA_SSL_CA_LOCATION"),
        (BrokerUnreachable("a:1", "name not resolved", 5), "getent hosts"),
        (BrokerUnreachable("a:1", "connecting timed out", 5), "firewall"),
        (BrokerUnreachable("a:1", "connection refused", 5), "omni broker start"),
        (BrokerRefused("the connection", "authentication failed"), "OMNI_KAFKA_SASL_MECHANISM"),
    ],
)
def test_each_way_to_fail_has_its_way_out(error: Any, way: str) -> None:
    told = broker.unreachable(error)
    assert (told.answer, way in told.remedy) == (Answer.PROBLEM, True)


def test_listeners_that_clients_are_sent_to_and_that_nobody_answers_at(closed_port: int, http_port: int) -> None:
    there, nowhere = Node(1, "127.0.0.1", http_port), Node(2, "127.0.0.1", closed_port)
    unresolved = Node(3, "kafka-3.invalid", 9092)
    assert broker.listeners([there]).answer is Answer.OK
    told = broker.listeners([there, nowhere, unresolved])
    assert told.answer is Answer.PROBLEM
    assert f"broker 2 says 127.0.0.1:{closed_port}: connection refused" in told.seen.lower()
    assert "broker 3 says kafka-3.invalid:9092: " in told.seen
    assert "advertised.listeners" in told.remedy


def test_another_cluster_than_before(project: Any) -> None:
    context = project("127.0.0.1:1")
    assert broker.meant(context, "one").answer is Answer.OK
    at = datetime(2026, 1, 1, tzinfo=UTC)
    Projection(context.home).record_trusted(TrustedRow(context.environment, "one", 1, "me", "observed", at))
    assert broker.meant(context, "one").seen == "one, as before"
    told = broker.meant(context, "two")
    assert (told.answer, "--acknowledge" in told.remedy) == (Answer.PROBLEM, True)
    assert broker.meant(context, "").answer is Answer.UNKNOWN
    (context.home / "projection.duckdb").write_bytes(b"no database" * 1000)
    assert broker.meant(context, "two").answer is Answer.UNKNOWN
    assert broker.meant(replace(context, environment="other"), "two").answer is Answer.UNKNOWN


def test_configs_that_are_not_shown_say_nothing() -> None:
    hidden = TopicError("CLUSTER_AUTHORIZATION_FAILED", "not authorised on the cluster")
    off = {"auto.create.topics.enable": "false"}
    assert broker.auto_create({1: off, 2: off}).answer is Answer.OK
    assert broker.auto_create({1: off, 2: hidden}).answer is Answer.UNKNOWN
    assert broker.auto_create({1: off, 2: {}}).answer is Answer.UNKNOWN
    assert broker.auto_create({1: hidden, 2: {"auto.create.topics.enable": "true"}}).answer is Answer.WARNING
    assert broker.auto_create({}).answer is Answer.UNKNOWN


def test_what_kind_of_broker_it_is() -> None:
    node = Node(1, "a", 1)
    assert broker.engine([node], {1: {"log.cleaner.enable": "true"}}) == "Apache Kafka, 1 broker"
    assert broker.engine([node, node], {}, ["redpanda.remote.write"]) == "Redpanda, 2 brokers"
    assert broker.engine([node], {1: {"inter.broker.protocol.version": "3.9"}}) == (
        "a broker that speaks Kafka's protocol 3.9, 1 broker"
    )
    assert broker.engine([node], {}, local="noida") == "noida, 1 broker"


def set_auto_create(running: Any, value: str) -> None:
    entry = ConfigEntry("auto.create.topics.enable", value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[entry])
    for future in running.client.incremental_alter_configs([resource]).values():
        future.result()
