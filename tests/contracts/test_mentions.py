"""Topics in texts: the name that a text is, and the names that it consists of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omni_assets.contracts import Contract, Grammar
from omni_assets.contracts.mentions import Mention, Mentions

Read = Callable[..., Contract]
NAME = "onex.evt.router.done.v1"
MENTIONS = Mentions(Grammar())

PREFIXES = ["{env}.", "${ENV}.", "{{env}}.", "{{ env }}.", "<env>.", "{env}.{namespace}.", "<a>.${b}.{{ c }}."]
ADDRESSES = ["kafka://", "kafka://host:9092/", "kafka://a:1,b:2/", "KAFKA://host/", "kafka+ssl://host:9093/"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_placeholders_in_front_are_told_from_the_name(prefix: str) -> None:
    mention = MENTIONS.sole(prefix + NAME)
    assert mention is not None
    assert mention.name == NAME
    assert mention.placeholders == prefix.replace("{{ env }}", "{{env}}").replace("{{ c }}", "{{c}}")
    assert [each.name for each in MENTIONS.alone(f"{prefix}{NAME}, {prefix}{NAME}")] == [NAME, NAME]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_front_is_left_out(address: str) -> None:
    for text in (address + NAME, f"{address}{NAME}?partition=3", f"{address}{{env}}.{NAME}", f"{address}{NAME}/"):
        mention = MENTIONS.sole(text)
        assert mention is not None
        assert mention.name == NAME


@pytest.mark.parametrize(
    "text",
    ["", "x", "https://example.com/" + NAME, "kafka://", "kafka://host:9092/", "see " + NAME, "{env}.router", "<b>."],
)
def test_what_is_no_topic(text: str) -> None:
    assert MENTIONS.sole(text) is None
    assert MENTIONS.alone(text) == []


def test_letters_of_another_script_are_seen_through() -> None:
    written = NAME.replace("o", "\u043e")
    assert MENTIONS.sole(written) == Mention(written, NAME)
    assert MENTIONS.alone(f"- {written};") == [Mention(written, NAME)]
    (within,) = MENTIONS.alone(f"topic={written}")
    assert (within.name, within.disguised) == (NAME, True)
    assert not Mention(NAME, NAME).disguised


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "text",
    ["event_bus:\n  publish_topics:\n  - '{}'\n", "emits:\n- a\n- '{}'\n", "published_events:\n-\n  topic: '{}'\n"],
)
def test_a_declared_name_with_a_prefix_is_declared_without_it_and_noted(text: str, prefix: str, read: Read) -> None:
    contract = read(text.format(prefix + NAME))
    (declaration,) = contract.declarations
    (finding,) = contract.findings
    assert declaration.topic == finding.topic == NAME
    assert (finding.rule.name, finding.severity, finding.fix) == ("environment-prefix", "note", f"write `{NAME}`")
    assert finding.location == declaration.location
    assert declaration.location.line == 3


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_declared_address_declares_its_topic(address: str, read: Read) -> None:
    contract = read(f"event_bus: {{publish_topics: ['{address}{NAME}']}}\n")
    assert [each.topic for each in contract.declarations] == [NAME]
    assert contract.findings == ()


def test_a_prefix_before_a_malformed_name_leaves_it_malformed(read: Read) -> None:
    contract = read("event_bus: {publish_topics: ['{env}.onex.evt.router.task_done.v1']}\n")
    (finding,) = contract.findings
    assert (finding.rule.name, finding.fix) == ("malformed-name", "write `onex.evt.router.task-done.v1`")
    assert [each.topic for each in contract.misnamed] == ["onex.evt.router.task_done.v1"]


@pytest.mark.parametrize("name", ["onex.evt.router.inbox-{id}.v1", "{env}.onex.evt.router.${id}.v1", "{env}.router"])
def test_a_template_elsewhere_is_never_declared_nor_kept_as_misnamed(name: str, read: Read) -> None:
    contract = read(f"event_bus: {{publish_topics: ['{name}']}}\n")
    assert [each.rule.name for each in contract.findings] == ["template-name"]
    assert (contract.declarations, contract.misnamed) == ((), ())


def test_an_unread_name_with_a_prefix_is_reported_with_it(read: Read) -> None:
    (finding,) = read("x: '{{ env }}." + NAME + "'\n").findings
    assert (finding.rule.name, finding.topic) == ("unread-declaration", NAME)
    assert finding.message.startswith("`{{env}}." + NAME)
