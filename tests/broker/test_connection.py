from __future__ import annotations

import subprocess
import sys

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from omni_assets.broker.connection import Connection, client_config, open_client
from omni_assets.errors import SettingsError


@pytest.mark.parametrize(
    "address",
    ["localhost", "127.0.0.1:9092", "a:1,b:65535", "a:1, b:2", "[::1]:9092", "SASL_SSL://broker.example:9093"],
)
def test_addresses_that_librdkafka_takes_are_taken(address: str) -> None:
    assert client_config(Connection(address))["bootstrap.servers"] == address


@pytest.mark.parametrize(
    "address", ["", ",", "a:1,", "a:0", "a:65536", "a:99999", "a:b", "http://a:1/x", "a b", "::1:9092"]
)
def test_addresses_that_would_be_misread_are_refused(address: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Connection(address)
    assert f"`{address}`" in refused.value.message
    assert "host:port" in refused.value.remedy


def test_no_representation_shows_a_property() -> None:
    assert "hunter2" not in repr(Connection("a:1", {"sasl.password": "hunter2"}))


def test_properties_are_passed_on_but_never_weaken_what_holds() -> None:
    config = client_config(
        Connection("a:1", {"client.id": "mine", "allow.auto.create.topics": "true", "bootstrap.servers": "b:2"})
    )
    assert config["client.id"] == "mine"
    assert config["allow.auto.create.topics"] is False
    assert config["bootstrap.servers"] == "a:1"


@pytest.mark.parametrize("seconds", [0.01, 15.0, 3599.0])
@pytest.mark.parametrize("factory", [AdminClient, Producer])
def test_any_timeout_makes_a_client(factory: type, seconds: float) -> None:
    open_client(factory, Connection("127.0.0.1:1", timeout=seconds))


def test_a_consumer_is_made_too() -> None:
    open_client(Consumer, Connection("127.0.0.1:1"), {"group.id": "g"}).close()


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"no.such.property": "hunter2"}, "no.such.property"),
        ({"security.protocol": "hunter2"}, "security.protocol"),
        ({"socket.timeout.ms": "hunter2"}, "socket.timeout.ms"),
        ({"socket.timeout.ms": "99999999"}, "socket.timeout.ms"),
        ({"error_cb": "hunter2"}, "error_cb"),
        ({"default.topic.config": "hunter2"}, "broker properties"),
        ({"sasl.mechanisms": "PLAIN", "security.protocol": "SASL_SSL"}, "sasl.username"),
        ({"security.protocol": "SSL", "ssl.key.pem": "hunter2", "ssl.key.password": "hunter2"}, "ssl.key.pem"),
    ],
)
def test_a_property_that_is_not_accepted_is_named_without_its_value(properties: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_client(AdminClient, Connection("127.0.0.1:1", properties))
    assert named in refused.value.message
    assert "hunter2" not in str(refused.value)
    assert "99999999" not in str(refused.value)
    assert "OMNI_KAFKA_" in refused.value.remedy


def test_what_librdkafka_says_is_shown_without_secrets() -> None:
    connection = Connection(
        "a:1", {"sasl.oauthbearer.config": "hunter2", "sasl.password": "hunter22", "sasl.username": "omni"}
    )
    said = connection.redacted("cannot use hunter2 or hunter22 of omni at https://me:pass@idp.example/token")
    assert said == "cannot use *** or *** of omni at https://***@idp.example/token"


def test_an_address_with_a_password_is_refused_without_it() -> None:
    with pytest.raises(SettingsError) as refused:
        Connection("SASL_SSL://me:hunter2@broker.example:9093")
    assert "hunter2" not in str(refused.value)
    assert "broker.example" in refused.value.message


def test_neither_connections_nor_snapshots_nor_records_bring_in_the_client() -> None:
    modules = ["connection", "snapshot", "topics", "local.lifecycle"]
    imports = "; ".join(f"import omni_assets.broker.{module}" for module in modules)
    program = f"import sys; {imports}; sys.exit('confluent_kafka' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
