"""Rights as brokers tell them. tests/operations/test_rescue_kafka.py asks one that has ACLs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation

from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.rights import Operation, Resource, Right, _withheld
from omni_assets.broker.topics import TopicError

TOLD = SimpleNamespace(authorized_operations=[AclOperation.DESCRIBE, AclOperation.READ])
NOT_TOLD = SimpleNamespace(authorized_operations=None)
REFUSED = TopicError("TOPIC_AUTHORIZATION_FAILED", "not authorised")
LATE = TopicError("_TIMED_OUT", "no answer in time", transient=True)


@pytest.mark.parametrize(
    ("operation", "answer", "withheld"),
    [
        (Operation.READ, TOLD, False),
        (Operation.WRITE, TOLD, True),
        (Operation.DESCRIBE_CONFIGS, TOLD, True),
        (Operation.WRITE, NOT_TOLD, False),
        (Operation.DESCRIBE, REFUSED, True),
        (Operation.WRITE, REFUSED, True),
        (Operation.DESCRIBE_CONFIGS, REFUSED, False),
        (Operation.READ, LATE, False),
        (Operation.READ, TopicError("UNKNOWN_TOPIC_OR_PART", "no such topic"), False),
    ],
)
def test_only_what_a_broker_says_is_lacking_is(operation: Operation, answer: Any, withheld: bool) -> None:
    assert _withheld(Right(operation, Resource.TOPIC, "t"), answer) is withheld


@pytest.mark.broker
def test_where_there_are_no_rights_none_is_lacking(broker: Any) -> None:
    with BrokerAdmin(broker.connection) as admin:
        assert set(admin.create_topics([NewTopicRequest("t")]).values()) == {None}
        wanted = [Right(operation, Resource.TOPIC, name) for operation in Operation for name in ("t", "nowhere")]
        assert admin.lacking([*wanted, Right(Operation.READ, Resource.GROUP, "nobody")]) == ()
