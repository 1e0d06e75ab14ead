"""A project whose contracts declare a ledger."""

from __future__ import annotations

import pytest

RECORDER = """\
event_bus:
  publish_topics:
    - topic: onex.evt.receipt-recorder.receipt-recorded.v1
      partitions: 3
      keyed: true
      config:
        cleanup.policy: delete
        retention.ms: unlimited
  dlq_topics:
    - topic: onex.dlq.receipt-recorder.dead-letter.v1
"""
TOPIC = "onex.evt.receipt-recorder.receipt-recorded.v1"


@pytest.fixture
def ledger_topic(write_contract):
    """The name of the ledger that the contracts declare. It is on no broker yet."""
    write_contract(RECORDER, "receipt-recorder")
    return TOPIC
