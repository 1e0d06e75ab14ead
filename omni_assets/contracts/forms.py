"""The declaration forms: where in a contract topics stand, and what the node does with them.

A form is a key path and a role. ``[]`` in a path is any item of a list. The path leads to the scalar that holds the
topic's name. Settings, where a form takes them, stand beside the name, or under ``topic_config`` there. A new form is a
new row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from omni_assets.contracts.model import Role


@dataclass(frozen=True, slots=True)
class Form:
    """One row: the key path of the topic's name, the role, and whether settings may stand beside the name."""

    path: str
    role: Role
    takes_settings: bool = False


FORMS: tuple[Form, ...] = (
    Form("event_bus.subscribe_topics[]", Role.SUBSCRIBES),
    Form("event_bus.subscribe_topics[].topic", Role.SUBSCRIBES, takes_settings=True),
    Form("event_bus.publish_topics[]", Role.PUBLISHES),
    Form("event_bus.publish_topics[].topic", Role.PUBLISHES, takes_settings=True),
    Form("event_bus.dlq_topics[]", Role.PUBLISHES),
    Form("event_bus.dlq_topics[].topic", Role.PUBLISHES, takes_settings=True),
    Form("event_bus.subscribe.topic", Role.SUBSCRIBES, takes_settings=True),
    Form("event_bus.publish.success_topic", Role.PUBLISHES),
    Form("event_bus.publish.failure_topic", Role.PUBLISHES),
    Form("consumed_events[].topic", Role.SUBSCRIBES, takes_settings=True),
    Form("published_events[].topic", Role.PUBLISHES, takes_settings=True),
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
