"""However one is known to a broker, by password, token or certificate, every client of it is known so: those that look
and change, that write, that read, and those of workers, with their transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from omni_assets.broker.connection import Connection
from omni_assets.errors import BrokerError
from omni_assets.operations.provision import provision
from tests.security.test_acls import CREATED, SETS, World, begun, do, do_again, hand_in, look
from tests.support.identity_provider import IdentityProvider
from tests.support.kafka_cluster import KafkaCluster
from tests.support.kafka_rights import given
from tests.support.kafka_secured import LIMITED, certified, connection_of

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SECRET = "right-hush-2f60aa"  # noqa: S105 - of a provider that lives as long as a test
EVERY_RIGHT = frozenset(right for rights in SETS.values() for right in rights)
WAYS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "a token of a provider", "a certificate")
WRONG = ("PLAIN", "SCRAM-SHA-512", "a token of a provider", "no certificate", "an authority that is not trusted")


@pytest.fixture(scope="module")
def world(one_secured_broker: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = begun(one_secured_broker, tmp_path_factory.mktemp("ways"))
    yield made
    made.gone(*CREATED)


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    made = IdentityProvider(SECRET, LIMITED)
    yield made
    made.close()


@pytest.fixture
def by(world: World, provider: IdentityProvider) -> Callable[[str], World]:
    """The world of somebody who comes in so."""
    cluster = world.cluster
    authority = cluster.flavour.properties["ssl.ca.location"]

    def connection(way: str) -> Connection:
        if way == "a certificate":
            return certified(cluster)
        if way == "a token of a provider":
            return Connection(cluster.bootstrap_servers, provider.properties(SECRET, authority))
        return connection_of(cluster, LIMITED, mechanism=way)

    return lambda way: replace(world, limited=connection(way))


@pytest.mark.parametrize("way", WAYS)
def test_every_client_comes_in_so(way: str, by: Callable[[str], World]) -> None:
    world = by(way)
    world.ask()
    with given(world.cluster, EVERY_RIGHT):
        assert look(world) == ""
        context = world.context()
        assert provision(context, context.manifest()).clean
        assert hand_in(world) == ""
        assert do(world) == ""
        assert do_again(world) == ""


@pytest.mark.parametrize("way", WRONG)
def test_who_is_not_known_is_told_so_by_every_client_and_no_secret_is(
    way: str, world: World, provider: IdentityProvider
) -> None:
    cluster = world.cluster
    wrong = "wrong-hush-77aa01"
    authority = cluster.flavour.properties["ssl.ca.location"]
    if way == "a token of a provider":
        limited = Connection(cluster.bootstrap_servers, provider.properties(wrong, authority))
    elif way == "no certificate":
        known = certified(cluster)
        kept = {name: value for name, value in known.properties.items() if "keystore" not in name}
        limited = replace(known, properties=kept)
    elif way == "an authority that is not trusted":
        known = connection_of(cluster, LIMITED)
        limited = replace(
            known, properties={**known.properties, "ssl.ca.location": authority.replace("broker", LIMITED)}
        )
    else:
        limited = connection_of(cluster, LIMITED, wrong, way)
    stranger = replace(world, limited=limited)
    for attempt in (look, hand_in, do, do_again):
        with pytest.raises(BrokerError) as refused:
            attempt(stranger)
        said = str(refused.value)
        assert "authentic" in said or "TLS" in said or "invalid_client" in said, said
        assert wrong not in said
