"""Terminal events: what a node says ends its workflow has to be among the topics that it publishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Declaration, Finding, Role, Severity
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import TERMINAL_EVENT

FORM = "terminal_event"
"""The path of the form that names a terminal event."""


def terminal_findings(declarations: Iterable[Declaration], grammar: Grammar) -> Iterator[Finding]:
    """A finding for each terminal event that no other publishing form of the same contract names.

    It is a note where the contract publishes nothing in any other form: then the event is all that is said.
    """
    published = [each for each in declarations if each.role is Role.PUBLISHES]
    terminal = [each for each in published if each.form == FORM]
    if not terminal:
        return
    others = {each.topic for each in published if each.form != FORM}
    for each in terminal:
        if each.topic not in others:
            yield _unpublished(each, sorted(others), grammar)


def _unpublished(event: Declaration, others: list[str], grammar: Grammar) -> Finding:
    if not others:
        return finding(
            TERMINAL_EVENT,
            f"`{event.topic}` ends the workflow of `{event.node}`, which says so nowhere else.",
            event.location,
            topic=event.topic,
            severity=Severity.NOTE,
            fix="publish it under `event_bus.publish_topics` as well",
        )
    near = _near(event.topic, others, grammar)
    meant = f"name `{near[0]}`" if near else "publish it under `event_bus.publish_topics`"
    return finding(
        TERMINAL_EVENT,
        f"`{event.topic}` ends the workflow of `{event.node}`, and is not among the topics that it publishes"
        + (f"; did you mean `{near[0]}`?" if near else "."),
        event.location,
        topic=event.topic,
        fix=meant,
        near=near,
    )


def _near(topic: str, others: list[str], grammar: Grammar) -> tuple[str, ...]:
    from omni_assets.contracts.wiring.near_miss import NearNames

    return tuple(near.name for near in NearNames(others, grammar).of(topic))
