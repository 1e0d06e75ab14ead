"""A broker as a plain value, on which the steps of a plan run: what they do is what the names of the actions say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType

import pytest

from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.contracts import Manifest
from omni_assets.drift.plan import Action, Step

Carry = Callable[[Manifest, BrokerSnapshot, Iterable[Step]], BrokerSnapshot]


@pytest.fixture(scope="session")
def carry_out(observed: Callable[..., ObservedTopic]) -> Carry:
    def carried(manifest: Manifest, snapshot: BrokerSnapshot, steps: Iterable[Step]) -> BrokerSnapshot:
        topics = dict(snapshot.topics)
        for step in steps:
            if step.action is Action.CREATE:
                assert step.topic not in topics
                topics[step.topic] = observed(manifest.topics[step.topic])
            elif step.action is Action.DELETE:
                del topics[step.topic]
            else:
                topics[step.topic] = _changed(topics[step.topic], step)
        return replace(snapshot, topics=MappingProxyType(topics))

    return carried


def _changed(topic: ObservedTopic, step: Step) -> ObservedTopic:
    if step.action is Action.ADD_PARTITIONS:
        assert step.after is not None
        assert int(step.after) > topic.partitions
        more = int(step.after) - topic.partitions
        return replace(topic, replicas=topic.replicas + topic.replicas[:1] * more)
    if step.action is Action.CHANGE_REPLICATION:
        assert step.after is not None
        return replace(topic, replicas=(int(step.after),) * topic.partitions)
    configs = dict(topic.configs or {})
    if step.action is Action.SET_CONFIG:
        default = configs[step.field].default
        configs[step.field] = ObservedConfig(step.after, ConfigSource.TOPIC, default)
    elif step.after is None:
        del configs[step.field]
    else:
        configs[step.field] = ObservedConfig(step.after, ConfigSource.DEFAULT, step.after)
    return replace(topic, configs=MappingProxyType(configs))
