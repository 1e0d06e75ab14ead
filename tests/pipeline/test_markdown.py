"""Untrusted text within Markdown, read back by a parser of CommonMark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from omni_assets.contracts.text import visible
from omni_assets.pipeline.markdown import code, plain, words
from tests.support.fleet import MARKED
from tests.support.reported import HOSTILE

PARSER = MarkdownIt("gfm-like", {"linkify": False})
LINKED = ("://", "@", "www")
"""What makes a link of a word, by GitHub's extension, even where it is escaped."""

TEXTS = st.one_of(st.sampled_from([*HOSTILE, *MARKED]), st.text(st.sampled_from("`a |<>[]()!*_\\\n#-")), st.text())


def parsed(markdown: str) -> list[tuple[str, str]]:
    """The kinds and contents of what a paragraph of it consists of."""
    (paragraph, inline, _) = PARSER.parse(f"before {markdown} after")
    assert paragraph.type == "paragraph_open"
    return [(each.type, each.content) for each in inline.children or ()]


@given(TEXTS)
def test_code_is_one_code_span_whatever_it_holds(text: str) -> None:
    before, span, after = parsed(code(text))
    assert (before, after) == (("text", "before "), ("text", " after"))
    assert span == ("code_inline", visible(text) or " ")


@given(TEXTS)
def test_words_are_text_and_nothing_else(text: str) -> None:
    found = parsed(words(text))
    assert {kind for kind, _ in found} <= {"text", "text_special"}
    assert "".join(content for _, content in found) == f"before {visible(text)} after"


@given(TEXTS)
def test_plain_text_is_text_and_nothing_else_where_a_description_begins(text: str) -> None:
    inline = [each for each in PARSER.parse(plain(text)) if each.type == "inline"]
    assert all(each.type in {"paragraph_open", "inline", "paragraph_close"} for each in PARSER.parse(plain(text)))
    found = [(each.type, each.content) for line in inline for each in line.children or ()]
    assert {kind for kind, _ in found} <= {"text", "text_special", "code_inline"}
    assert not any(mark in content.lower() for kind, content in found if kind != "code_inline" for mark in LINKED)
    assert "".join(content for _, content in found) == " ".join(visible(text).split())


def test_a_place_in_a_contract_is_read_as_it_is_written() -> None:
    place = "contracts/node_coder/contract.yaml:3"
    assert plain(f"Writes code (in Python), declared in {place}.") == f"Writes code (in Python), declared in {place}."
    assert plain(f"/a/{place} ./b") == f"/a/{place} ./b"
    assert plain("1. _a_ http://b") == r"1\. \_a\_ `http://b`"
    assert plain("See (WWW.example) or a@b.example.") == "See `(WWW.example)` or `a@b.example.`"


@pytest.mark.parametrize("text", ["", " ", "`", "``", " a", "a ", "a`b``c"])
def test_what_is_odd_is_shown_as_it_is(text: str) -> None:
    assert parsed(code(text))[1] == ("code_inline", text or " ")
