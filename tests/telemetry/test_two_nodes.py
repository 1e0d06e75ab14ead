"""A task that goes over two nodes, in two processes, on a real broker: one trace of it, metrics, and lines of a log."""

from __future__ import annotations

import json
import socket

import pytest

from omni_assets.agents.events import from_record
from omni_assets.agents.task_receipt import read_task_receipt
from omni_assets.telemetry.metrics import METRICS
from tests.support.collector import Collector
from tests.support.stranded import committed
from tests.telemetry.conftest import ANSWERED, ASKED, LEDGER, LETTERS, SHOUTED

pytestmark = pytest.mark.broker

INTERNAL, CLIENT, PRODUCER, CONSUMER = 1, 3, 4, 5
CANARY = "open-sesame-and-more"


def events(address, topic, partitions=1):
    return [from_record(each.key(), each.value(), each.headers()) for each in committed(address, topic, partitions)]


def test_a_task_over_two_nodes_is_one_trace(agents, submit, collector, module_broker):
    address, sent = module_broker.bootstrap_servers, collector.environ
    submit("t-one", "psst", **sent)
    assert agents.omni("worker", "--drain", "--node", "echo", **sent).code == 0
    shouted = agents.omni(
        "worker", "--drain", "--node", "shouter", "--log-format", "json", **sent, OMNI_KAFKA_SASL_PASSWORD=CANARY
    )
    assert (shouted.code, shouted.out) == (0, "shouter: 1 task done\n")
    assert agents.omni("drift", **sent).code == 0

    begun = next(each for each in collector.spans if each.name == f"create {ASKED}")
    trace = [each for each in collector.spans if each.trace == begun.trace]
    by_id = {each.id: each for each in trace}

    def below(span, name, number=0):
        found = [each for each in trace if each.parent == span.id and each.name == name]
        return found[number]

    assert (begun.parent, begun.kind) == ("", PRODUCER)
    echoed = below(begun, f"process {ASKED}")
    answered = below(below(echoed, "attempt"), f"create {ANSWERED}")
    heard = below(answered, f"process {ANSWERED}")
    hoarse, loud = below(heard, "attempt", 0), below(heard, "attempt", 1)
    said = below(loud, f"create {SHOUTED}")
    assert len(trace) == 8  # nothing else is part of it
    assert all(each.parent in by_id for each in trace if each != begun)
    assert (echoed.kind, heard.kind, said.kind, loud.kind) == (CONSUMER, CONSUMER, PRODUCER, INTERNAL)
    assert echoed.service["service.instance.id"] != heard.service["service.instance.id"]
    assert heard.service["service.name"] == "omni"
    assert (hoarse.failed, hoarse.attributes["error.type"], loud.failed) == (True, "RuntimeError", False)

    receipts = {
        receipt.node: receipt
        for each in committed(address, LEDGER, 1)
        if (receipt := read_task_receipt(each.value() or b"")).correlation_id == "t-one"
    }
    assert heard.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": ANSWERED,
        "messaging.destination.partition.id": "0",
        "messaging.consumer.group.name": "shouter",
        "messaging.kafka.offset": receipts["shouter"].offset,
        "messaging.message.id": receipts["shouter"].event_id,
        "cloudevents.event_id": receipts["shouter"].event_id,
        "cloudevents.event_source": "/omni-assets/echo",
        "cloudevents.event_type": ANSWERED,
        "omni.node": "shouter",
        "omni.receipt": receipts["shouter"].id,
        "omni.correlation": "t-one",
        "omni.outcome": "done",
        "omni.attempts": 2,
    }
    (result,) = (each for each in events(address, SHOUTED) if each.correlation_id == "t-one")
    assert result.extensions["traceparent"] == f"00-{begun.trace}-{said.id}-03"
    (noted,) = (
        dict(each.headers() or ())["ce_traceparent"]
        for each in committed(address, LEDGER, 1)
        if read_task_receipt(each.value() or b"").id == receipts["shouter"].id
    )
    assert noted.decode() == f"00-{begun.trace}-{heard.id}-03"

    # The commands have traces of their own, with what they asked of the broker.
    run = next(each for each in collector.spans if each.name == "omni worker" and each.service == heard.service)
    asked = [each for each in collector.spans if each.trace == run.trace and each.name.startswith("admin ")]
    assert asked
    assert all(each.kind == CLIENT and each.attributes["omni.broker.calls"] >= 0 for each in asked)
    assert {"omni task submit", "omni drift"} <= {each.name for each in collector.spans}

    # What was said on standard error.
    lines = [json.loads(line) for line in shouted.err.splitlines()]
    assert all({"time", "level", "logger", "message", "run"} <= line.keys() for line in lines)
    assert {line["run"] for line in lines} == {run.trace}
    (ended,) = (line for line in lines if line.get("outcome") == "done" and "receipt" in line)
    about = {
        name: ended[name] for name in ("level", "node", "task", "receipt", "topic", "partition", "trace", "attempts")
    }
    assert about == {
        "level": "info",
        "node": "shouter",
        "task": receipts["shouter"].event_id,
        "receipt": receipts["shouter"].id,
        "topic": ANSWERED,
        "partition": 0,
        "trace": begun.trace,
        "attempts": 2,
    }
    printed = [line for line in lines if line["message"] == "shouting psst"]
    assert [(line["receipt"], line["trace"]) for line in printed] == [(receipts["shouter"].id, begun.trace)] * 2

    # And how much of it there was.
    assert collector.value("omni.task.duration", node="echo", outcome="done") == 1
    assert collector.value("omni.task.duration", node="shouter", outcome="done") == 1
    assert collector.value("omni.lag", node="echo", topic=ASKED) == 0
    assert collector.value("omni.dead_letters", node="shouter") == 0
    assert collector.value("omni.approvals.waiting", node="echo") == 0
    assert collector.value("omni.drift", verdict="in_sync") == 5
    assert collector.value("omni.drift", verdict="unknown") == 0
    assert collector.value("omni.drift.age") is not None
    assert collector.value("omni.budget.spent", task_class="") == 0
    known = {each.name: each for each in METRICS}
    for point in collector.points:
        assert set(point.attributes) <= set(known[point.metric].attributes), point
    assert not any(CANARY.encode() in body or b"psst" in body for body in collector.bodies)


def test_a_dead_letter_fails_its_span_and_counts(agents, submit, collector, module_broker):
    submit("t-loud", "LOUD", **collector.environ)
    assert agents.omni("worker", "--drain", **collector.environ).code == 1
    (failed,) = (
        each
        for each in collector.spans
        if each.name == f"process {ANSWERED}" and each.attributes["omni.correlation"] == "t-loud"
    )
    assert (failed.failed, failed.attributes["error.type"]) == (True, "dead-lettered")
    assert collector.value("omni.task.duration", node="shouter", outcome="dead-lettered") == 1
    assert collector.value("omni.dead_letters", node="shouter") == 1
    (letter,) = events(module_broker.bootstrap_servers, LETTERS)
    assert letter.extensions["traceparent"].split("-")[1] == failed.trace


def test_a_trace_goes_on_where_nobody_is_told(agents, submit, collector, module_broker):
    submit("t-quiet", "hush", **collector.environ)
    before = len(collector.bodies)
    assert agents.omni("worker", "--drain").code == 0
    assert len(collector.bodies) == before
    address = module_broker.bootstrap_servers
    parents = [
        {each.extensions.get("traceparent") for each in events(address, topic) if each.correlation_id == "t-quiet"}
        for topic in (ASKED, ANSWERED, SHOUTED)
    ]
    assert len(parents[0]) == 1
    assert None not in parents[0]
    assert parents[0] == parents[1] == parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("silent", [False, True], ids=["nobody listens", "nobody answers"])
def test_work_is_done_where_nothing_can_be_sent(agents, submit, silent, closed_port):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1] if silent else closed_port
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:{CANARY}@127.0.0.1:{port}"}
        submit(f"t-{silent}", "still", **endpoint)
        worked = agents.omni("worker", "--drain", "--node", "echo", **endpoint)
    assert (worked.code, worked.out) == (0, "echo: 1 task done\n")
    told = [line for line in worked.err.splitlines() if line]
    sentence = f"omni: traces and metrics do not reach 127.0.0.1:{port}; the work is not touched by it."
    assert told == [sentence] or (silent and not told)  # a process may end before it knows that nobody answers


def test_an_endpoint_that_refuses_is_told_once(agents):
    refusing = Collector()
    refusing.status = 400
    try:
        ran = agents.omni("observe", **refusing.environ)
    finally:
        refusing.close()
    assert ran.code == 0
    assert set(refusing.requests) == {"/v1/traces"}
    assert ran.err.count("omni:") == 1
    assert "the work is not touched" in ran.err
