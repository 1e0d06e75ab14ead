"""Rights as brokers tell them. tests/operations/test_rescue_kafka.py asks one that has ACLs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation

from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.rights import Operation, Resource, Right, _held
from omni_assets.broker.topics import TopicError

TOLD = SimpleNamespace(authorized_operations=[AclOperation.DESCRIBE, AclOperation.READ])
NOT_TOLD = SimpleNamespace(authorized_operations=None)
REFUSED = TopicError("TOPIC_AUTHORIZATION_FAILED", "not authorised")
LATE = TopicError("_TIMED_OUT", "no answer in time", transient=True)


@pytest.mark.parametrize(
    ("operation", "answer", "held"),
    [
        (Operation.READ, TOLD, True),
        (Operation.WRITE, TOLD, False),
        (Operation.DESCRIBE_CONFIGS, TOLD, False),
        (Operation.WRITE, NOT_TOLD, None),
        (Operation.DESCRIBE, REFUSED, False),
        (Operation.WRITE, REFUSED, False),
        (Operation.ALTER, REFUSED, False),
        (Operation.DESCRIBE_CONFIGS, REFUSED, None),
        (Operation.READ, LATE, None),
        (Operation.READ, TopicError("UNKNOWN_TOPIC_OR_PART", "no such topic"), None),
    ],
)
def test_what_a_broker_does_not_say_is_not_known(operation: Operation, answer: Any, held: bool | None) -> None:
    assert _held(Right(operation, Resource.TOPIC, "t"), answer) is held


@pytest.mark.broker
def test_where_there_are_no_rights_none_is_lacking(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics([NewTopicRequest("t")]).values()) == {None}
        wanted = [Right(operation, Resource.TOPIC, name) for operation in Operation for name in ("t", "nowhere")]
        assert admin.lacking([*wanted, Right(Operation.READ, Resource.GROUP, "nobody")]) == ()
        assert set(admin.rights([*wanted, Right(Operation.CREATE, Resource.CLUSTER)]).values()) == {None}


def test_a_right_on_the_cluster_names_nothing() -> None:
    assert str(Right(Operation.CREATE, Resource.CLUSTER)) == "Create on the cluster"
    assert str(Right(Operation.READ, Resource.TOPIC, "t")) == "Read on the topic `t`"
