"""Every client on a wire that goes bad: it ends in time with a sentence, and works again once the wire is mended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from omni_assets.operations.alerts import webhook
from omni_assets.telemetry import opening
from tests.faults import clients
from tests.faults.clients import HTTP_SECONDS, SUBJECTS, Subject
from tests.faults.wire import Fault, Wire
from tests.support.collector import Collector
from tests.support.model_endpoint import ModelEndpoint
from tests.support.webhook import Webhook

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

LOADED_SECONDS = 8.0
"""What a busy machine may add to the time that is stated: a question without an end takes far longer."""

ANSWERED_SECONDS = 60.0
BAD = (Fault.RESET, Fault.HALF_OPEN, Fault.CUT, Fault.DRIP)


@pytest.fixture(scope="module")
def ports(module_broker) -> Iterator[dict[str, int]]:
    """Where each kind of server listens."""
    clients.topics(module_broker.connection)
    hook, collector = Webhook(), Collector()
    with ModelEndpoint() as model:
        yield {
            "broker": module_broker.record.port,
            "model": int(model.base_url.split(":")[2].split("/")[0]),
            "webhook": int(hook.address.split(":")[2].split("/")[0]),
            "collector": int(collector.address.split(":")[2]),
        }
    hook.close()
    collector.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds waits shorter."""
    monkeypatch.setattr(webhook, "SECONDS", HTTP_SECONDS)
    monkeypatch.setattr(webhook, "WHOLE_SECONDS", 2 * HTTP_SECONDS)
    monkeypatch.setattr(webhook, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(opening, "SECONDS_TO_SEND", HTTP_SECONDS)


@pytest.fixture
def wire(request, ports, impatient, monkeypatch) -> Iterator[Wire]:
    subject: Subject = request.node.callspec.params["subject"]
    with Wire(ports[subject.server]) as between:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{between.address}")
        yield between


def named(each: object) -> str:
    return each.name if isinstance(each, Subject) else str(getattr(each, "value", each))


@pytest.mark.parametrize("subject", SUBJECTS, ids=named)
@pytest.mark.parametrize("fault", BAD, ids=named)
def test_a_client_ends_in_time_with_a_sentence_and_works_again(subject, fault, wire, tmp_path):
    with ExitStack() as held:
        ask = subject.open(wire, tmp_path, held)
        _is_answered(ask)
        wire.put(fault)
        began = time.monotonic()
        trouble = ask()
        took = time.monotonic() - began
        wire.mend()
        assert trouble is not None, f"{subject.name} had an answer over a wire with {fault.value}"
        assert took < subject.seconds + LOADED_SECONDS
        for each in subject.names:
            assert each.format(address=wire.address) in trouble.sentence
        assert trouble.transient is subject.transient, trouble
        _is_answered(ask)


@pytest.mark.parametrize("subject", SUBJECTS, ids=named)
def test_a_slow_wire_is_waited_for(subject, wire, tmp_path):
    with ExitStack() as held:
        ask = subject.open(wire, tmp_path, held)
        wire.put(Fault.LATENCY)
        _is_answered(ask)


def _is_answered(ask: clients.Ask) -> None:
    """At last: the two seconds that a question may take here can be too few where other tests run beside it."""
    deadline = time.monotonic() + ANSWERED_SECONDS
    while (trouble := ask()) is not None:
        assert time.monotonic() < deadline, f"it was never answered: {trouble}"
