"""Merge keys mean what they mean to every YAML loader."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.nodes import MappingNode, ScalarNode

from omni_assets.contracts import Contract
from omni_assets.contracts.document import parse
from omni_assets.contracts.merges import MAX_CHAIN, MAX_PAIRS, Merges

small = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9), max_size=4)


def flow(mapping: dict[str, int]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in mapping.items()) + "}"


@given(small, small, small)
def test_pairs_are_those_that_a_loader_sees(own: dict[str, int], first: dict[str, int], second: dict[str, int]) -> None:
    text = (
        f"one: &one {flow(first)}\ntwo: &two {flow(second)}\n"
        f"both: {{<<: [*one, *two]{''.join(f', {key}: {value}' for key, value in own.items())}}}\n"
    )
    document = parse("contract.yaml", text.encode())
    both = document.root.value[2][1]
    assert isinstance(both, MappingNode)
    pairs = Merges(document).pairs(both)
    seen = {key.value: int(value.value) for key, value in pairs if isinstance(key, ScalarNode)}
    assert seen == yaml.safe_load(text)["both"]
    assert len(pairs) == len(seen)


def test_merged_topics_are_declared_and_overridden_ones_are_not(read: Callable[..., Contract]) -> None:
    contract = read(
        "x-bus: &bus\n"
        "  publish_topics: [onex.evt.a.overridden.v1]\n"
        "  subscribe_topics: [onex.evt.a.kept.v1]\n"
        "event_bus:\n  <<: *bus\n  publish_topics: [onex.evt.a.own.v1]\n"
    )
    assert [each.topic for each in contract.declarations] == ["onex.evt.a.kept.v1", "onex.evt.a.own.v1"]
    assert [(each.rule.name, each.topic) for each in contract.findings] == [
        ("unread-declaration", "onex.evt.a.overridden.v1")
    ]


def test_what_an_inline_merge_holds_is_not_lost(read: Callable[..., Contract]) -> None:
    contract = read("x: {<<: {a: onex.evt.a.one.v1}, a: 1}\n")
    assert [each.topic for each in contract.findings] == ["onex.evt.a.one.v1"]


@pytest.mark.parametrize("text", ["a: {<<: 1}\n", "a: {<<: onex.evt.a.b.v1}\n", "x: &x 1\na: {<<: [*x]}\n"])
def test_a_merge_of_something_else_makes_the_contract_invalid(text: str, read: Callable[..., Contract]) -> None:
    (finding,) = read(text).findings
    assert finding.rule.name == "invalid-yaml"
    assert "`<<` takes a mapping" in finding.message


def test_a_quoted_key_is_no_merge(read: Callable[..., Contract]) -> None:
    assert read("a: {'<<': 1}\n").findings == ()


def test_a_mapping_that_merges_itself_ends(read: Callable[..., Contract]) -> None:
    contract = read("event_bus: &bus\n  <<: *bus\n  publish_topics: [onex.evt.a.b.v1]\n")
    assert [each.topic for each in contract.declarations] == ["onex.evt.a.b.v1"]


def test_merges_of_merges_are_bounded(read: Callable[..., Contract]) -> None:
    chain = "".join(f"m{n}: &m{n} {{<<: *m{n - 1}}}\n" for n in range(1, MAX_CHAIN * 20))
    (finding,) = read(f"m0: &m0 {{a: 1}}\n{chain}").findings
    assert finding.message == f"this file merges more than {MAX_CHAIN} mappings one into the other, so it is not read."
    wide = ", ".join(f"k{n}: 1" for n in range(1000))
    copies = "".join(f"c{n}: {{<<: *wide}}\n" for n in range(MAX_PAIRS // 1000 + 1))
    (finding,) = read(f"wide: &wide {{{wide}}}\n{copies}").findings
    assert finding.message == f"this file merges more than {MAX_PAIRS} keys, so it is not read."
