"""The order of nodes: what `after` names is there, and nobody waits for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import Finding
from omni_assets.contracts.wiring.order import order_findings


def found(**after: list[str]) -> list[Finding]:
    reader = ContractTopicExtractor()
    texts = {name: f"name: {name}\nafter: [{', '.join(each)}]\n".encode() for name, each in after.items()}
    contracts = [reader.parsed(f"{name}/contract.yaml", text) for name, text in texts.items()]
    return list(order_findings(reader.assemble(contracts)))


def test_an_order_is_silent() -> None:
    assert found(merger=["reviewer", "tester"], reviewer=["tester"], tester=[]) == []


def test_a_node_that_is_not_there_is_told_with_the_one_that_was_meant() -> None:
    (unknown,) = found(merger=["reveiwer"], reviewer=[])
    assert (unknown.rule.name, unknown.severity) == ("invalid-order", "error")
    assert str(unknown.location) == "merger/contract.yaml:2:9"
    assert unknown.message == "`merger` comes after `reveiwer`, and there is no node of that name."
    assert unknown.fix == "write `reviewer`"


def test_a_circle_is_told_once_with_all_its_places() -> None:
    (circular,) = found(a=["b"], b=["c"], c=["a"], d=["a"])
    assert (circular.rule.name, circular.severity) == ("circular-order", "error")
    assert circular.message == "`a` after `b` after `c` after `a`: none of them ever begins."
    assert str(circular.location) == "a/contract.yaml:2:9"
    assert [(str(place), what) for place, what in circular.related] == [
        ("b/contract.yaml:2:9", "`b` comes after `c`"),
        ("c/contract.yaml:2:9", "`c` comes after `a`"),
    ]


def test_a_node_that_comes_after_itself() -> None:
    (circular,) = found(a=["a"])
    assert circular.message == "`a` after `a`: none of them ever begins."


NODES = st.sampled_from("abcdef")


@given(st.dictionaries(NODES, st.lists(NODES, max_size=3), max_size=6))
def test_a_circle_is_told_exactly_where_no_order_exists(after: dict[str, list[str]]) -> None:
    begun: set[str] = set()
    waiting = {name: {each for each in names if each in after} for name, names in after.items()}
    while ready := [name for name, names in waiting.items() if name not in begun and names <= begun]:
        begun.update(ready)
    told = any(each.rule.name == "circular-order" for each in found(**after))
    assert told is (begun != set(after))
