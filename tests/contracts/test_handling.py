"""Handlers and the order of nodes: read with their places, or told what is wrong and not read at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Contract
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.handling import MOST_NAMES, is_entry
from omni_assets.contracts.model import HandlerKind
from omni_assets.contracts.stored import restored, stored

Read = Callable[..., Contract]
BUS = "event_bus: {subscribe_topics: [onex.cmd.router.go.v1]}\n"
INTENTS = "event_bus: {subscribe_topics: [onex.cmd.router.go.v1], publish_topics: [onex.intent.merger.merge.v1]}\n"


def test_a_function_in_python(read: Read) -> None:
    contract = read(
        f'{INTENTS}handler:\n  kind: python\n  entry: "omni_assets.agents.echo:echo"\n  effects: [merge, push]\n'
    )
    assert contract.findings == ()
    handler = contract.handler
    assert handler is not None
    assert (handler.kind, handler.entry, handler.task_class) == (HandlerKind.PYTHON, "omni_assets.agents.echo:echo", "")
    assert (handler.effects, handler.intents) == (("merge", "push"), "onex.intent.merger.merge.v1")
    assert [(each.topic, each.role) for each in contract.outside] == [(handler.intents, "subscribes")]
    assert (handler.location.line, handler.location.column) == (3, 3)


def test_what_makes_the_subject_of_its_examples(read: Read) -> None:
    contract = read(f"{BUS}handler: {{kind: python, entry: 'a.b:c', sample: 'a.b:d'}}\n")
    assert contract.findings == ()
    assert contract.handler is not None
    assert contract.handler.sample == "a.b:d"
    assert restored(stored(contract), contract.location.path) == contract


def test_a_class_of_tasks_for_the_router(read: Read) -> None:
    contract = read(f"defaults: &h {{task_class: code-review}}\n{BUS}handler: {{<<: *h, kind: llm}}\n")
    assert contract.findings == ()
    assert contract.handler is not None
    assert (contract.handler.kind, contract.handler.task_class) == (HandlerKind.LLM, "code-review")


def test_the_router_itself(read: Read) -> None:
    topics = [f"onex.evt.router.{event}.v1" for event in ("routing-complete", "routing-failed")]
    contract = read(f"{BUS}handler: {{kind: router}}\npublish_topics: {topics}\n")
    assert contract.findings == ()
    assert contract.handler is not None
    assert (contract.handler.kind, contract.handler.task_class) == (HandlerKind.ROUTER, "")
    mute = read(f"{BUS}handler: {{kind: router}}\npublish_topics: {topics[:1]}\n")
    assert mute.handler is None
    assert "publishes no topic of the event `routing-failed`, so nothing works" in mute.findings[0].message


@pytest.mark.parametrize("text", ["", "handler:\n", "handler: ~\n"])
def test_a_node_without_one(text: str, read: Read) -> None:
    contract = read(BUS + text)
    assert (contract.handler, contract.findings) == (None, ())


@pytest.mark.parametrize(
    ("handler", "said", "place"),
    [
        ("{kind: lmm, task_class: a}", "`lmm` is no kind of handler", (2, 17)),
        ("{task_class: a}", "the handler does not say its `kind`", (2, 10)),
        ("{kind: [llm]}", "`` is no kind of handler", (2, 17)),
        ("{kind: llm}", "a handler of kind `llm` has to name its `task_class`", (2, 10)),
        ("{kind: python}", "a handler of kind `python` has to name its `entry`", (2, 10)),
        ("{kind: python, entry: a.b.c}", "the entry `a.b.c` is no `module:function`", (2, 32)),
        ("{kind: python, entry: 'a:b', task_class: x}", "a handler of kind `python` has no `task_class`", (2, 51)),
        ("{kind: python, entry: 'a:b', sample: a}", "the sample `a` is no `module:function`", (2, 47)),
        ("{kind: router, task_class: x}", "a handler of kind `router` has no `task_class`", (2, 37)),
        ("{kind: llm, task_clas: x}", "a handler has no `task_clas`", (2, 22)),
        ("{kind: llm, task_class: x, effects: [a]}", "a handler of kind `llm` has no `effects`", (2, 46)),
        ("{kind: llm, task_class: x, approvals: {}}", "a handler of kind `llm` has no `approvals`", (2, 48)),
        ("{kind: python, entry: 'a:b', effects: [{}]}", "`effects` is no list of up to 100 names", (2, 49)),
        ("echo", "`handler` is no mapping", (2, 10)),
        ("[a]", "`handler` is no mapping", (2, 10)),
    ],
)
def test_one_that_cannot_be_used_is_told_at_its_place_and_not_read(
    handler: str, said: str, place: tuple[int, int], read: Read
) -> None:
    contract = read(f"{BUS}handler: {handler}\n")
    assert contract.handler is None
    first = next(each for each in contract.findings if each.message.startswith(said))
    assert (first.rule.name, first.severity, first.location[1:]) == ("invalid-handler", "error", place)
    assert first.message.endswith(", so nothing works on what this node subscribes.")
    assert first.fix


@pytest.mark.parametrize(
    ("published", "said"),
    [
        ("onex.evt.merger.merged.v1", "and this contract publishes none"),
        (
            "onex.intent.merger.merge.v1, onex.intent.merger.push.v1",
            "publishes several: `onex.intent.merger.merge.v1`, `onex.intent.merger.push.v1`",
        ),
    ],
)
def test_effects_need_one_topic_for_their_intents(published: str, said: str, read: Read) -> None:
    bus = f"event_bus: {{subscribe_topics: [onex.cmd.router.go.v1], publish_topics: [{published}]}}\n"
    contract = read(f"{bus}handler: {{kind: python, entry: 'a:b', effects: [merge]}}\n")
    (found,) = contract.findings
    assert (contract.handler, found.rule.name, found.severity) == (None, "unrecorded-effects", "error")
    assert said in found.message
    assert found.location[1:] == (2, 49)


def test_a_handler_that_asks_people(read: Read) -> None:
    topics = "{requests: onex.evt.reviewer.asked.v1, answers: onex.cmd.reviewer.answer.v1}"
    contract = read(f"{BUS}handler: {{kind: python, entry: 'a:b', approvals: {topics}}}\n")
    assert contract.findings == ()
    assert contract.handler is not None
    assert contract.handler.approvals == ("onex.evt.reviewer.asked.v1", "onex.cmd.reviewer.answer.v1")


@pytest.mark.parametrize(
    "approvals",
    [
        "{requests: onex.evt.reviewer.asked.v1}",
        "{answers: onex.cmd.reviewer.answer.v1, requests: ~}",
        "{requests: onex.evt.reviewer.asked.v1, answers: onex.evt.reviewer.asked.v1}",
        "{requests: onex.evt.reviewer.asked.v1, answers: onex.cmd.reviewer.answer.v1, to: x}",
        "onex.evt.reviewer.asked.v1",
        "[]",
    ],
)
def test_one_topic_is_half_of_what_it_takes_to_ask(approvals: str, read: Read) -> None:
    contract = read(f"{BUS}handler: {{kind: python, entry: 'a:b', approvals: {approvals}}}\n")
    assert contract.handler is None
    assert "half-approvals" in {each.rule.name for each in contract.findings}


@pytest.mark.parametrize("name", ["onex.evt.reviewer.as_ked.v1", "[onex.evt.reviewer.asked.v1]"])
def test_a_name_that_is_none_leaves_nobody_to_ask(name: str, read: Read) -> None:
    topics = f"{{requests: {name}, answers: onex.cmd.reviewer.answer.v1}}"
    contract = read(f"{BUS}handler: {{kind: python, entry: 'a:b', approvals: {topics}}}\n")
    assert contract.handler is None
    assert any(each.severity == "error" for each in contract.findings)


def test_what_was_nearly_a_field_is_said(read: Read) -> None:
    contract = read(f"{BUS}handler: {{kind: llm, task_clas: x}}\n")
    assert "write `task_class`" in {each.fix for each in contract.findings}


def test_one_that_no_record_comes_to(read: Read) -> None:
    contract = read("name: a\nhandler: {kind: llm, task_class: x}\nevent_bus: {publish_topics: [onex.evt.a.b.v1]}\n")
    (idle,) = contract.findings
    assert (idle.rule.name, idle.severity, idle.location[1:]) == ("idle-handler", "warning", (2, 10))
    assert contract.handler is not None


def test_the_order_of_nodes(read: Read) -> None:
    contract = read(f"{BUS}after: [reviewer, test-runner]\n")
    assert contract.after == ("reviewer", "test-runner")
    assert [each.location[1:] for each in contract.order] == [(2, 9), (2, 19)]
    assert read(f"{BUS}after: reviewer\n").after == ("reviewer",)


@pytest.mark.parametrize("after", ["{a: b}", "[[a]]", "['']", f"[{', '.join('a' * (MOST_NAMES + 1))}]"])
def test_an_order_that_is_no_list_of_names(after: str, read: Read) -> None:
    contract = read(f"{BUS}after: {after}\n")
    assert [each.rule.name for each in contract.findings] == ["invalid-order"]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("a:b", True), ("a.b_2:c", True), ("a", False), ("a.b", False), ("a:b:c", False), (":b", False), ("a:", False),
        ("a..b:c", False), ("a: b", False), ("2a:b", False), ("import:b", False), ("a:class", False), ("a:b()", False),
    ],
)  # fmt: skip
def test_an_entry_is_a_module_and_a_function(text: str, known: bool) -> None:
    assert is_entry(text) is known


WORDS = st.sampled_from(["kind", "llm", "python", "entry", "a:b", "task_class", "~", "effects", "x", "1", "true", "*a"])
SHAPES = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        | st.lists(st.tuples(WORDS, inner), max_size=4).map(
            lambda each: f"{{{', '.join(f'{k}: {v}' for k, v in each)}}}"
        )
    ),
    max_leaves=8,
)


@given(SHAPES, SHAPES)
def test_whatever_stands_there_is_read_or_told(handler: str, after: str) -> None:
    content = f"name: a\n{BUS}handler: {handler}\nafter: {after}\n".encode()
    contract = ContractTopicExtractor().parsed("a/contract.yaml", content)
    if handler != "~" and contract.handler is None:
        assert contract.findings
    if contract.handler is not None:
        assert bool(contract.handler.task_class) is (contract.handler.kind is HandlerKind.LLM)
        assert is_entry(contract.handler.entry) is (contract.handler.kind is HandlerKind.PYTHON)
