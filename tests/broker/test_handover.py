"""A group is given a place where it has none, again where it only has the one that it was given."""

from __future__ import annotations

import itertools

import pytest

from omni_assets.broker.connection import Connection
from omni_assets.broker.handover import give
from omni_assets.errors import ReadOnly
from tests.support import tampering
from tests.support.migrated import positions

pytestmark = pytest.mark.broker

NAMES = itertools.count()


@pytest.fixture
def topic(module_broker):
    name = f"handed-over-{next(NAMES)}"
    tampering.create(module_broker.client, name, 2)
    return name


def test_a_place_is_given_until_the_group_has_one_of_its_own(module_broker, topic):
    connection, address = module_broker.connection, module_broker.bootstrap_servers
    group = f"group-of-{topic}"
    assert give(connection, group, topic, {0: 3, 1: 0}, "mark")
    assert positions(address, group, topic, 2) == {0: 3, 1: 0}
    assert give(connection, group, topic, {0: 5, 1: 1}, "mark")
    assert positions(address, group, topic, 2) == {0: 5, 1: 1}
    tampering.commit(address, group, topic, 7)
    assert not give(connection, group, topic, {0: 9, 1: 9}, "mark")
    assert positions(address, group, topic, 2) == {0: 7, 1: 1}


def test_the_mark_of_another_is_left_alone(module_broker, topic):
    group = f"group-of-{topic}"
    assert give(module_broker.connection, group, topic, {0: 3}, "theirs")
    assert not give(module_broker.connection, group, topic, {0: 5}, "ours")
    assert positions(module_broker.bootstrap_servers, group, topic, 1) == {0: 3}


def test_nothing_is_given_where_only_reading_is_allowed(module_broker, topic):
    with pytest.raises(ReadOnly):
        give(Connection(module_broker.bootstrap_servers, read_only=True), "group", topic, {0: 3}, "mark")
