from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import omni_assets
from omni_assets.errors import BrokerUnreachable, PathNotFound
from omni_assets.operations.boot import run

pytestmark = pytest.mark.broker

TOPIC = "onex.evt.router.started.v1"


@pytest.fixture
def boot(write_contract, tmp_path, monkeypatch):
    """``omni_assets.boot()`` in a project of its own."""
    write_contract(f"event_bus:\n  publish_topics: [{TOPIC}]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "state"))
    return omni_assets.boot


def test_it_returns_a_handle_whose_result_is_the_report(boot, broker):
    report = boot(bootstrap_servers=broker.bootstrap_servers).result(30)
    assert (report.ready, report.error, report.attempts) == (True, None, 1)
    assert report.validation.provisioning.counts["created"] == 1


def test_the_handle_can_be_awaited(boot, broker):
    async def service():
        return await boot(bootstrap_servers=broker.bootstrap_servers)

    assert asyncio.run(service()).ready


def test_giving_up_the_wait_leaves_the_work_and_its_report(boot, broker):
    handle = boot(bootstrap_servers=broker.bootstrap_servers)

    async def impatient():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_awaited(handle), 0)

    asyncio.run(impatient())
    assert handle.result(30).ready


async def _awaited(handle):
    return await handle


def test_a_broker_that_is_down_is_told_and_never_raised(boot):
    handle = boot(bootstrap_servers="127.0.0.1:1", deadline=0.1)
    report = handle.result(30)
    assert handle.done
    assert not report.ready
    assert isinstance(report.error, BrokerUnreachable)


def test_a_mistake_is_told_at_once_and_not_tried_again(boot):
    report = boot("no/such/folder").result(30)
    assert isinstance(report.error, PathNotFound)
    assert report.attempts == 1


def test_a_transient_error_is_tried_again_until_the_broker_answers(write_contract, context_of, broker):
    write_contract(f"event_bus:\n  publish_topics: [{TOPIC}]\n")
    answers = iter([BrokerUnreachable("x:1", "connection refused", 5), None])

    def context():
        error = next(answers)
        if error:
            raise error
        return context_of(broker.bootstrap_servers)

    report = run(context, deadline=30)
    assert (report.ready, report.attempts) == (True, 2)


def test_it_never_keeps_its_process_alive(boot, tmp_path):
    script = (
        "import omni_assets\n"
        "handle = omni_assets.boot(bootstrap_servers='127.0.0.1:1', deadline=60)\n"
        "print(handle.done)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert ended.stdout == "False\n"
    assert ended.stderr == ""


def test_importing_the_package_starts_nothing():
    script = (
        "import omni_assets, sys, threading\n"
        "print('confluent_kafka' in sys.modules, omni_assets.boot.__name__, threading.active_count())\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "False boot 1\n"
