"""Contracts as accidents and attackers leave them: findings with a place, in bounded memory, and the right lines."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from omni_assets.contracts import Contract
from omni_assets.contracts.document import MAX_BYTES, MAX_DEPTH

Read = Callable[..., Contract]
TOPIC = "onex.evt.router.done.v1"
DEPTH = 10_000


def places(contract: Contract) -> list[tuple[str, int, int]]:
    return [(each.rule.name, each.location.line, each.location.column) for each in contract.findings]


def laughs(first: str, levels: int, of: int, shape: str) -> str:
    """Anchors of which each holds the one before it ``of`` times."""
    opening, closing = ("[", "]") if shape == "lists" else ("{", "}")
    lines = [f"l0: &l0 {first}"]
    for level in range(1, levels + 1):
        held = [f"*l{level - 1}" if shape == "lists" else f"k{each}: *l{level - 1}" for each in range(of)]
        lines.append(f"l{level}: &l{level} {opening}{', '.join(held)}{closing}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("shape", ["lists", "mappings"])
@pytest.mark.parametrize("form", ["event_bus: {publish_topics: *l30}", "emits: *l30", "x: *l30"])
def test_a_billion_laughs_are_read_once(shape: str, form: str, read: Read) -> None:
    tracemalloc.start()
    try:
        contract = read(laughs(f"[{TOPIC}]", 30, 9, shape) + form + "\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert TOPIC in {each.topic for each in contract.findings}
    assert len(contract.findings) < 100
    assert peak < 20 * MAX_BYTES


def test_laughs_of_merge_keys_end_in_one_finding(read: Read) -> None:
    first = f"l0: &l0 {{{', '.join(f'k{each}: {each}' for each in range(200))}}}\n"
    levels = "".join(f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 9)}], own{n}: 1}}\n" for n in range(1, 60))
    (finding,) = read(first + levels + "event_bus: {publish_topics: [*l59]}\n").findings
    assert finding.rule.name == "unreadable-contract"
    assert finding.location.line > 1


def test_laughs_of_topic_metadata_end_in_one_finding(read: Read) -> None:
    shared = ", ".join(f"k{each}: 1" for each in range(1000))
    keys = "".join(f"    onex.evt.router.done-{each}.v1: *m\n" for each in range(1000))
    contract = read(f"x: &m {{external_publisher: yes, {shared}}}\nevent_bus:\n  publish_topic_metadata:\n{keys}")
    assert [each.rule.name for each in contract.findings] == ["unreadable-contract"]
    assert contract.declarations == ()


@pytest.mark.parametrize("key", ["topic_config", "config", "external_publisher", "retention"])
def test_a_mapping_that_holds_itself_as_its_settings_ends(key: str, read: Read) -> None:
    contract = read(f"event_bus:\n  publish_topics:\n  - &self\n    topic: {TOPIC}\n    {key}: *self\n")
    assert [each.topic for each in contract.declarations] == [TOPIC]
    assert len(contract.findings) < 10


def test_settings_of_settings_end(read: Read) -> None:
    contract = read(f"published_events: [{{topic: {TOPIC}, {'topic_config: {' * 900}{'}' * 900}}}]\n")
    assert [each.rule.name for each in contract.findings] == ["unknown-setting"]


@pytest.mark.parametrize(
    "text",
    [
        "x: " + "[" * DEPTH + "]" * DEPTH,
        "x: " + "{a: " * DEPTH + "}" * DEPTH,
        "".join(" " * level + "a:\n" for level in range(1400)),
        "- " * DEPTH + "a",
        "? " * DEPTH + "a",
    ],
    ids=["flow lists", "flow mappings", "block mappings", "block lists", "keys of keys"],
)
def test_ten_thousand_levels_are_one_finding(text: str, read: Read) -> None:
    (finding,) = read(text).findings
    assert finding.rule.name == "invalid-yaml"
    assert str(MAX_DEPTH) in finding.message
    assert (finding.location.line, finding.location.column) > (1, 1)


@pytest.mark.parametrize(
    "piece",
    [
        "{{ ",
        " ",
        "{",
        "{env}.",
        "<a>.",
        "${",
        "kafka://",
        "v1.",
        "onex.",
        "=onex.",
        "a-",
        ".",
        "\u043e",
        "o\u0301",
        "1",
    ],
)
@pytest.mark.parametrize("start", ["", "{{", "onex.evt.a.v", "kafka://"])
def test_long_texts_of_any_shape_end(start: str, piece: str, read: Read) -> None:
    """What takes time in the square of their length would outlast the time that a test has."""
    text = start + piece * (300_000 // len(piece.encode()))
    contract = read(f'x: "{text}"\nevent_bus: {{publish_topics: ["{text}"]}}\nemits: ["{text}"]\n')
    assert contract.findings
    assert contract.declarations == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor_whatever_ends_them(end: str, read: Read) -> None:
    text = end.join(["name: a", "event_bus:", "  publish_topics:", f"    - {TOPIC}", f"x: {TOPIC}", ""])
    contract = read(text.encode())
    assert [(each.location.line, each.location.column) for each in contract.declarations] == [(4, 7)]
    assert places(contract) == [("unread-declaration", 5, 4)]


def test_mixed_line_ends_count_each_once(read: Read) -> None:
    contract = read(
        f"name: a\r\rx: 1\r\ny: 2\nevent_bus:\r  publish_topics:\r\n  - {TOPIC}\n\r\n\rz: {TOPIC}\r".encode()
    )
    assert [(each.location.line, each.location.column) for each in contract.declarations] == [(7, 5)]
    assert places(contract) == [("unread-declaration", 10, 4)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("bad", "column", "rule"),
    [(b"\x00", 4, "invalid-yaml"), (b"\xff", 4, "unreadable-contract"), (b"\x01", 4, "invalid-yaml")],
)
def test_a_byte_that_is_no_text_is_found_in_its_line(end: str, bad: bytes, column: int, rule: str, read: Read) -> None:
    contract = read(b"x: 1" + end.encode() + "ä: ".encode() + bad + end.encode())
    assert places(contract) == [(rule, 2, column)]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("event_bus:\n\tpublish_topics: []\n", 2, 1),
        ("event_bus:\r\tpublish_topics: []\r", 2, 1),
        ("event_bus:\n  publish_topics:\n\t- a\n", 3, 1),
    ],
)
def test_a_tab_that_indents_is_named(text: str, line: int, column: int, read: Read) -> None:
    contract = read(text)
    assert places(contract) == [("invalid-yaml", line, column)]
    assert contract.findings[0].fix == "indent with spaces"


def test_tabs_elsewhere_do_no_harm(read: Read) -> None:
    contract = read(f'event_bus:\n  publish_topics:\n    - {TOPIC}\t# done\n    - "{TOPIC}"\t\n')
    assert [each.location.line for each in contract.declarations] == [3, 4]
    assert contract.findings == ()


@pytest.mark.parametrize(
    "key", ["1", "null", "~", "1.5", "true", "2024-01-01", "[a, b]", "{a: b}", "'': x, ''", "!!binary aGk="]
)
def test_keys_of_any_kind_hide_nothing(key: str, read: Read) -> None:
    contract = read(f"? {key}\n: [{TOPIC}]\nevent_bus:\n  publish_topics:\n  - {{topic: {TOPIC}, ? {key} : 1}}\n")
    assert [each.location.line for each in contract.declarations] == [5]
    assert {("unread-declaration", 2)} <= {(name, line) for name, line, _ in places(contract)}


@pytest.mark.parametrize("key", [f"[{TOPIC}]", f"{{{TOPIC}: 1}}", f"{{a: {TOPIC}}}", f"[[{TOPIC}]]"])
def test_a_topic_in_a_key_that_is_no_text_is_found(key: str, read: Read) -> None:
    contract = read(f"a: 1\n? {key}\n: 1\nevent_bus: {{subscribe_topic_metadata: {{? {key} : {{partitions: 1}}}}}}\n")
    assert [(name, line) for name, line, _ in places(contract)] == [
        ("unread-declaration", 2),
        ("unread-declaration", 4),
    ]


def test_a_duplicate_topic_as_key_is_found_and_both_are_read(read: Read) -> None:
    contract = read(
        f"event_bus:\n  publish_topic_metadata:\n    {TOPIC}: {{partitions: 1}}\n    {TOPIC}: {{partitions: 1}}\n"
    )
    assert places(contract) == [("duplicate-key", 4, 5)]
    assert [each.location.line for each in contract.declarations] == [3, 4]


@pytest.mark.parametrize(
    "text",
    ["event_bus:\n  publish_topics: [{}]\n", "emits:\n- {}\n", "event_bus:\n  publish_topic_metadata: {{{}: {{}}}}\n"],
)
def test_a_topic_of_300_characters_is_an_error_with_a_short_message(text: str, read: Read) -> None:
    name = f"onex.evt.router.{'x' * 281}.v1"
    assert len(name) == 300
    (finding,) = read(text.format(name)).findings
    assert (finding.rule.name, finding.location.line) == ("malformed-name", 2)
    assert finding.message.endswith("it has 300 characters, and a broker takes at most 249.")
    assert len(finding.message) < 250
    (unread,) = read(f"a: 1\nb: {name}\n").findings
    assert (unread.rule.name, unread.location.line) == ("unread-declaration", 2)


CYRILLIC = "onex.evt.router.d\u043ene.v1"
WHOLLY = "\u043en\u0435x.\u0435vt.router.done.v1"
FULL_WIDTH = "\uff4f\uff4e\uff45\uff58.evt.router.done.v1"
HIDDEN = "onex.evt.router.do\u200bne.v1"


@pytest.mark.parametrize("name", [CYRILLIC, WHOLLY, FULL_WIDTH, HIDDEN])
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("event_bus:\n  publish_topics:\n  - {}\n", 3, 5),
        ("event_bus:\n  publish_topics:\n  - topic: '{}'\n", 3, 12),
        ("event_bus:\n  publish_topic_metadata:\n    {}: {{partitions: 3}}\n", 3, 5),
        ("emits: [{}]\n", 1, 9),
        ("consumed_events:\n- name: {}\n", 2, 9),
        ("terminal_event: {}\n", 1, 17),
        ("anywhere:\n  else: {}\n", 2, 9),
        ("{}: 1\n", 1, 1),
        ("a: [1, ['{}']]\n", 1, 9),
        ("a: |\n  {}\n", 1, 4),
        ("a: topic={}\n", 1, 4),
        ("externally_consumed_topics: [{}]\n", 1, 30),
    ],
)
def test_look_alike_letters_are_spelt_out_wherever_they_stand(
    text: str, line: int, column: int, name: str, read: Read
) -> None:
    contract = read(text.format(name))
    assert places(contract) == [("look-alike-letters", line, column)]
    (finding,) = contract.findings
    assert finding.severity == "error"
    assert contract.declarations == contract.outside == ()
    for character in name:
        if not character.isascii():
            assert f"U+{ord(character):04X}" in finding.message
    if "topic=" not in text:
        assert finding.fix == f"write `{TOPIC}`"
        assert finding.topic == name


def test_the_message_names_the_letters(read: Read) -> None:
    (finding,) = read(f"event_bus: {{publish_topics: [{CYRILLIC}]}}\n").findings
    assert finding.message == (
        f"`{CYRILLIC}` looks like `{TOPIC}` and is another name: it holds U+043E CYRILLIC SMALL LETTER O."
    )


def test_a_letter_that_looks_like_no_other_is_a_malformed_name(read: Read) -> None:
    (finding,) = read("event_bus: {publish_topics: [onex.evt.router.\u5b8c.v1]}\n").findings
    assert (finding.rule.name, finding.fix) == ("malformed-name", "follow `onex.{kind}.{producer}.{event}.v{version}`")


@pytest.mark.parametrize(
    "text", ["x: größer \u2014 und schöner\n", f"x: wir senden {CYRILLIC} am Ende\n", "имя: значение\n"]
)
def test_other_languages_are_prose(text: str, read: Read) -> None:
    assert read(text).findings == ()
