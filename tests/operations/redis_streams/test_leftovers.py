"""Streams held against contracts."""

from __future__ import annotations

import pytest

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.naming import Grammar
from omni_assets.operations.redis_streams.entries import EntryId, Group, Stream
from omni_assets.operations.redis_streams.leftovers import Kind, leftovers

TOPIC = "onex.evt.shop.order-placed.v1"


def stream(name: str, *groups: Group) -> Stream:
    return Stream(name, 12, EntryId(1, 0), EntryId(9, 0), 12, groups)


@pytest.fixture
def found(tmp_path):
    """What is left behind in streams, where one contract declares the topic; with ``text`` in another contract."""

    def look(*streams, text=""):
        (tmp_path / "contract.yaml").write_text(
            f"name: shop\nevent_bus:\n  publish_topics:\n    - {TOPIC}\n", encoding="utf-8"
        )
        if text:
            (tmp_path / "more").mkdir()
            (tmp_path / "more" / "contract.yaml").write_text(text, encoding="utf-8")
        return leftovers(streams, ContractTopicExtractor().extract([str(tmp_path)]), Grammar())

    return look


def test_a_stream_whose_topic_is_declared_is_left_behind(found):
    (each,) = found(stream(TOPIC))
    assert (each.kind, each.topic, each.entries) == (Kind.DECLARED, TOPIC, 12)
    assert "contract.yaml:4), and its stream still holds 12 records." in each.message
    assert each.fix == f"`omni migrate redis-streams {TOPIC} --to {TOPIC}` brings them there."


def test_a_name_that_is_nearly_the_same_is_told_with_the_reason(found):
    (each,) = found(stream("onex.evt.shop.order_placed.v1"))
    assert (each.kind, each.topic) == (Kind.NEAR, TOPIC)
    assert "they differ in `_` and `-`" in each.message
    assert f"--to {TOPIC}`" in each.fix


def test_a_stream_of_no_topic_is_told(found):
    (each,) = found(stream("celery-results"))
    assert (each.kind, each.topic) == (Kind.UNDECLARED, "")


def test_where_a_contract_cannot_be_read_it_may_be_declared(found):
    (each,) = found(stream("celery-results"), text="name: [\n")
    assert each.kind is Kind.UNKNOWN


def test_groups_with_pending_entries_stand_beneath_their_stream(found):
    idle, busy = Group("idle", EntryId(9, 0), 0, 1), Group("busy", EntryId(9, 0), 3, 2)
    first, second, third = found(stream(TOPIC, busy, idle), stream("celery-results", idle))
    assert [first.kind, second.kind, third.kind] == [Kind.DECLARED, Kind.PENDING, Kind.UNDECLARED]
    assert (second.group, second.entries) == ("busy", 3)
    assert second.message == f"the group `busy` of `{TOPIC}` was given 3 records that nobody acknowledged."
