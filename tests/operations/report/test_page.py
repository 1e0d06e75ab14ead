"""The page as markup: nothing that anybody wrote is more than text, and only our own script may run."""

from __future__ import annotations

import base64
import gzip
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from itertools import chain

import pytest

from omni_assets.operations.report.gathering import gather
from omni_assets.operations.report.page import page
from omni_assets.operations.report.writing import parts
from tests.support.reported import HOSTILE, NOW


class Outline(HTMLParser):
    """The elements of a page in order, with their attributes, and the text of each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.within = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within in self.raw:
            self.raw[self.within][-1] += data


@pytest.fixture(scope="module")
def plain(project):
    return page(gather(project, NOW), parts())


@pytest.fixture(scope="module")
def hostile(hostile_project):
    return page(gather(hostile_project, NOW), parts())


def data_of(text: str) -> dict:
    packed = re.search(r'id="data">([^<]*)<', text)
    assert packed
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_the_policy_allows_our_script_and_style_by_their_hashes_and_nothing_else(plain):
    outline = Outline(plain)
    policy = next(attributes["content"] for _, attributes in outline.elements if "http-equiv" in attributes)
    data, script = outline.raw["script"]
    (style,) = outline.raw["style"]

    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"

    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src {named(script)}",
        f"style-src {named(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert data.isascii()


def test_nothing_is_fetched(plain):
    for tag, attributes in Outline(plain).elements:
        assert not {"src", "srcset", "action", "data", "style"} & set(attributes), tag
        assert attributes.get("href", "#").startswith("#"), attributes
        assert not [name for name in attributes if name.startswith("on")], tag
    assert "@import" not in parts().style
    assert "url(" not in parts().style


def test_hostile_texts_add_no_element_and_no_attribute(plain, hostile):
    def kinds(text: str) -> set[tuple[str, tuple[str, ...]]]:
        return {(tag, tuple(sorted(attributes))) for tag, attributes in Outline(text).elements}

    assert kinds(hostile) == kinds(plain)
    assert hostile.count("<script") == plain.count("<script")
    assert "\x00" not in hostile
    assert not set(hostile) & set("\u202e\u2066\u2028\x1b")


def test_the_packed_texts_are_safe_to_show(hostile):
    text = json.dumps(data_of(hostile), ensure_ascii=False)
    assert "hacked" in text
    assert not set(text) & set("\x00\u202e\u2066\u2028\x1b")
    assert len(HOSTILE) > 5


def test_the_same_state_gives_the_same_bytes(project, plain):
    assert page(gather(project, NOW), parts()) == plain


def test_the_summary_stands_in_the_markup(plain):
    head = plain.partition('id="data"')[0]
    assert "<noscript>" in head
    for said in ("5 drifts in 9 topics", "$10.67", "77.7 %", "needs approval", "Worst offenders", "smollm2"):
        assert said in head, said


def test_every_view_finds_its_tables(plain):
    document = data_of(plain)
    places = re.findall(r'data-table="([a-z-]+)"', plain)
    assert sorted(places) == sorted(document["tables"]) == sorted(chain(*document["views"].values()))
    for table in document["tables"].values():
        keys = {column["key"] for column in table["columns"]}
        assert {table["order"].lstrip("-"), *table["identity"], *re.findall(r"\{(\w+)\}", table["command"])} <= keys
