"""Every client on a wire that goes bad: it ends in time with a sentence, and works again once the wire is mended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from omni_assets.operations.alerts import webhook
from omni_assets.operations.redis_streams import reading
from omni_assets.telemetry import opening
from tests.faults import clients
from tests.faults.clients import HTTP_SECONDS, REDIS_USER, SUBJECTS, Subject
from tests.faults.wire import BAD, Fault, Wire
from tests.support.collector import Collector
from tests.support.model_endpoint import ModelEndpoint
from tests.support.redis_server import RedisServer
from tests.support.webhook import Webhook

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

LOADED_SECONDS = 8.0
"""What a busy machine may add to the time that is stated: a question without an end takes far longer."""

ANSWERED_SECONDS = 120.0


@pytest.fixture(scope="module")
def broker(module_broker) -> int:
    """Where it listens, as the other servers of subjects do."""
    clients.topics(module_broker.connection)
    return module_broker.record.port


@pytest.fixture(scope="module")
def model() -> Iterator[int]:
    with ModelEndpoint() as endpoint:
        yield int(endpoint.base_url.split(":")[2].split("/")[0])


@pytest.fixture(scope="module")
def hook() -> Iterator[int]:
    server = Webhook()
    yield int(server.address.split(":")[2].split("/")[0])
    server.close()


@pytest.fixture(scope="module")
def collector() -> Iterator[int]:
    server = Collector()
    yield int(server.address.split(":")[2])
    server.close()


@pytest.fixture(scope="module")
def streams(one_redis: RedisServer) -> Iterator[int]:
    """A Redis with a stream, and somebody who may look at it."""
    one_redis.client.xadd("faults", {"n": 1})
    one_redis.client.acl_setuser(REDIS_USER, enabled=True, nopass=True, keys="*", categories=["+@all"])
    yield one_redis.port
    one_redis.client.acl_deluser(REDIS_USER)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds waits shorter."""
    monkeypatch.setattr(webhook, "SECONDS", HTTP_SECONDS)
    monkeypatch.setattr(webhook, "WHOLE_SECONDS", 2 * HTTP_SECONDS)
    monkeypatch.setattr(webhook, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(opening, "SECONDS_TO_SEND", HTTP_SECONDS)
    monkeypatch.setattr(reading, "SECONDS", HTTP_SECONDS)
    monkeypatch.setattr(reading, "WHOLE_SECONDS", 2 * HTTP_SECONDS)


@pytest.fixture
def wire(request, impatient, monkeypatch) -> Iterator[Wire]:
    """To the server of the test's subject."""
    subject: Subject = request.node.callspec.params["subject"]
    with Wire(request.getfixturevalue(subject.server)) as between:
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
