"""Intents in their topic: appended so that they stay, and read back by whoever takes over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.agents.effects import Recalled
from omni_assets.agents.events import Event
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.publishing import Outlet
from omni_assets.agents.task_context import TaskContext
from omni_assets.broker.assignment import Partition, Place
from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import Handler, Manifest
from omni_assets.errors import ReadOnly
from omni_assets.operations.agents.approving import approvals_of
from omni_assets.operations.agents.intents import effects_of, recalled
from omni_assets.operations.agents.working import staffed
from omni_assets.operations.context import Context, resolve

pytestmark = pytest.mark.broker

ASKED = "onex.cmd.merger.merge-branch.v1"
_NUMBERS = itertools.count(1)
CAUSE = Event("e1", "/tests", ASKED)


@pytest.fixture
def intents(module_broker: Any) -> str:
    """A topic with two partitions that no other test has."""
    name = f"onex.evt.merger.intents-{next(_NUMBERS)}.v1"
    for made in module_broker.client.create_topics([NewTopic(name, 2, 1)]).values():
        made.result(20)
    return name


@pytest.fixture
def context(tmp_path: Path, module_broker: Any) -> Context:
    environ = {"OMNI_HOME": str(tmp_path / "state"), "OMNI_BROKER_TIMEOUT": "5"}
    return resolve([], bootstrap_servers=module_broker.bootstrap_servers, environ=environ, folder=tmp_path)


@pytest.fixture
def others(module_broker: Any) -> Iterator[Producer]:
    """A producer within a transaction."""
    producer = Producer({"bootstrap.servers": module_broker.bootstrap_servers, "transactional.id": "i", "log_level": 0})
    producer.init_transactions(10)
    producer.begin_transaction()
    yield producer
    producer.purge()


def contract(folder: Path, intents: str) -> tuple[Manifest, Handler]:
    """The node `merger`, whose intents go to a topic of the kind that the test's topics are of."""
    node = folder / "contracts" / "merger"
    node.mkdir(parents=True)
    (node / "contract.yaml").write_text(
        'name: merger\nhandler: {kind: python, entry: "a:b"}\nevent_bus:\n'
        f"  subscribe_topics: [{ASKED}]\n  publish_topics: [{intents}]\n"
    )
    manifest = ContractTopicExtractor().extract([str(folder / "contracts")])
    handler = manifest.contracts[0].handler
    assert handler is not None
    return manifest, replace(handler, effects=("merge",), intents=intents)


def merge(context: Context, folder: Path, intents: str, partitions: int, *offsets: int) -> None:
    manifest, handler = contract(folder, intents)
    effects = effects_of(context.connection, handler, Outlet(manifest, "merger", Payloads({})), {intents: partitions})
    for offset in offsets:
        task = TaskContext(f"{offset:032x}", "merger", Place(Partition(ASKED, 1), offset))
        with effects.begin(CAUSE, task, {}) as steps:
            steps.perform("merge", dict, lambda: None, None)


def test_what_was_written_down_is_read_back_by_key(context: Context, intents: str, tmp_path: Path) -> None:
    merge(context, tmp_path, intents, 2, 7, 8, 9)
    found = recalled(context.connection, intents, {intents: 2})
    assert dict(found.names) == {f"{ASKED}/1/{offset}/1": "merge" for offset in (7, 8, 9)}
    assert found.whole


def test_where_not_all_can_be_read_that_is_said(context: Context, intents: str, tmp_path: Path) -> None:
    merge(context, tmp_path, intents, 2, *range(8))
    found = recalled(context.connection, intents, {intents: 2}, most=2)
    assert len(found.names) <= 4
    assert not found.whole


def test_what_is_not_committed_and_what_cannot_be_read_counts_too(
    context: Context, intents: str, others: Producer
) -> None:
    """Too many intents lead to questions, one too few to an effect that happens twice."""
    for key, value in (
        ("a", b'{"effect": "merge"}'),
        ("b", b"\xff"),
        ("c", b"[]"),
        ("d", b'{"effect": 1}'),
        ("e", None),
    ):
        others.produce(intents, value, key.encode(), partition=0)
    others.flush(10)
    assert dict(recalled(context.connection, intents, {intents: 2}).names) == {
        "a": "merge", "b": "", "c": "", "d": "", "e": "",
    }  # fmt: skip


def test_nothing_is_written_where_nothing_may_be_or_nobody_takes_it(
    context: Context, intents: str, tmp_path: Path
) -> None:
    read_only = replace(context, connection=replace(context.connection, read_only=True))
    with pytest.raises(ReadOnly):
        merge(read_only, tmp_path, intents, 2, 7)
    assert recalled(context.connection, intents, {intents: 2}) == Recalled({}, whole=True)


def test_a_node_without_effects_has_no_intents(context: Context) -> None:
    assert recalled(context.connection, "", {}) == Recalled({}, whole=True)


def test_intents_that_a_node_subscribes_are_no_records_that_it_works_on(tmp_path: Path) -> None:
    node = tmp_path / "merger"
    node.mkdir()
    intents = "onex.intent.merger.merge.v1"
    (node / "contract.yaml").write_text(
        'name: merger\nhandler: {kind: python, entry: "a:b", effects: [merge]}\nevent_bus:\n'
        f"  subscribe_topics: [{ASKED}, {intents}]\n  publish_topics: [{intents}]\n"
    )
    (staff,) = staffed(ContractTopicExtractor().extract([str(tmp_path)]))
    assert staff.topics == (ASKED,)
    assert staff.handler.intents == intents


def test_a_node_that_asks_nobody_has_no_questions(context: Context, tmp_path: Path) -> None:
    _, handler = contract(tmp_path, "onex.evt.merger.merged.v1")
    assert approvals_of(context.connection, "merger", handler).requests == ""
