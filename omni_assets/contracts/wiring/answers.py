"""Where people answer nodes: each in a topic of its own. They may ask in one."""

from __future__ import annotations

from collections.abc import Iterator

from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, Location, Manifest
from omni_assets.contracts.rules import SHARED_ANSWERS


def answer_findings(manifest: Manifest) -> Iterator[Finding]:
    """A finding for each node that takes answers from a topic from which another one takes its own."""
    first: dict[str, tuple[str, Location]] = {}
    for contract in manifest.contracts:
        handler = contract.handler
        if handler is None or handler.approvals is None:
            continue
        topic = handler.approvals.answers
        other, place = first.setdefault(topic, (contract.node, handler.location))
        if other != contract.node:
            yield finding(
                SHARED_ANSWERS,
                f"`{short(contract.node)}` takes answers from `{topic}`, and so does `{short(other)}`: each answer "
                "becomes a dead letter of the one that did not ask.",
                handler.location,
                topic=topic,
                related=((place, f"the handler of `{short(other)}`"),),
                fix="give each node a topic of its own for answers",
            )
