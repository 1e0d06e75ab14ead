from __future__ import annotations

import pytest

from omni_assets.errors import BrokerUnreachable
from omni_assets.operations.validate import validate

pytestmark = pytest.mark.broker

TOPIC = "onex.evt.router.started.v1"


@pytest.fixture(autouse=True)
def contract(write_contract):
    write_contract(f"event_bus:\n  publish_topics: [{TOPIC}]\n")


def test_what_went_missing_is_provisioned_again(context_of, broker):
    context = context_of(broker.bootstrap_servers)
    assert validate(context).complete
    broker.client.delete_topics([TOPIC])[TOPIC].result(10)
    again = validate(context)
    assert again.complete
    assert again.provisioning.counts["created"] == 1


def test_read_only_compares_and_creates_nothing(context_of, broker):
    validation = validate(context_of(broker.bootstrap_servers, {"OMNI_READONLY": "1"}))
    assert validation.provisioning is None
    assert not validation.complete
    assert [row.topic for row in validation.report.absent] == [TOPIC]


def test_with_the_broker_down_there_is_no_validation(context_of):
    with pytest.raises(BrokerUnreachable):
        validate(context_of("127.0.0.1:1"))
