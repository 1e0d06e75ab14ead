"""What is told of models: spans of calls that are asked for real, and what tasks cost."""

from __future__ import annotations

import asyncio
import logging

import pytest

from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.telemetry.opening import told_elsewhere
from tests.support.collector import Collector
from tests.support.model_endpoint import ModelEndpoint, answers, fails
from tests.support.routing import KEY, SORTING, Routing, task

ONE, WRONG = '{"label": "one"}', "It is one, I think."


@pytest.fixture
def collector(monkeypatch):
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.address)
    yield made
    made.close()


def run(routing: Routing) -> Receipt:
    async def once() -> Receipt:
        async with routing.opened() as router:
            return (await router.run(task())).receipt

    with told_elsewhere(pytest.fail):
        return asyncio.run(asyncio.wait_for(once(), 120))


def test_an_escalation_is_two_calls_with_their_tokens(collector, tmp_path, caplog):
    caplog.set_level(logging.INFO, "omni_assets")
    with ModelEndpoint(otherwise=answers(WRONG)) as small, ModelEndpoint(otherwise=answers(ONE)) as large:
        routing = Routing(small.base_url, large.base_url, tmp_path)
        routing.task_class = SORTING.model_copy(update={"audit_share": 1.0})
        receipt = run(routing)
    assert receipt.outcome is Outcome.ACCEPTED
    assert len(receipt.attempts) == 2
    calls = [each for each in collector.spans if each.name.startswith("chat ")]
    for attempt, span in zip(receipt.attempts, calls, strict=True):
        assert attempt.usage is not None
        assert span.kind == 3
        assert span.attributes["gen_ai.operation.name"] == "chat"
        assert span.attributes["gen_ai.provider.name"] == attempt.endpoint
        assert span.attributes["gen_ai.request.model"] == attempt.served_name
        assert span.attributes["gen_ai.usage.input_tokens"] == attempt.usage.input_tokens
        assert span.attributes["gen_ai.usage.output_tokens"] == attempt.usage.output_tokens
        assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
        assert span.attributes["omni.model"] == attempt.model
        assert span.attributes["server.address"] == "127.0.0.1"
        assert not span.failed
    of_class = {"task_class": receipt.task_class}
    assert collector.value("omni.routing.tasks", outcome="accepted", **of_class) == 1
    assert collector.value("omni.routing.escalations", **of_class) == 1
    spent = [point.value for point in collector.points if point.metric == "omni.routing.spend"]
    assert sum(spent) == pytest.approx(float(receipt.cost_usd or 0))
    (record,) = (each for each in caplog.records if each.name == "omni_assets.router.observed")
    assert record.facts["routing"] == receipt.id  # type: ignore[attr-defined]
    held = b"".join(collector.bodies)
    assert KEY.encode() not in held
    assert WRONG.encode() not in held


def test_a_call_that_fails_says_of_which_kind(collector, tmp_path):
    failing = fails(401, f"Incorrect API key provided: {KEY}")
    with ModelEndpoint(otherwise=failing) as small, ModelEndpoint(otherwise=failing) as large:
        receipt = run(Routing(small.base_url, large.base_url, tmp_path))
    assert receipt.outcome is Outcome.FAILED
    calls = [each for each in collector.spans if each.name.startswith("chat ")]
    assert {each.attributes["error.type"] for each in calls} == {"unauthorized"}
    assert all(each.failed for each in calls)
    failed = [each for each in collector.points if each.metric == "gen_ai.client.operation.duration"]
    assert {each.attributes["error.type"] for each in failed} == {"unauthorized"}
    assert KEY.encode() not in b"".join(collector.bodies)


def test_a_false_accept_is_an_audit_that_does_not_agree(collector, tmp_path):
    with ModelEndpoint(otherwise=answers(ONE)) as small, ModelEndpoint(otherwise=answers('{"label": "two"}')) as large:
        routing = Routing(small.base_url, large.base_url, tmp_path)
        routing.task_class = SORTING.model_copy(update={"audit_share": 1.0})
        receipt = run(routing)
    assert receipt.audit is not None
    assert receipt.audit.agrees is False
    assert collector.value("omni.routing.audits", task_class=receipt.task_class, agrees="no") == 1
