"""The declaration forms: where in a contract topics stand, and what the node does with them.

A form is a key path and a role. ``[]`` in a path is any item of a list. The path leads to the scalar that holds the
topic's name; ``settings`` says where its settings stand: beside it, in a mapping under a key beside it, or nowhere. A
new form is a new row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from omni_assets.contracts.model import Role

BESIDE = "."
NOWHERE = ""


@dataclass(frozen=True, slots=True)
class Form:
    """One row: the key path of the topic's name, the role, and the key that holds its settings."""

    path: str
    role: Role
    settings: str = NOWHERE


FORMS: tuple[Form, ...] = (
    Form("event_bus.subscribe_topics[]", Role.SUBSCRIBES),
    Form("event_bus.subscribe_topics[].topic", Role.SUBSCRIBES, BESIDE),
    Form("event_bus.publish_topics[]", Role.PUBLISHES),
    Form("event_bus.publish_topics[].topic", Role.PUBLISHES, BESIDE),
    Form("event_bus.dlq_topics[]", Role.PUBLISHES),
    Form("event_bus.dlq_topics[].topic", Role.PUBLISHES, BESIDE),
    Form("event_bus.subscribe.topic", Role.SUBSCRIBES, BESIDE),
    Form("event_bus.publish.success_topic", Role.PUBLISHES),
    Form("event_bus.publish.failure_topic", Role.PUBLISHES),
    Form("consumed_events[].topic", Role.SUBSCRIBES, "topic_config"),
    Form("published_events[].topic", Role.PUBLISHES, "topic_config"),
    Form("terminal_event", Role.PUBLISHES),
)


@dataclass(slots=True)
class Step:
    """A node of the tree that the forms make: where a key, or an item, leads, and the form that ends here."""

    keys: dict[str, Step] = field(default_factory=dict)
    items: Step | None = None
    form: Form | None = None


def tree(forms: Iterable[Form] = FORMS) -> Step:
    """The forms as one tree, walked once beside the document."""
    root = Step()
    for form in forms:
        step = root
        for part in form.path.split("."):
            key = part.removesuffix("[]")
            step = step.keys.setdefault(key, Step())
            if part.endswith("[]"):
                step.items = step.items or Step()
                step = step.items
        step.form = form
    return root
