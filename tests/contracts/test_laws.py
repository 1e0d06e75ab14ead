"""Laws that hold for every grammar and every document: parse and format are inverse, names fold as they are read, and
no name in any YAML document is neither declared nor reported at its line."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts import Contract, ContractTopicExtractor, Grammar, TopicName
from omni_assets.contracts.forms import FORMS
from omni_assets.contracts.letters import latin
from omni_assets.contracts.naming import MAX_LENGTH, InvalidName, fold
from omni_assets.contracts.rules import UNREAD_RULES

Read = Callable[..., Contract]
DEFAULT = Grammar()
SEGMENTS = {
    "[a-z0-9]+(?:-[a-z0-9]+)*": st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}", fullmatch=True),
    "[a-z]+(?:_[a-z]+)*": st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8}){0,2}", fullmatch=True),
    "[A-Za-z]+": st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True),
    r"\w+": st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True),
}


@st.composite
def grammars(draw: st.DrawFn) -> tuple[Grammar, st.SearchStrategy[str]]:
    """A grammar that can work, and names of one segment of it."""
    segment = draw(st.sampled_from(sorted(SEGMENTS)))
    kinds = tuple(draw(st.lists(SEGMENTS[segment], min_size=1, max_size=4, unique=True)))
    order = draw(st.permutations(["{kind}", "{producer}", "{event}", "{N}"]))
    joints = draw(st.lists(st.sampled_from([".", "..", ".v", ".x.", "-", "_"]), min_size=3, max_size=3))
    prefix = draw(st.sampled_from(["", "onex.", "acme-", "a.b.", "v"]))
    template = prefix + "".join(part + joint for part, joint in zip(order, [*joints, ""], strict=True))
    short = tuple(draw(st.sets(st.sampled_from(kinds))))
    try:
        return Grammar(template, kinds, segment, kinds_without_event=short), SEGMENTS[segment]
    except ValueError:
        assume(False)
        raise


@st.composite
def names(draw: st.DrawFn) -> tuple[Grammar, TopicName]:
    """A grammar and a name under it, without an event now and then where that may be."""
    grammar, segments = draw(grammars())
    kind = draw(st.sampled_from(grammar.kinds))
    event = draw(segments)
    if kind in grammar.kinds_without_event and draw(st.booleans()):
        event = ""
    return grammar, TopicName(kind, draw(segments), event, draw(st.integers(1, 10**9 - 1)))


@settings(max_examples=400)
@given(names())
def test_parse_undoes_format_under_every_grammar(pair: tuple[Grammar, TopicName]) -> None:
    grammar, name = pair
    text = grammar.format(name)
    assert grammar.parse(text) == name
    assert grammar.matches(text)
    assert grammar.resembles(text) or not grammar.prefix


@settings(max_examples=400)
@given(names(), st.data())
def test_format_undoes_parse_under_every_grammar(pair: tuple[Grammar, TopicName], data: st.DataObject) -> None:
    """Texts close to names: one character put in, taken out or changed."""
    grammar, name = pair
    text = grammar.format(name)
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(["", *(string.ascii_letters + string.digits + "._-")]))
    changed = text[:at] + put + text[at + data.draw(st.integers(0, 1)) :]
    if grammar.matches(changed):
        assert grammar.format(grammar.parse(changed)) == changed
        assert len(changed) <= MAX_LENGTH
        return
    with pytest.raises(InvalidName, match=r"."):
        grammar.parse(changed)


@given(names())
def test_what_a_grammar_suggests_is_a_name_of_it(pair: tuple[Grammar, TopicName]) -> None:
    grammar, name = pair
    text = grammar.format(name)
    for misspelt in (text.upper(), text.replace("-", "_"), text.replace("_", "-"), text.title()):
        suggestion = grammar.suggest(misspelt)
        assert suggestion is None or grammar.matches(suggestion)


@given(names())
def test_grammars_are_values(pair: tuple[Grammar, TopicName]) -> None:
    grammar, _ = pair
    same = Grammar(grammar.template, grammar.kinds, grammar.segment, kinds_without_event=grammar.kinds_without_event)
    assert (same, hash(same)) == (grammar, hash(grammar))


words = st.text(string.ascii_letters + string.digits, min_size=1, max_size=6)


@given(st.lists(words, min_size=1, max_size=5), st.data())
def test_names_fold_alike_whatever_case_and_separators(parts: list[str], data: st.DataObject) -> None:
    def spelt() -> str:
        signs = data.draw(st.lists(st.sampled_from("-_."), min_size=len(parts), max_size=len(parts)))
        text = "".join(sign + part for sign, part in zip(signs, parts, strict=True))[1:]
        return data.draw(st.sampled_from([text, text.upper(), text.title()]))

    assert fold(spelt()) == fold(spelt()) == "".join(parts).lower()


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert latin(latin(text)) == latin(text)


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_plain_letters_stay_as_they_are(text: str) -> None:
    assert latin(text) == text


# Documents: any tree of mappings, lists and scalars in any style, with shared parts, under any keys.

topics = st.builds(
    "onex.{}.{}.{}.v{}".format,
    st.sampled_from(DEFAULT.kinds),
    st.sampled_from(["a", "router", "pull-request-opener"]),
    st.sampled_from(["b", "done", "review-complete"]),
    st.integers(1, 20),
)
form_keys = sorted(
    {part.removesuffix("[]").removesuffix("?") for form in FORMS for part in form.path.split(".")} - {"{}"}
    | {"topic_config", "config", "partitions"}
)
texts = topics | st.sampled_from(["", "x", "7d", "two words", "3", "true", "null", "- y", "\u00e4 \u2014", "{env}.x"])
styles = st.sampled_from([None, "'", '"', "|", ">"])
scalars = st.builds(lambda text, style: ScalarNode("tag:yaml.org,2002:str", text, style=style), texts, styles)
topic_nodes = st.builds(lambda text, style: ScalarNode("tag:yaml.org,2002:str", text, style=style), topics, styles)
keys = st.builds(
    lambda text, style: ScalarNode("tag:yaml.org,2002:str", text, style=style),
    st.sampled_from(form_keys) | topics | st.sampled_from(["x", "1", "name"]),
    st.sampled_from([None, "'", '"']),
)


def mapping(pairs: list[tuple[Node, Node]], flow: bool) -> MappingNode:
    return MappingNode("tag:yaml.org,2002:map", pairs, flow_style=flow)


def sequence(items: list[Node], flow: bool) -> SequenceNode:
    return SequenceNode("tag:yaml.org,2002:seq", items, flow_style=flow)


nodes = st.recursive(
    scalars,
    lambda inner: (
        st.builds(sequence, st.lists(inner, max_size=4), st.booleans())
        | st.builds(mapping, st.lists(st.tuples(keys | inner, inner), max_size=4), st.booleans())
    ),
    max_leaves=20,
)


def text_node(text: str) -> ScalarNode:
    return ScalarNode("tag:yaml.org,2002:str", text)


Value = Callable[[], Node]


def along_a_form(draw: st.DrawFn, value: Value) -> tuple[Node, Node]:
    """The key path of a form, or its beginning, with anything at its end: right, or another shape than it takes."""
    path = draw(st.sampled_from(FORMS)).path.replace("[]", ".[]").replace("?", "").split(".")
    first, *steps = path[: draw(st.integers(1, len(path)))]
    node = value()
    for step in reversed(steps):
        flow, more = draw(st.booleans()), draw(st.booleans())
        if step == "[]":
            node = sequence([node, *([value()] if more else [])], flow)
        else:
            key = draw(keys) if step == "{}" else text_node(step)
            node = mapping([(key, node), *([(draw(keys), value())] if more else [])], flow)
    return text_node(first), node


@st.composite
def documents(draw: st.DrawFn) -> str:
    """The text of a document. Some of its nodes stand in it twice, as anchor and alias."""
    shared = draw(st.lists(nodes, min_size=1, max_size=3))

    def value() -> Node:
        which = draw(st.integers(0, len(shared) + 3))
        if which < len(shared):
            return shared[which]
        return draw(nodes if which == len(shared) else topic_nodes)

    pairs = [
        along_a_form(draw, value) if draw(st.integers(0, 3)) else (draw(keys), value())
        for _ in range(draw(st.integers(1, 5)))
    ]
    width = draw(st.sampled_from([20, 80, 1000]))
    return yaml.serialize(mapping(pairs, draw(st.booleans())), Dumper=yaml.SafeDumper, width=width, allow_unicode=True)


def scalars_of(root: Node) -> Iterator[ScalarNode]:
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, MappingNode):
            stack.extend(part for pair in node.value for part in pair)
        else:
            stack.extend(node.value)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=documents())
def test_no_name_is_neither_declared_nor_reported_at_its_line(text: str, read: Read) -> None:
    root = yaml.compose(text, yaml.CSafeLoader)
    contract = read(text)
    assert not any(each.rule in UNREAD_RULES for each in contract.findings)
    known = {
        (each.topic, each.location.line, each.location.column)
        for each in (*contract.declarations, *contract.outside, *contract.findings)
    }
    for node in scalars_of(root):
        name = node.value.strip()
        if DEFAULT.matches(name):
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
            assert {(name, line, column), (node.value, line, column)} & known, text


CUSTOM = Grammar("acme.{producer}.{kind}.{event}.{N}", ("event", "command"), "[a-z]+(?:_[a-z]+)*")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=documents())
def test_the_law_holds_under_another_grammar(text: str, read: Read) -> None:
    text = text.replace("onex.evt.router.review-complete.v", "acme.router.event.review_complete.")
    root = yaml.compose(text, yaml.CSafeLoader)
    contract = read(text, ContractTopicExtractor(CUSTOM))
    known = {
        (each.topic, each.location.line) for each in (*contract.declarations, *contract.outside, *contract.findings)
    }
    for node in scalars_of(root):
        if CUSTOM.matches(node.value):
            assert (node.value, node.start_mark.line + 1) in known, text


@pytest.mark.parametrize("path", [form.path for form in FORMS if form.path.endswith("[]")])
def test_a_form_that_is_aliased_from_anywhere_declares_at_the_anchor(path: str, read: Read) -> None:
    *outer, last = path.removesuffix("[]").split(".")
    indents = ["  " * level for level in range(len(outer) + 1)]
    above = "".join(f"{indent}{key}:\n" for indent, key in zip(indents, outer, strict=False))
    contract = read(f"x: &all\n- onex.evt.a.b.v1\n{above}{indents[-1]}{last}: *all\n")
    assert [each.location.line for each in (*contract.declarations, *contract.outside)] == [2]
    assert contract.findings == ()
