"""The declaration forms: where in a contract topics stand, and what the node does with them.

A form is a key path, a role, and whose role it is. In a path

``[]``
    is any item of a list,
``{}``
    is any key of a mapping, and that key is the topic's name,
``?``
    after a key makes it a mark: where it is present, and neither null nor false, it speaks of the topic whose mapping
    it stands in.

A path that ends otherwise leads to the scalar that holds the name. Settings, where a form takes them, stand beside the
name, or in the mapping below a name that is a key; or under ``topic_config`` there. A new form is a new row, a new list
of topics a new row of ``_LISTS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from omni_assets.contracts.model import Role

GENERIC_KEYS = frozenset(
    {
        "approvals", "consumed", "consumed_events", "emits", "emitted", "event_outputs", "event_sources", "events",
        "external_consumer", "external_publisher", "external_subscriber", "handler", "input_subscriptions",
        "io_operations", "kafka", "name", "output_models", "published_events", "topic_suffix", "topics",
    }
)  # fmt: skip
"""Keys that other things than topics stand under too: another shape, or a text unlike a topic, is no mistake."""


class Party(StrEnum):
    """Whose role a form states: the node's own, or that of somebody outside, without a contract here."""

    OWN = "own"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Form:
    """One row: the key path, the role, whether settings may stand beside the name, and whose role it is.

    ``with_people`` says that people are at the topic's other end, who have no contract.
    """

    path: str
    role: Role
    takes_settings: bool = False
    party: Party = Party.OWN
    with_people: bool = False

    @property
    def lenient(self) -> bool:
        """Whether what is unlike a topic may stand here."""
        return self.path.rpartition(".")[2].removesuffix("[]") in GENERIC_KEYS


_PUBLISHED, _SUBSCRIBED = Role.PUBLISHES, Role.SUBSCRIBES

_LISTS: tuple[tuple[Role, tuple[str, ...]], ...] = (
    (
        _SUBSCRIBED,
        (
            "event_bus.subscribe_topics", "event_bus.topics.consumes", "event_bus.topics.subscribes",
            "subscribe_topics", "topics.consumes", "topics.subscribes", "input_topics", "kafka.input_topics",
            "input_subscriptions", "consumed_events", "event_sources", "events.consumed",
        ),
    ),
    (
        _PUBLISHED,
        (
            "event_bus.publish_topics", "event_bus.dlq_topics", "event_bus.topics.produces",
            "event_bus.topics.publishes", "publish_topics", "dlq_topics", "topics.produces", "topics.publishes",
            "output_topics", "kafka.output_topics", "emits", "published_events", "event_outputs", "events.emitted",
        ),
    ),
)  # fmt: skip
REQUESTS, ANSWERS = "handler.approvals.requests", "handler.approvals.answers"
"""Where the topics stand by which a node asks a person."""

_OUTSIDE_LISTS = (
    ("externally_consumed_topics", _SUBSCRIBED),
    ("externally_published_topics", _PUBLISHED),
)
_EVENTS = ("consumed_events", "published_events")
_COUNTERPARTS = {
    _SUBSCRIBED: (("external_publisher", _PUBLISHED),),
    _PUBLISHED: (("external_consumer", _SUBSCRIBED), ("external_subscriber", _SUBSCRIBED)),
}


def _list(path: str, role: Role) -> Iterator[Form]:
    """A list of topics: names, or mappings that hold one."""
    yield Form(f"{path}[]", role)
    for key in ("topic", "topic_name", "name", *(("topic_suffix", "full_topic_pattern") if path in _EVENTS else ())):
        yield Form(f"{path}[].{key}", role, takes_settings=True)
    yield from _counterparts(f"{path}[]", role)


def _metadata(path: str, role: Role) -> Iterator[Form]:
    """A mapping whose keys are topics."""
    yield Form(f"{path}.{{}}", role, takes_settings=True)
    yield from _counterparts(f"{path}.{{}}", role)


def _counterparts(path: str, role: Role) -> Iterator[Form]:
    """What the mapping of a topic says of those outside who are at its other end."""
    for key, other in _COUNTERPARTS[role]:
        yield Form(f"{path}.{key}?", other, party=Party.OUTSIDE)
        yield Form(f"{path}.{key}.topic", other, party=Party.OUTSIDE)


def _outside(path: str, role: Role) -> Iterator[Form]:
    yield Form(f"{path}[]", role, party=Party.OUTSIDE)
    yield Form(f"{path}[].topic", role, party=Party.OUTSIDE)


FORMS: tuple[Form, ...] = (
    *(form for role, paths in _LISTS for path in paths for form in _list(path, role)),
    *_metadata("event_bus.subscribe_topic_metadata", _SUBSCRIBED),
    *_metadata("event_bus.publish_topic_metadata", _PUBLISHED),
    *_counterparts("event_bus.subscribe", _SUBSCRIBED),
    *_counterparts("event_bus.publish", _PUBLISHED),
    *(form for path, role in _OUTSIDE_LISTS for form in _outside(f"event_bus.{path}", role)),
    *(form for path, role in _OUTSIDE_LISTS for form in _outside(path, role)),
    Form("event_bus.subscribe.topic", _SUBSCRIBED, takes_settings=True),
    Form("event_bus.publish.topic", _PUBLISHED, takes_settings=True),
    Form("event_bus.publish.success_topic", _PUBLISHED),
    Form("event_bus.publish.failure_topic", _PUBLISHED),
    Form("kafka.input_topic", _SUBSCRIBED),
    Form("kafka.output_topic", _PUBLISHED),
    Form("input_topic", _SUBSCRIBED),
    Form("output_topic", _PUBLISHED),
    Form("io_operations[].input_topic", _SUBSCRIBED),
    Form("io_operations[].output_topic", _PUBLISHED),
    Form("output_models[].topic", _PUBLISHED),
    Form("terminal_event", _PUBLISHED),
    Form(REQUESTS, _PUBLISHED, with_people=True),
    Form(ANSWERS, _SUBSCRIBED, with_people=True),
)


@dataclass(slots=True)
class Step:
    """A node of the tree that the forms make: where a key, an item or a topic leads, and the form that ends here.

    ``generic`` says that another shape may stand here too, ``holds_settings`` that a mapping here states settings.
    ``marks`` are the forms of the marks in a mapping here.
    """

    generic: bool = False
    keys: dict[str, Step] = field(default_factory=dict)
    items: Step | None = None
    topics: Step | None = None
    form: Form | None = None
    marks: dict[str, Form] = field(default_factory=dict)
    holds_settings: bool = False

    @property
    def holds_mapping(self) -> bool:
        """Whether a mapping may stand here."""
        return bool(self.keys or self.topics or self.holds_settings)


def tree(forms: Iterable[Form] = FORMS) -> Step:
    """The forms as one tree, walked once beside the document."""
    root = Step()
    for form in forms:
        *above, last = form.path.split(".")
        step = root
        for part in above:
            step = _below(step, part)
        if last.endswith("?"):
            step.marks[last.removesuffix("?")] = form
            continue
        end = _below(step, last)
        end.form = form
        if form.takes_settings:
            (end if last == "{}" else step).holds_settings = True
    return root


def _below(step: Step, part: str) -> Step:
    if part == "{}":
        step.topics = step.topics or Step(generic=True)
        return step.topics
    key = part.removesuffix("[]")
    step = step.keys.setdefault(key, Step(generic=key in GENERIC_KEYS))
    if key == part:
        return step
    step.items = step.items or Step(generic=step.generic)
    return step.items
