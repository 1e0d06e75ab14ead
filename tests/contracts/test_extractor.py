"""The one parser: whatever looks like a topic is declared or reported, never lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, Node, ScalarNode

from omni_assets.contracts import Contract, ContractTopicExtractor, Grammar, Role
from omni_assets.contracts.forms import FORMS, Form
from omni_assets.contracts.reading import MAX_FINDINGS, MAX_SETTINGS
from omni_assets.errors import NoContracts, PathNotFound

GRAMMAR = Grammar()

topics = st.builds(
    "onex.{}.{}.{}.v{}".format,
    st.sampled_from(GRAMMAR.kinds),
    st.sampled_from(["a", "router", "pull-request-opener"]),
    st.sampled_from(["b", "done", "review-complete"]),
    st.integers(1, 20),
)
form_keys = sorted(
    {key.removesuffix("[]") for form in FORMS for key in form.path.split(".")} | {"topic_config", "config"}
)
scalars = topics | st.sampled_from(["", "x", "7d", "two words", "- y"]) | st.integers() | st.booleans() | st.none()
keys = st.sampled_from(form_keys) | topics | st.sampled_from(["x", "<<", "1"])
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


def scalars_of(node: Node) -> Iterator[str]:
    if isinstance(node, ScalarNode):
        yield node.value
        return
    children = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
    for child in children:
        yield from scalars_of(child)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=st.dictionaries(keys, documents, max_size=6),
    style=st.sampled_from([None, '"', "|", ">"]),
    flow=st.booleans(),
)
def test_no_name_is_neither_declared_nor_reported(
    document: dict[str, object], style: str | None, flow: bool, read: Callable[..., Contract]
) -> None:
    text = yaml.safe_dump(document, default_style=style, default_flow_style=flow, allow_unicode=True)
    root = yaml.compose(text, yaml.CSafeLoader)
    assert root is not None
    contract = read(text)
    known = {each.topic for each in (*contract.declarations, *contract.outside, *contract.findings)}
    assert {value for value in scalars_of(root) if GRAMMAR.matches(value)} <= known
    lines = text.splitlines()
    for declaration in contract.declarations:
        place = lines[declaration.location.line - 1][declaration.location.column - 1 :]
        assert place.lstrip("'\"").startswith(declaration.topic) or place.startswith(("|", ">", "!!", "&", "?"))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_make_a_contract(content: bytes, read: Callable[..., Contract]) -> None:
    contract = read(content)
    assert contract.node
    for finding in contract.findings:
        assert finding.message.endswith(".")
        assert finding.location.line >= 1
        assert finding.location.column >= 1


def test_roles_node_and_order(read: Callable[..., Contract]) -> None:
    contract = read(
        "name: the-router\nevent_bus:\n"
        "  publish_topics:\n  - onex.evt.router.b.v1\n  - onex.evt.router.a.v1\n"
        "  subscribe_topics:\n  - onex.cmd.router.c.v1\n"
    )
    assert [(each.topic, each.role, each.node) for each in contract.declarations] == [
        ("onex.evt.router.b.v1", Role.PUBLISHES, "the-router"),
        ("onex.evt.router.a.v1", Role.PUBLISHES, "the-router"),
        ("onex.cmd.router.c.v1", Role.SUBSCRIBES, "the-router"),
    ]
    assert len(contract.digest) == 64


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("name: a\nnode_name: b\n", "b"),
        ("contract_name: c\n", "c"),
        ("name:\n  nested: true\n", "router"),
        ("name: ''\n", "router"),
        ("name: null\n", "router"),
        ("name: |\n  two\n  lines\n", "two lines"),
        ("x: 1\n", "router"),
    ],
)
def test_the_name_of_a_node(text: str, node: str, read: Callable[..., Contract]) -> None:
    assert read(text).node == node


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("description: |\n  It routes\n  each task.\n", "It routes each task."),
        ("description: {nested: true}\n", ""),
        ("description: null\n", ""),
        ("x: 1\n", ""),
        (f"description: {'x' * 600}\n", f"{'x' * 500}…"),
    ],
)
def test_what_a_node_is_for(text: str, description: str, read: Callable[..., Contract]) -> None:
    assert read(text).description == description


@pytest.mark.parametrize(
    "text",
    [
        "description: >\n  Emits onex.evt.router.done.v1 when it is done.\n",
        "description: |\n  onex.evt.router.done.v1 and\n  onex.evt.router.failed.v1\n",
        "description: Emits\n  onex.evt.router.done.v1\n  at the end.\n",
        'steps: ["emit onex.evt.router.done.v1 to Kafka"]\n',
        "module: plugins.onex.skills._shared.friction_signal\n",
        "url: https://example.com/onex.evt.router.done.v1\n",
        "# onex.evt.router.done.v1\nx: 1\n",
    ],
)
def test_prose_that_mentions_topics_is_silent(text: str, read: Callable[..., Contract]) -> None:
    contract = read(text)
    assert (contract.declarations, contract.findings) == ((), ())


@pytest.mark.parametrize(
    ("text", "line", "column", "at"),
    [
        ("kafka:\n  inbox_topic: {}\n", 2, 16, "`kafka.inbox_topic`"),
        ("emitting:\n- {}\n", 2, 3, "`emitting[0]`"),
        ("meta:\n  {}:\n    owner: a\n", 2, 3, "`meta`"),
        ("{}: 1\n", 1, 1, "the top level"),
        ("x: |\n  {}\n", 1, 4, "`x`"),
        ("x: '  {} '\n", 1, 4, "`x`"),
        ("? [{}]\n: 1\n", 1, 4, "`?[0]`"),
        ("a: {{b: {{c: [1, [2, {}]]}}}}\n", 1, 20, "`a.b.c[1][1]`"),
    ],
)
def test_a_topic_that_no_form_reads(text: str, line: int, column: int, at: str, read: Callable[..., Contract]) -> None:
    topic = "onex.evt.router.done.v1"
    (finding,) = read(text.format(topic)).findings
    assert (finding.rule.name, finding.severity, finding.topic) == ("unread-declaration", "warning", topic)
    assert (finding.location.line, finding.location.column) == (line, column)
    assert finding.message == (
        f"`{topic}` looks like a topic, and no form reads it at {at}, so it is neither provisioned nor checked."
    )
    assert finding.fix == f"declare `{topic}` under event_bus.publish_topics or event_bus.subscribe_topics"


def test_a_list_of_topics_in_one_text_is_several_topics(read: Callable[..., Contract]) -> None:
    contract = read("topics: onex.evt.router.done.v1, onex.evt.router.failed.v1\n")
    assert [each.topic for each in contract.findings] == ["onex.evt.router.done.v1", "onex.evt.router.failed.v1"]


def test_an_unread_topic_that_is_declared_elsewhere_is_a_note(read: Callable[..., Contract]) -> None:
    contract = read("emitting: [onex.evt.router.done.v1]\nevent_bus:\n  publish_topics:\n  - onex.evt.router.done.v1\n")
    (finding,) = contract.findings
    assert (finding.severity, finding.fix) == ("note", "")
    assert finding.message.endswith("nothing is lost, since line 4 declares it.")
    ((place, _),) = finding.related
    assert (place.line, place.column) == (4, 5)


def test_the_fix_of_an_unread_topic_spells_it_right(read: Callable[..., Contract]) -> None:
    (misspelt,) = read("emitting: [onex.evt.router.routing_complete.v1]\n").findings
    assert "`onex.evt.router.routing-complete.v1`" in misspelt.fix
    (template,) = read("emitting: ['onex.evt.router.inbox.{agent_id}.v1']\n").findings
    assert "record's key" in template.fix


@pytest.mark.parametrize(
    ("written", "rule", "severity", "fix"),
    [
        ("onex.evt.a.b_c.v1", "malformed-name", "error", "write `onex.evt.a.b-c.v1`"),
        ("' onex.evt.a.b.v1'", "malformed-name", "error", "write `onex.evt.a.b.v1`"),
        ("routing-done", "malformed-name", "error", "follow `onex.{kind}.{producer}.{event}.v{version}`"),
        ("''", "malformed-name", "error", "follow `onex.{kind}.{producer}.{event}.v{version}`"),
        ("~", "malformed-name", "error", "follow `onex.{kind}.{producer}.{event}.v{version}`"),
        ("7", "malformed-name", "error", "follow `onex.{kind}.{producer}.{event}.v{version}`"),
        ("'onex.evt.a.{id}.v1'", "template-name", "warning", "declare one topic and put the placeholder's value into"),
    ],
)
def test_a_declared_name_that_is_none(
    written: str, rule: str, severity: str, fix: str, read: Callable[..., Contract]
) -> None:
    contract = read(f"event_bus:\n  publish_topics:\n    - {written}\n")
    (finding,) = contract.findings
    assert contract.declarations == ()
    assert (finding.rule.name, finding.severity) == (rule, severity)
    assert (finding.location.line, finding.location.column) == (3, 7)
    assert finding.fix.startswith(fix)


def test_a_topic_config_that_is_no_mapping_holds_its_topic_back(read: Callable[..., Contract], tmp_path: Path) -> None:
    read("published_events:\n- topic: onex.evt.a.b.v1\n  topic_config: 3\n")
    manifest = ContractTopicExtractor().extract([str(tmp_path)])
    (finding,) = manifest.errors
    assert (
        finding.message
        == "the setting `topic_config` of `onex.evt.a.b.v1` cannot be used: it is not a mapping of settings."
    )
    assert (finding.location.line, finding.location.column) == (3, 17)
    assert manifest.topics["onex.evt.a.b.v1"].blocked


def test_duplicate_keys_are_errors_and_both_are_read(read: Callable[..., Contract]) -> None:
    contract = read(
        "event_bus:\n  publish_topics: [onex.evt.a.b.v1]\nevent_bus:\n  publish_topics: [onex.evt.a.c.v1]\n"
    )
    (finding,) = contract.findings
    assert finding.rule.name == "duplicate-key"
    assert finding.message == "the key `event_bus` stands twice in this mapping, first in line 1."
    assert (finding.location.line, finding.location.column) == (3, 1)
    assert [place.line for place, _ in finding.related] == [1]
    assert [each.topic for each in contract.declarations] == ["onex.evt.a.b.v1", "onex.evt.a.c.v1"]


def test_keys_of_different_types_are_not_duplicates(read: Callable[..., Contract]) -> None:
    assert read("{1: a, '1': b, true: c, 'true': d}\n").findings == ()


def test_a_duplicate_key_in_a_shared_mapping_is_reported_once(read: Callable[..., Contract]) -> None:
    contract = read("a: &x {k: 1, k: 2}\nb: *x\nevent_bus: *x\nconsumed_events: [*x]\n")
    assert [each.rule.name for each in contract.findings].count("duplicate-key") == 1


def test_aliases_declare_where_they_are_used_and_are_not_reported_where_they_are_defined(
    read: Callable[..., Contract],
) -> None:
    contract = read(
        "x-done: &done onex.evt.a.done.v1\n"
        "x-all: &all [onex.evt.a.failed.v1]\n"
        "event_bus:\n  publish_topics: [*done]\n  subscribe_topics: *all\n"
    )
    assert contract.findings == ()
    assert [(each.topic, each.role) for each in contract.declarations] == [
        ("onex.evt.a.done.v1", Role.PUBLISHES),
        ("onex.evt.a.failed.v1", Role.SUBSCRIBES),
    ]


def test_a_recursive_document_ends(read: Callable[..., Contract]) -> None:
    contract = read("event_bus: &loop\n  publish_topics: [onex.evt.a.b.v1]\n  subscribe: *loop\n  x: *loop\n")
    assert [each.topic for each in contract.declarations] == ["onex.evt.a.b.v1"]


def test_an_alias_bomb_is_read_once(read: Callable[..., Contract]) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 40))
    contract = read(f"l0: &l0 [onex.evt.a.b.v1]\n{levels}event_bus:\n  publish_topics: *l39\n")
    assert {each.topic for each in contract.findings} >= {"onex.evt.a.b.v1"}
    assert len(contract.findings) < 100


def test_a_shared_mapping_of_settings_cannot_multiply_without_bound(read: Callable[..., Contract]) -> None:
    many = ", ".join(f"k{n}: 1" for n in range(2000))
    topics = "".join(f"- {{topic: onex.evt.a.b{n}.v1, topic_config: *many}}\n" for n in range(MAX_SETTINGS // 1000))
    contract = read(f"x: &many {{{many}}}\npublished_events:\n{topics}")
    (finding,) = contract.findings
    assert contract.declarations == ()
    assert (finding.rule.name, finding.fix) == ("unreadable-contract", "split it, or rename it if it is no contract")
    assert re.fullmatch(r"this contract has more than \d+ [\w ]+, so it is not read\.", finding.message)


def test_findings_are_bounded(read: Callable[..., Contract]) -> None:
    contract = read("{" + "a: 1, " * (MAX_FINDINGS + 10) + "}")
    assert [each.message for each in contract.findings] == [
        f"this contract has more than {MAX_FINDINGS} findings, so it is not read."
    ]


def test_long_keys_do_not_multiply_in_messages(read: Callable[..., Contract]) -> None:
    key = "k" * 100_000
    names = ", ".join(f"onex.evt.a.b{n}.v1" for n in range(50))
    contract = read(f"? {key}\n: [{names}]\n")
    assert len(contract.findings) == 50
    assert max(len(each.message) for each in contract.findings) < 400


def test_other_forms_and_another_grammar(read: Callable[..., Contract]) -> None:
    extractor = ContractTopicExtractor(
        Grammar("acme.{producer}.{kind}.{event}.{N}", ("event",), "[a-z_]+"), forms=[Form("emits[]", Role.PUBLISHES)]
    )
    contract = read(
        "emits: [acme.shop.event.order_placed.2]\nevent_bus:\n  publish_topics: [onex.evt.a.b.v1]\n", extractor
    )
    assert [each.topic for each in contract.declarations] == ["acme.shop.event.order_placed.2"]
    assert contract.findings == ()


def test_sources_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound):
        ContractTopicExtractor().extract([str(tmp_path / "missing")])
    with pytest.raises(NoContracts):
        ContractTopicExtractor().extract([str(tmp_path)])


@pytest.mark.parametrize(
    "text",
    ["kafka://onex.evt.a.b.v1", "topic=onex.evt.a.b.v1", "(onex.evt.a.b.v1)", "onex.evt.a.b.v1 -> onex.evt.c.d.v1"],
)
def test_signs_around_a_topic_hide_nothing(text: str, read: Callable[..., Contract]) -> None:
    found = read(f"note: '{text}'\n").findings
    assert found[0].topic == "onex.evt.a.b.v1"
    assert {each.rule.name for each in found} == {"unread-declaration"}


@pytest.mark.parametrize("tag", ["!!null", "!!str", "!custom"])
def test_a_name_under_a_tag_is_a_name(tag: str, read: Callable[..., Contract]) -> None:
    contract = read(f"event_bus:\n  publish_topics:\n  - topic: {tag} 'onex.evt.router.done.v1'\n")
    assert [each.topic for each in contract.declarations] == ["onex.evt.router.done.v1"]
