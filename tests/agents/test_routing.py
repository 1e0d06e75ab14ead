from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Handled
from omni_assets.agents.routing import RoutingTopics, router_handler, routing_topics
from omni_assets.agents.task_context import TaskContext
from omni_assets.broker.assignment import Partition, Place
from omni_assets.router.receipt import Outcome
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routing import Routing

TOPICS = RoutingTopics("answered", "failed", "decided")
FIELDS = {"id": "t-1", "task_class": "sorting", "inputs": {"text": "one or two?"}}
CONTEXT = TaskContext("task", "router", Place(Partition("asked", 0), 0))


def routed(folder: Path, data: bytes, answer: str, topics: RoutingTopics = TOPICS) -> Handled:
    """What a router says of an event, with models that always answer so."""

    async def one(small: str, large: str) -> Handled:
        async with Routing(small, large, folder).opened() as router:
            return await router_handler(router, topics)(Event("e1", "/tests", "asked", data=data), CONTEXT)

    with ModelEndpoint(otherwise=answers(answer)) as small, ModelEndpoint(otherwise=answers(answer)) as large:
        return asyncio.run(one(small.base_url, large.base_url))


def said(handled: Handled) -> dict[str, Any]:
    return {each.topic: each.data for each in handled.said}


def test_an_accepted_answer_is_said_behind_what_was_decided(tmp_path: Path) -> None:
    handled = routed(tmp_path, json.dumps(FIELDS).encode(), '{"label": "one"}')
    assert [each.topic for each in handled.said] == ["decided", "answered"]
    told = said(handled)
    assert told["answered"] == {"task_id": "t-1", "text": '{"label": "one"}', "model": "small"}
    assert (told["decided"]["task_id"], told["decided"]["task_class"]) == ("t-1", "sorting")
    assert [each["chosen"] for each in told["decided"]["candidates"]].count(True) == 1
    assert handled.routing is not None
    assert handled.routing.outcome is Outcome.ACCEPTED


def test_what_no_model_could_do_is_an_answer_too(tmp_path: Path) -> None:
    handled = routed(tmp_path, json.dumps(FIELDS).encode(), "no JSON")
    told = said(handled)
    assert list(told) == ["decided", "failed"]
    assert told["failed"]["task_id"] == "t-1"
    assert "valid-json" in told["failed"]["reason"]
    assert handled.routing is not None
    assert handled.routing.outcome is not Outcome.ACCEPTED
    assert len(handled.routing.attempts) == 2


def test_a_class_that_there_is_none_of_is_said_as_well(tmp_path: Path) -> None:
    fields = {**FIELDS, "task_class": "sortign"}
    told = said(routed(tmp_path, json.dumps(fields).encode(), "{}"))
    assert "sortign" in told["failed"]["reason"]


def test_without_a_topic_for_it_no_decision_is_said(tmp_path: Path) -> None:
    topics = RoutingTopics("answered", "failed")
    assert list(said(routed(tmp_path, json.dumps(FIELDS).encode(), '{"label": "one"}', topics))) == ["answered"]


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"id": 5}', b'{"id": "t", "inputs": {}, "colour": "red"}', b"\xff"])
def test_what_is_no_task_is_hopeless(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Hopeless, match=r"its data is no "):
        routed(tmp_path, data, "{}")


def test_its_topics_are_told_from_their_events() -> None:
    published = {"routing-complete": "a", "routing-failed": "f", "scoring-decision": "d", "other": "o"}
    assert routing_topics(published) == RoutingTopics("a", "f", "d")
    with pytest.raises(KeyError, match="routing-failed"):
        routing_topics({"routing-complete": "a"})
