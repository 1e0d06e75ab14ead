"""What brokers say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.nodes import Node


@pytest.mark.broker
def test_a_broker_says_where_it_listens_and_how_it_is_set(module_broker: Any) -> None:
    record = module_broker.record
    with BrokerAdmin(module_broker.connection) as admin:
        (node,) = admin.nodes()
        assert (node.host, node.port) == (record.host, record.port)
        assert node.address == module_broker.bootstrap_servers
        configs = admin.node_configs()
    assert configs.keys() == {node.id}
    assert configs[node.id]["auto.create.topics.enable"] == "false"


def test_an_address_of_many_colons_stands_in_brackets() -> None:
    assert Node(1, "::1", 9092).address == "[::1]:9092"
    assert Node(1, "kafka", 9092).address == "kafka:9092"
