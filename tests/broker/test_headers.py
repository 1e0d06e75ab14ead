"""Headers of records are what somebody wrote, or say that nobody can read them, and crash nothing."""

from __future__ import annotations

import itertools

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.broker.headers import are_unreadable, headers_of
from omni_assets.broker.records import RecordReader, Span
from tests.support import odd_headers

pytestmark = pytest.mark.broker

_ENOUGH = 200
"""Calls behind which an interpreter has specialised whatever it specialises."""


def test_a_name_that_is_no_utf_8_hides_all_headers_of_its_record_and_no_others(module_broker):
    topic = "onex.evt.t.headers.v1"
    module_broker.client.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    producer = Producer({"bootstrap.servers": module_broker.bootstrap_servers, "log_level": 0})
    for number in range(_ENOUGH):
        producer.produce(topic, b"v", b"k", partition=0, headers=[("a", b"%d" % number), ("a", None)])
    assert producer.flush(10) == 0
    for _ in range(3):
        odd_headers.write(module_broker.bootstrap_servers, topic, b"k", b"odd")
    with RecordReader(module_broker.connection, topic, "nobody") as reader:
        spans = [Span(0, *reader.bounds(0))]
        records = list(itertools.chain.from_iterable(each.records for each in reader.batches(spans, 10, 1_000_000)))
    assert [headers_of(each) for each in records[:_ENOUGH]] == [
        (("a", b"%d" % number), ("a", None)) for number in range(_ENOUGH)
    ]
    odd = [headers_of(each) for each in records[_ENOUGH:]]
    assert odd == [(("omni-unreadable-headers", b"a name among them is no UTF-8"),)] * 3
    assert [are_unreadable(headers_of(each)) for each in records] == [False] * _ENOUGH + [True] * 3
    assert [tuple(each.headers() or ()) for each in records[_ENOUGH:]] == odd, "whoever asks the client again"
