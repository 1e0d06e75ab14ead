"""Every declaration form, each with the exact place of its topic."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.contracts import Contract, Role
from omni_assets.contracts.forms import FORMS, Form, Party, tree

TOPIC = "onex.evt.router.done.v1"
OTHER = "onex.evt.other.done.v1"
SUBSCRIBES, PUBLISHES = Role.SUBSCRIBES, Role.PUBLISHES

# What the contracts of the wild hold, written down by hand: key path, role.
NAMED = {
    "event_bus.subscribe_topics[]": SUBSCRIBES,
    "event_bus.subscribe_topics[].topic": SUBSCRIBES,
    "event_bus.subscribe_topics[].topic_name": SUBSCRIBES,
    "event_bus.subscribe_topics[].name": SUBSCRIBES,
    "event_bus.publish_topics[]": PUBLISHES,
    "event_bus.publish_topics[].topic": PUBLISHES,
    "event_bus.publish_topics[].topic_name": PUBLISHES,
    "event_bus.publish_topics[].name": PUBLISHES,
    "event_bus.dlq_topics[]": PUBLISHES,
    "event_bus.dlq_topics[].topic": PUBLISHES,
    "dlq_topics[]": PUBLISHES,
    "event_bus.subscribe.topic": SUBSCRIBES,
    "event_bus.publish.topic": PUBLISHES,
    "event_bus.publish.success_topic": PUBLISHES,
    "event_bus.publish.failure_topic": PUBLISHES,
    "event_bus.subscribe_topic_metadata.{}": SUBSCRIBES,
    "event_bus.publish_topic_metadata.{}": PUBLISHES,
    "event_bus.topics.consumes[]": SUBSCRIBES,
    "event_bus.topics.produces[]": PUBLISHES,
    "event_bus.topics.subscribes[]": SUBSCRIBES,
    "event_bus.topics.publishes[]": PUBLISHES,
    "topics.consumes[]": SUBSCRIBES,
    "topics.produces[]": PUBLISHES,
    "topics.subscribes[]": SUBSCRIBES,
    "topics.publishes[]": PUBLISHES,
    "subscribe_topics[]": SUBSCRIBES,
    "publish_topics[]": PUBLISHES,
    "consumed_events[]": SUBSCRIBES,
    "consumed_events[].topic": SUBSCRIBES,
    "consumed_events[].topic_suffix": SUBSCRIBES,
    "consumed_events[].full_topic_pattern": SUBSCRIBES,
    "consumed_events[].topic_name": SUBSCRIBES,
    "published_events[]": PUBLISHES,
    "published_events[].topic": PUBLISHES,
    "published_events[].topic_suffix": PUBLISHES,
    "published_events[].full_topic_pattern": PUBLISHES,
    "published_events[].topic_name": PUBLISHES,
    "terminal_event": PUBLISHES,
    "input_subscriptions[]": SUBSCRIBES,
    "kafka.input_topic": SUBSCRIBES,
    "kafka.output_topic": PUBLISHES,
    "kafka.input_topics[]": SUBSCRIBES,
    "kafka.output_topics[]": PUBLISHES,
    "input_topic": SUBSCRIBES,
    "output_topic": PUBLISHES,
    "input_topics[]": SUBSCRIBES,
    "output_topics[]": PUBLISHES,
    "emits[]": PUBLISHES,
    "event_sources[]": SUBSCRIBES,
    "event_sources[].topic": SUBSCRIBES,
    "event_outputs[]": PUBLISHES,
    "event_outputs[].topic": PUBLISHES,
    "events.emitted[]": PUBLISHES,
    "events.emitted[].topic": PUBLISHES,
    "events.consumed[]": SUBSCRIBES,
    "events.consumed[].topic": SUBSCRIBES,
    "output_models[].topic": PUBLISHES,
    "io_operations[].input_topic": SUBSCRIBES,
    "io_operations[].output_topic": PUBLISHES,
}
NAMED_OUTSIDE = {
    "event_bus.subscribe_topic_metadata.{}.external_publisher?": PUBLISHES,
    "event_bus.subscribe_topic_metadata.{}.external_publisher.topic": PUBLISHES,
    "event_bus.publish_topic_metadata.{}.external_consumer?": SUBSCRIBES,
    "event_bus.publish_topic_metadata.{}.external_subscriber?": SUBSCRIBES,
    "event_bus.subscribe_topics[].external_publisher?": PUBLISHES,
    "consumed_events[].external_publisher?": PUBLISHES,
    "event_bus.publish_topics[].external_consumer?": SUBSCRIBES,
    "event_bus.externally_consumed_topics[]": SUBSCRIBES,
    "event_bus.externally_consumed_topics[].topic": SUBSCRIBES,
    "event_bus.externally_published_topics[]": PUBLISHES,
    "externally_consumed_topics[]": SUBSCRIBES,
    "externally_published_topics[]": PUBLISHES,
}
OWN = [form for form in FORMS if form.party is Party.OWN]
OUTSIDE = [form for form in FORMS if form.party is Party.OUTSIDE]


def written(path: str, topic: str, beside: str = "") -> tuple[str, int, int]:
    """A contract in block style that holds ``topic`` at ``path``, with the line and column of what says so.

    ``beside`` stands in the mapping of the topic.
    """
    lines: list[str] = []
    indent, dash = 0, ""
    parts = path.replace("[]", ".[]").split(".")
    place = (0, 0)
    for part, after in zip(parts, [*parts[1:], ""], strict=True):
        start = "  " * indent + dash
        if part == "[]":
            if not after:
                lines.append(f"{start}- {topic}")
                place = (len(lines), len(start) + 3)
            dash = "- "
            continue
        last = not after
        key = OTHER if part == "{}" and not last else topic if part == "{}" else part.removesuffix("?")
        value = " {repo: elsewhere}" if part.endswith("?") else f" {topic}" if last and part != "{}" else ""
        lines.append(f"{start}{key}:{value}")
        plain = last and part != "{}" and not part.endswith("?")
        place = (len(lines), len(start) + 1 + (len(key) + 2 if plain else 0))
        indent += 1 + len(dash) // 2
        dash = ""
        if last and beside:
            level = indent if part == "{}" else indent - 1
            lines += ["  " * level + line for line in beside.splitlines()]
    return "\n".join(lines) + "\n", *place


def test_every_form_of_the_wild_is_in_the_table() -> None:
    assert len({form.path for form in FORMS}) == len(FORMS)
    own = {form.path: form.role for form in OWN}
    outside = {form.path: form.role for form in OUTSIDE}
    assert own.items() >= NAMED.items()
    assert outside.items() >= NAMED_OUTSIDE.items()


def test_the_page_on_contracts_names_every_form() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL)))
    for form in FORMS:
        whole = form.path.removesuffix("?")
        listed, _, key = whole.partition("[].")
        assert whole in named or ({f"{listed}[]", key.partition(".")[0]} <= named) or ".external_" in whole, whole


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("event_bus.publish_topics[].topic", f"event_bus:\n  publish_topics:\n    - topic: {TOPIC}\n"),
        ("event_bus.publish_topic_metadata.{}", f"event_bus:\n  publish_topic_metadata:\n    {TOPIC}:\n"),
        ("emits[]", f"emits:\n  - {TOPIC}\n"),
        ("a.{}.b?", f"a:\n  {OTHER}:\n    b: {{repo: elsewhere}}\n"),
    ],
)
def test_the_writer_of_these_tests_writes_what_a_person_would(path: str, text: str) -> None:
    assert written(path, TOPIC)[0] == text


@pytest.mark.parametrize("form", [form for form in OWN if not form.with_people], ids=lambda form: form.path)
def test_a_form_declares_its_topic_where_it_stands(form: Form, read: Callable[..., Contract]) -> None:
    text, line, column = written(form.path, TOPIC, "partitions: 3" if form.takes_settings else "")
    contract = read(text)
    assert [each.rule.name for each in contract.findings] == (
        ["terminal-event"] if form.path == "terminal_event" else []
    )
    (declaration,) = contract.declarations
    assert (declaration.topic, declaration.form, declaration.node) == (TOPIC, form.path, "router")
    assert (declaration.location.line, declaration.location.column) == (line, column)
    assert declaration.role is form.role
    assert declaration.settings.partitions == (3 if form.takes_settings else None)


def test_people_are_at_the_other_end_of_questions_and_answers(read: Callable[..., Contract]) -> None:
    topics = f"{{requests: {TOPIC}, answers: {OTHER}}}"
    contract = read(f'handler: {{kind: python, entry: "a:b", approvals: {topics}}}\n')
    assert contract.findings == ()
    assert [(each.topic, each.role, each.form) for each in contract.declarations] == [
        (TOPIC, PUBLISHES, "handler.approvals.requests"),
        (OTHER, SUBSCRIBES, "handler.approvals.answers"),
    ]
    assert {(each.topic, each.role) for each in contract.outside} == {(TOPIC, SUBSCRIBES), (OTHER, PUBLISHES)}


@pytest.mark.parametrize("form", OUTSIDE, ids=lambda form: form.path)
def test_a_form_of_somebody_outside_declares_nothing_here(form: Form, read: Callable[..., Contract]) -> None:
    text, line, column = written(form.path, TOPIC)
    described = ".external_" in form.path
    if described and "{}" not in form.path:
        mark = next(each for each in text.splitlines() if "external_" in each)
        text += f"{' ' * mark.index('external_')}topic: {OTHER}\n"
    contract = read(text)
    assert contract.findings == ()
    topic = OTHER if form.path.endswith("?") else TOPIC
    assert [each.role for each in contract.outside if each.topic == topic] == [form.role]
    (outside,) = (each for each in contract.outside if each.topic == topic)
    assert (outside.location.line, outside.location.column) == (line, column)
    assert [each.topic for each in contract.declarations] == ([OTHER] if described else [])


@pytest.mark.parametrize("form", [form for form in OWN if form.takes_settings], ids=lambda form: form.path)
def test_settings_may_stand_under_topic_config(form: Form, read: Callable[..., Contract]) -> None:
    text, _, _ = written(form.path, TOPIC, "topic_config:\n  partitions: 3")
    contract = read(text)
    assert contract.findings == ()
    assert contract.declarations[0].settings.partitions == 3


@pytest.mark.parametrize("absent", ["null", "~", "false", "no", "", "''"])
def test_a_mark_that_says_no_says_nothing(absent: str, read: Callable[..., Contract]) -> None:
    contract = read(
        f"event_bus:\n  subscribe_topic_metadata:\n    {TOPIC}:\n      external_publisher: {absent}\n"
        f"consumed_events:\n- topic: {TOPIC}\n  external_publisher: {absent}\n"
    )
    assert (len(contract.declarations), contract.outside, contract.findings) == (2, (), ())


@pytest.mark.parametrize("present", ["true", "somebody", "{}", "[a, b]", "{multi_producer: true}"])
def test_a_mark_may_say_anything_else(present: str, read: Callable[..., Contract]) -> None:
    contract = read(f"event_bus: {{subscribe_topics: [{{topic: {TOPIC}, external_publisher: {present}}}]}}\n")
    assert [(each.topic, each.role) for each in contract.outside] == [(TOPIC, PUBLISHES)]
    assert contract.findings == ()


def test_a_mark_on_a_mapping_that_topics_share_speaks_of_each(read: Callable[..., Contract]) -> None:
    contract = read(
        "x: &m {external_publisher: {repo: elsewhere}, partitions: 3}\n"
        f"event_bus:\n  subscribe_topic_metadata:\n    {TOPIC}: *m\n    {OTHER}: *m\n"
    )
    assert {each.topic for each in contract.outside} == {TOPIC, OTHER}
    assert [each.settings.partitions for each in contract.declarations] == [3, 3]


def test_one_mapping_states_the_settings_of_its_topic_once(read: Callable[..., Contract]) -> None:
    contract = read(
        f"published_events:\n- topic: {TOPIC}\n  topic_suffix: {TOPIC}\n  full_topic_pattern: {TOPIC}\n"
        "  partitions: 3\n"
    )
    assert [each.settings.partitions for each in contract.declarations] == [3, None, None]
    assert contract.findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "emits: [TaskDone]\nevent_sources: [kafka, 7]\nconsumed_events: [TaskCreated, null]\n",
        "emits: true\nevent_sources: {kafka: {group: a}}\nevents: [a, [b]]\nkafka: localhost\ntopics: 3\n",
        "published_events:\n- {name: TaskDone, topic_suffix: task-done}\nevent_outputs: [{name: done}]\n",
        "output_models: {a: 1}\nio_operations: write\nevent_bus: {topics: [a]}\n",
        "event_bus:\n  subscribe_topic_metadata: {description: what is read here}\n",
    ],
)
def test_generic_keys_may_hold_something_else(text: str, read: Callable[..., Contract]) -> None:
    contract = read(text)
    assert (contract.declarations, contract.findings) == ((), ())


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("emits: [onex.evt.router.task_done.v1]\n", 1, 9),
        ("event_outputs:\n- topic: system.alert.tool_degraded\n", 2, 10),
        ("event_bus:\n  publish_topic_metadata:\n    task-done: {partitions: 3}\n", 3, 5),
        ("event_bus:\n  publish_topic_metadata:\n    onex.evt.router.task_done.v1: text\n", 3, 5),
        ("topics: {produces: [task-done]}\n", 1, 21),
        ("externally_consumed_topics: [task-done]\n", 1, 30),
    ],
)
def test_where_a_topic_is_meant_a_malformed_name_is_an_error(
    text: str, line: int, column: int, read: Callable[..., Contract]
) -> None:
    contract = read(text)
    (finding,) = contract.findings
    assert (finding.rule.name, finding.severity) == ("malformed-name", "error")
    assert (finding.location.line, finding.location.column) == (line, column)
    assert [each.topic for each in contract.misnamed] == ([] if "externally" in text else [finding.topic])


def test_topics_without_a_role_are_reported(read: Callable[..., Contract]) -> None:
    contract = read(
        "event_bus:\n  topic_base: onex.evt.router.base.v1\n  topics:\n    directed: onex.evt.router.a.v1\n"
        "    broadcast: onex.evt.router.b.v1\nemits: onex.evt.router.done.v1\n"
    )
    assert [(each.rule.name, each.severity, each.location.line) for each in contract.findings] == [
        ("unread-declaration", "warning", line) for line in (2, 4, 5, 6)
    ]


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
    assert set(root.keys) >= {"event_bus", "consumed_events", "published_events", "terminal_event"}


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
