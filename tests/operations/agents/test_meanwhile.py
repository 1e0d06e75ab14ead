"""While a worker works the ledger is projected, and no trouble with that holds up its work."""

from __future__ import annotations

import asyncio
from itertools import count
from threading import Event
from time import sleep

import pytest

from omni_assets.errors import BrokerTimeout, OmniError
from omni_assets.operations.agents import meanwhile
from omni_assets.operations.agents.meanwhile import projected_meanwhile


@pytest.fixture
def context(context_of, write_contract):
    write_contract("event_bus:\n  publish_topics: [onex.evt.router.done.v1]\n")
    return context_of()


def told_of(monkeypatch, *answers: OmniError | None, often: Event | None = None) -> list[object]:
    """What is projected goes so, the last way ever again; what was projected is in the list. ``often``: three times."""
    asked: list[object] = []

    def project(context, manifest):
        asked.append(manifest)
        if often is not None and len(asked) == 3:
            often.set()
        answer = answers[min(len(asked), len(answers)) - 1]
        if answer is not None:
            raise answer

    monkeypatch.setattr(meanwhile, "project_ledger", project)
    return asked


def test_it_is_projected_once_more_when_the_work_has_come_to_its_end(context, monkeypatch):
    asked = told_of(monkeypatch, None)
    troubles: list[OmniError] = []
    assert asyncio.run(projected_meanwhile(context, asyncio.sleep(0, 7), troubles.append)) == 7
    assert (len(asked), troubles) == (1, [])


def test_it_is_projected_now_and_then_and_trouble_on_the_way_is_forgotten(context, monkeypatch):
    monkeypatch.setattr(meanwhile, "EVERY_SECONDS", 0.0)
    often = Event()
    asked = told_of(monkeypatch, BrokerTimeout("a request", 1), None, often=often)
    troubles: list[OmniError] = []
    assert asyncio.run(projected_meanwhile(context, asyncio.to_thread(often.wait, 60), troubles.append))
    assert len(asked) >= 4
    assert troubles == []


def test_trouble_at_the_end_is_told_and_the_work_counts(context, monkeypatch):
    told_of(monkeypatch, BrokerTimeout("a request", 1))
    troubles: list[OmniError] = []
    assert asyncio.run(projected_meanwhile(context, asyncio.sleep(0, 7), troubles.append)) == 7
    assert isinstance(troubles[0], BrokerTimeout)


def ended_early(context, monkeypatch, project) -> int:
    """Work fails while the ledger is projected so. Gives how often that was begun."""
    monkeypatch.setattr(meanwhile, "EVERY_SECONDS", 0.0)
    begun, first = count(), Event()

    def projecting(context, manifest):
        next(begun)
        first.set()
        project()

    monkeypatch.setattr(meanwhile, "project_ledger", projecting)

    async def work() -> None:
        assert await asyncio.to_thread(first.wait, 60)
        raise BrokerTimeout("a request", 1)

    with pytest.raises(BrokerTimeout):
        asyncio.run(projected_meanwhile(context, work()))
    return next(begun)


def test_work_that_fails_or_is_ended_lets_a_projection_come_to_its_end(context, monkeypatch):
    monkeypatch.setattr(meanwhile, "SECONDS_TO_END", 60.0)
    ends: list[None] = []

    def project() -> None:
        sleep(0.1)
        ends.append(None)

    assert ended_early(context, monkeypatch, project) == len(ends) > 0


def test_and_waits_for_none_without_end(context, monkeypatch):
    monkeypatch.setattr(meanwhile, "SECONDS_TO_END", 0.1)
    go_on = Event()
    try:
        ended_early(context, monkeypatch, go_on.wait)
    finally:
        go_on.set()
