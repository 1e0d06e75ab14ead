"""Terminal events: what a node says ends its workflow has to be among what it publishes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omni_assets.contracts import Contract, Role

Read = Callable[..., Contract]
DONE = "onex.evt.router.routing-complete.v1"


@pytest.mark.parametrize(
    "elsewhere",
    [
        f"event_bus: {{publish_topics: [{DONE}]}}",
        f"published_events: [{{topic: {DONE}}}]",
        f"event_bus: {{publish_topic_metadata: {{{DONE}: {{}}}}}}",
        f"event_bus: {{publish: {{success_topic: {DONE}}}}}",
    ],
)
def test_one_that_is_published_is_well(elsewhere: str, read: Read) -> None:
    contract = read(f"terminal_event: {DONE}\n{elsewhere}\n")
    assert contract.findings == ()
    assert {each.role for each in contract.declarations} == {Role.PUBLISHES}


def test_one_that_is_not_published_is_a_warning_that_names_what_was_meant(read: Read) -> None:
    contract = read(
        "name: router\nevent_bus:\n  publish_topics:\n"
        "  - onex.evt.router.routing-completed.v1\n  - onex.evt.router.failed.v1\n"
        f"terminal_event: {DONE}\n"
    )
    (finding,) = contract.findings
    assert (finding.rule.name, finding.severity, finding.topic) == ("terminal-event", "warning", DONE)
    assert (finding.location.line, finding.location.column) == (6, 17)
    assert finding.message == (
        f"`{DONE}` ends the workflow of `router`, and is not among the topics that it publishes; "
        "did you mean `onex.evt.router.routing-completed.v1`?"
    )
    assert finding.fix == "name `onex.evt.router.routing-completed.v1`"
    assert finding.near == ("onex.evt.router.routing-completed.v1",)


def test_where_nothing_is_near_it_is_to_be_published(read: Read) -> None:
    (finding,) = read(
        f"name: a\nevent_bus: {{publish_topics: [onex.evt.shop.paid.v1]}}\nterminal_event: {DONE}\n"
    ).findings
    assert (finding.severity, finding.near) == ("warning", ())
    assert finding.fix == "publish it under `event_bus.publish_topics`"
    assert finding.message.endswith("publishes.")


def test_subscribing_it_is_not_publishing_it(read: Read) -> None:
    contract = read(
        f"event_bus: {{subscribe_topics: [{DONE}], publish_topics: [onex.evt.a.b.v1]}}\nterminal_event: {DONE}\n"
    )
    assert [each.severity for each in contract.findings] == ["warning"]


def test_a_node_that_publishes_nothing_else_gets_a_note(read: Read) -> None:
    contract = read(f"name: router\nterminal_event: {DONE}\n")
    (finding,) = contract.findings
    assert (finding.rule.name, finding.severity) == ("terminal-event", "note")
    assert [(each.topic, each.role) for each in contract.declarations] == [(DONE, Role.PUBLISHES)]


def test_a_malformed_one_is_just_malformed(read: Read) -> None:
    contract = read("event_bus: {publish_topics: [onex.evt.a.b.v1]}\nterminal_event: onex.evt.a.b_c.v1\n")
    assert [each.rule.name for each in contract.findings] == ["malformed-name"]
