"""The broker that OMNI_TEST_BOOTSTRAP names: Redpanda of docker/compose.yaml in CI, or another for tests alone.

Every topic and group on it is removed behind each test, so that a broker which holds somebody's topics is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest
from confluent_kafka.admin import AdminClient

from omni_assets.broker.connection import Connection, open_client
from tests.operations.conftest import context_of, write_contract
from tests.support.tampering import wait_until

__all__ = ["context_of", "write_contract"]

VARIABLE = "OMNI_TEST_BOOTSTRAP"
_ASK_SECONDS, _GONE_SECONDS = 30.0, 60.0
_INTERNAL = ("_", "kafka.")


@dataclass(frozen=True)
class NamedBroker:
    """A broker for tests alone. ``client`` is a plain admin client, for changes behind omni's back."""

    bootstrap_servers: str

    @property
    def connection(self) -> Connection:
        return Connection(self.bootstrap_servers)

    @cached_property
    def client(self) -> AdminClient:
        return open_client(AdminClient, self.connection)

    def topics(self) -> list[str]:
        """Those that are nobody's internal ones."""
        found = self.client.list_topics(timeout=_ASK_SECONDS).topics
        return sorted(each for each in found if not each.startswith(_INTERNAL))

    def empty(self) -> None:
        """Remove every topic and group."""
        if topics := self.topics():
            for deleted in self.client.delete_topics(topics, request_timeout=_ASK_SECONDS).values():
                deleted.result()
            wait_until(lambda: not self.topics(), "the topics of a test to be gone", _GONE_SECONDS)
        listed = self.client.list_consumer_groups(request_timeout=_ASK_SECONDS).result().valid
        if groups := [each.group_id for each in listed]:
            for gone in self.client.delete_consumer_groups(groups, request_timeout=_ASK_SECONDS).values():
                gone.result()


@pytest.fixture(scope="session")
def named_broker() -> NamedBroker:
    """Skips, with the reason, where none is named; fails where the one that is holds topics already."""
    address = os.environ.get(VARIABLE)
    if not address:
        pytest.skip(f"{VARIABLE} names no broker: `host:port` of one that is there for tests alone")
    broker = NamedBroker(address)
    assert broker.topics() == [], f"the broker at {address} holds somebody's topics: name one for tests alone"
    return broker


@pytest.fixture
def broker(named_broker: NamedBroker) -> Iterator[NamedBroker]:
    """The named broker, without a topic."""
    yield named_broker
    named_broker.empty()
