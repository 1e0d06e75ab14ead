"""Strings of other text files, by the signs around them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Grammar
from omni_assets.contracts.mentions import Mentions
from omni_assets.contracts.source.languages import Language, Reading, language_of
from omni_assets.contracts.source.literals import Literal, with_placeholders
from omni_assets.contracts.source.quoted import quoted_literals

TOPIC = "onex.evt.router.done.v1"
STEM = re.compile(r"(?<![A-Za-z0-9])onex(?![A-Za-z0-9])", re.IGNORECASE)
MENTIONS = Mentions(Grammar())


def looks(text: str) -> bool:
    return bool(MENTIONS.alone(with_placeholders(text)))


def read(name: str, text: str) -> list[Literal]:
    return list(quoted_literals(text, language_of(name, text.encode()[:200]), STEM, looks))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.go", 'const t = "{}"'),
        ("a.go", "const t = `{}`"),
        ("a.rs", 'let t = "{}"; // done'),
        ("a.ts", "on('{}', run)"),
        ("a.json", '{{"topic": "{}"}}'),
        ("a.json", '{{"{}": 1}}'),
        ("a.ipynb", '"source": ["t = \\"{}\\"\\n"]'),
        ("a.java", '@Listener(topics = "{}")'),
        ("a.kt", 'url("http://x"); send("{}")'),
        ("a.toml", 't = "{}" # x'),
        ("a.sql", "select '{}' -- x"),
        ("a.yaml", "topic: {}"),
        ("a.yaml", "- {}"),
        ("a.yaml", "- - {}"),
        ("a.yaml", "topics: [a, {}]"),
        ("a.yaml", "{}:"),
        ("a.yaml", "{}: 3"),
        ("a.yaml", "topic: '{}' # x"),
        ("a.yaml", "topic: {} # x"),
        ("a.yaml", "topic: !str {}"),
        ("a.properties", "topic={}"),
        (".env", "TOPIC={}"),
        ("a.sh", "kafka-topics --topic {} --create"),
        ("a.sh", "export TOPIC={}"),
        ("a.sh", "run --topic={};"),
        ("Makefile", "\ttopic {}"),
        ("a.py", "print '{}'"),
        ("a.unknown", '"{}"'),
    ],
)
def test_a_string_is_found_at_its_place(name: str, text: str) -> None:
    whole = "first\r\n" + text.format(TOPIC)
    (literal,) = read(name, whole)
    assert literal.text == TOPIC
    assert (literal.line, literal.column) == (2, text.format(TOPIC).index("onex") + 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.go", '// "{}"'),
        ("a.go", 'x() // "{}"'),
        ("a.go", " * `{}`"),
        ("a.go", 'x := "it goes to {}"'),
        ("a.go", "{}"),
        ("a.sql", "-- '{}'"),
        ("a.toml", '# "{}"'),
        ("a.yaml", "# topic: {}"),
        ("a.yaml", "text: goes to {} now"),
        ("a.sh", "# {}"),
        ("a.go", '"prefix{}"'),
        ("a.go", '"{}"suffix'.replace('"s', "s")),
    ],
)
def test_comments_and_prose_are_no_literals(name: str, text: str) -> None:
    assert read(name, text.format(TOPIC)) == []


@pytest.mark.parametrize(
    "text",
    ["onex.evt.${kind}.done.v1", "onex.evt.#{kind}.done.v1", "onex.evt.$kind.done.v1", "onex.evt.{kind}.done.v1",
     "onex.evt.{{ kind }}.done.v1", "onex.evt.<kind>.done.v1"],
)  # fmt: skip
def test_placeholders_of_every_language_are_read_alike(text: str) -> None:
    (literal,) = read("a.ts", f"f(`{text}`)")
    assert with_placeholders(literal.text) == "onex.evt.{kind}.done.v1"


def test_what_is_assigned_to_a_name_is_known_as_such() -> None:
    assert [each.named for each in read("a.go", f'x := "{TOPIC}"\nf("{TOPIC}")\ny: "{TOPIC}"')] == [True, False, True]


@pytest.mark.parametrize(
    ("name", "start", "reading"),
    [
        ("a.PY", b"", Reading.PYTHON),
        ("tool", b"#!/usr/bin/env python3\n", Reading.PYTHON),
        ("tool", b"#!/bin/sh\n", Reading.WORDS),
        ("README", b"", Reading.PROSE),
        ("docs/a.md", b"", Reading.PROSE),
        ("Dockerfile", b"", Reading.WORDS),
        ("a.c", b"", Reading.QUOTED),
    ],
)
def test_the_language_follows_from_the_name(name: str, start: bytes, reading: Reading) -> None:
    assert language_of(name, start).reading is reading


def test_a_line_without_end_takes_linear_time() -> None:
    text = "onex." * 200_000 + f'"{TOPIC}"' + "'onex.evt." * 100_000
    assert TOPIC in [each.text for each in read("a.js", text)]


@given(st.text(st.sampled_from("onex.evt a1'\"`\\\n\r:#/-{}$[],="), max_size=120), st.sampled_from(list(Reading)))
def test_any_text_is_read_to_its_end(text: str, reading: Reading) -> None:
    lines = text.split("\n")
    for each in quoted_literals(text, Language(reading, ("#",)), STEM, looks):
        assert 1 <= each.line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1
