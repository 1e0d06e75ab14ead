"""Every declaration form, each with the exact place of its topic."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omni_assets.contracts import Contract, Role
from omni_assets.contracts.forms import FORMS, tree

TOPIC = "onex.evt.router.done.v1"

CASES = {
    "event_bus.subscribe_topics[]": ("event_bus:\n  subscribe_topics:\n    - {}\n", 3, 7),
    "event_bus.subscribe_topics[].topic": (
        "event_bus:\n  subscribe_topics:\n    - topic: {}\n      partitions: 3\n",
        3,
        14,
    ),
    "event_bus.publish_topics[]": ('event_bus:\n  publish_topics: [ "{}" ]\n', 2, 21),
    "event_bus.publish_topics[].topic": (
        "event_bus:\n  publish_topics:\n    - partitions: 3\n      topic: {}\n",
        4,
        14,
    ),
    "event_bus.dlq_topics[]": ("event_bus:\n  dlq_topics:\n  - {}\n", 3, 5),
    "event_bus.dlq_topics[].topic": ("event_bus:\n  dlq_topics:\n  - topic: {}\n    partitions: 3\n", 3, 12),
    "event_bus.subscribe.topic": ("event_bus:\n  subscribe:\n    topic: {}\n    partitions: 3\n", 3, 12),
    "event_bus.publish.success_topic": ("event_bus:\n  publish:\n    success_topic: {}\n", 3, 20),
    "event_bus.publish.failure_topic": ("event_bus: {{publish: {{failure_topic: {}}}}}\n", 1, 38),
    "consumed_events[].topic": ("consumed_events:\n- topic: {}\n  topic_config:\n    partitions: 3\n", 2, 10),
    "published_events[].topic": ("published_events:\n- topic: '{}'\n  topic_config: {{partitions: 3}}\n", 2, 10),
    "terminal_event": ("terminal_event: {}\n", 1, 17),
}
SUBSCRIBED = {each for each in CASES if "subscribe" in each or "consumed" in each}


def test_every_form_has_a_case() -> None:
    assert [form.path for form in FORMS] == list(CASES)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.path)
def test_a_form_declares_its_topic_where_it_stands(form, read: Callable[..., Contract]) -> None:  # type: ignore[no-untyped-def]
    text, line, column = CASES[form.path]
    contract = read(text.format(TOPIC))
    assert contract.findings == ()
    (declaration,) = contract.declarations
    assert (declaration.topic, declaration.form, declaration.node) == (TOPIC, form.path, "router")
    assert (declaration.location.line, declaration.location.column) == (line, column)
    assert declaration.role is (Role.SUBSCRIBES if form.path in SUBSCRIBED else Role.PUBLISHES)
    assert declaration.settings.partitions == (3 if form.takes_settings else None)


MAPPINGS = [form for form in FORMS if form.path.endswith("[].topic")]


@pytest.mark.parametrize("form", MAPPINGS, ids=lambda form: form.path)
@pytest.mark.parametrize("settings", ["partitions: 3", "topic_config: {partitions: 3}"])
def test_settings_stand_beside_the_topic_or_under_topic_config(form, settings, read: Callable[..., Contract]) -> None:  # type: ignore[no-untyped-def]
    *outer, last = form.path.removesuffix("[].topic").split(".")
    indent = "  " * len(outer)
    text = "".join(f"{key}:\n" for key in outer) + f"{indent}{last}:\n{indent}- topic: {TOPIC}\n{indent}  {settings}\n"
    contract = read(text)
    assert contract.findings == ()
    assert contract.declarations[0].settings.partitions == 3


def test_settings_where_no_form_reads_them_are_reported(read: Callable[..., Contract]) -> None:
    contract = read(
        f"event_bus:\n  publish_topics:\n  - topic: {TOPIC}\n    kafka_config: {{retention.ms: 5}}\n"
        "    topic_config: {colour: red}\n"
    )
    assert [(each.rule.name, each.location.line) for each in contract.findings] == [
        ("unknown-setting", 4),
        ("unknown-setting", 5),
    ]


def test_an_item_that_names_no_topic_is_reported(read: Callable[..., Contract]) -> None:
    contract = read(
        "event_bus:\n  publish_topics:\n  - {partitions: 3}\n  - {}\n"
        "published_events: [topic_config: {partitions: 3}]\n"
    )
    assert [(each.rule.name, each.location.line) for each in contract.findings] == [
        ("unexpected-shape", 3),
        ("unexpected-shape", 4),
        ("unexpected-shape", 5),
    ]


def test_the_tree_has_a_leaf_for_every_form() -> None:
    root = tree()
    step = root.keys["event_bus"].keys["publish_topics"].items
    assert step is not None
    assert step.form is not None
    assert step.keys["topic"].form is not None
    assert set(root.keys) == {"event_bus", "consumed_events", "published_events", "terminal_event"}


@pytest.mark.parametrize(
    ("text", "line", "column", "severity", "message"),
    [
        (
            "event_bus:\n  publish_topics: {}\n",
            2,
            19,
            "error",
            "`event_bus.publish_topics` holds the single value `{}`",
        ),
        (
            "event_bus:\n  publish_topics: done\n",
            2,
            19,
            "error",
            "where a list of topics is expected, so it is not read.",
        ),
        ("event_bus: {}\n", 1, 12, "error", "where a mapping is expected, so it is not read."),
        ("event_bus: on\n", 1, 12, "warning", "where a mapping is expected, so it is not read."),
        ("event_bus: [a]\n", 1, 12, "warning", "`event_bus` holds a list where a mapping is expected"),
        (
            "consumed_events: [{}]\n",
            1,
            19,
            "error",
            "`consumed_events[0]` holds the single value `{}` where a mapping",
        ),
        ("consumed_events: [TaskCreated]\n", 1, 19, "warning", "where a mapping with a `topic` is expected"),
        ("terminal_event: [a]\n", 1, 17, "error", "`terminal_event` holds a list where a topic is expected"),
        ("terminal_event: {{name: a}}\n", 1, 17, "error", "`terminal_event` holds a mapping where a topic is expected"),
        (
            "event_bus:\n  publish_topics:\n    a: 1\n",
            3,
            5,
            "error",
            "a mapping where a list of topics is expected",
        ),
        (
            "event_bus:\n  publish_topics:\n  - topic: [a]\n",
            3,
            12,
            "error",
            "`event_bus.publish_topics[0].topic` holds",
        ),
    ],
)
def test_another_shape_than_the_form_takes(
    text: str, line: int, column: int, severity: str, message: str, read: Callable[..., Contract]
) -> None:
    contract = read(text.format(TOPIC))
    (finding,) = contract.findings
    assert (finding.rule.name, finding.severity) == ("unexpected-shape", severity)
    assert (finding.location.line, finding.location.column) == (line, column)
    assert message.format(TOPIC) in finding.message
    assert finding.fix
    assert finding.topic == (TOPIC if TOPIC in text.format(TOPIC) else None)


@pytest.mark.parametrize(
    "text",
    [
        "event_bus:\n",
        "event_bus: {}\n",
        "event_bus: []\n",
        "event_bus: {publish_topics: [], subscribe_topics: , dlq_topics: {}}\n",
        "event_bus: {publish: {success_topic: null, failure_topic: ~}}\n",
        "consumed_events: []\npublished_events:\nterminal_event:\n",
        "published_events:\n- {event_type: TaskDone}\n",
    ],
)
def test_an_empty_form_declares_nothing_and_is_no_finding(text: str, read: Callable[..., Contract]) -> None:
    contract = read(text)
    assert (contract.declarations, contract.findings) == ((), ())
