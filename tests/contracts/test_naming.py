"""The grammar of topic names: parse and format are inverse, and whatever is refused is refused with a reason."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.naming import (
    MAX_LENGTH,
    Grammar,
    InvalidName,
    TopicName,
    fold,
    is_template,
    split_placeholders,
)

DEFAULT = Grammar()
OTHER = Grammar("acme-{producer}.{kind}.{event}.{N}", ("event", "command"), "[a-z]+(?:_[a-z]+)*")

segments = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) <= 60)
versions = st.integers(1, 10**9 - 1)


@given(st.sampled_from(DEFAULT.kinds), segments, segments, versions)
def test_parse_undoes_format(kind: str, producer: str, event: str, version: int) -> None:
    name = TopicName(kind, producer, event, version)
    assert DEFAULT.parse(DEFAULT.format(name)) == name


@given(st.from_regex(r"onex\.(cmd|evt|dlq)\.[a-z-]{1,9}\.[a-z0-9-]{1,9}\.v[0-9]{1,3}", fullmatch=True))
def test_format_undoes_parse_where_parse_accepts(text: str) -> None:
    if DEFAULT.matches(text):
        assert DEFAULT.format(DEFAULT.parse(text)) == text


words = st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True).filter(lambda text: len(text) <= 60)


@given(st.sampled_from(OTHER.kinds), words, words, versions)
def test_a_grammar_of_ones_own_is_inverse_too(kind: str, producer: str, event: str, version: int) -> None:
    name = TopicName(kind, producer, event, version)
    text = OTHER.format(name)
    assert OTHER.parse(text) == name
    assert OTHER.resembles(text)
    assert not DEFAULT.matches(text)


@given(st.text(string.ascii_letters + string.digits + "._-", max_size=300))
def test_what_a_broker_takes_and_the_grammar_does_not_has_a_reason(text: str) -> None:
    for grammar in (DEFAULT, OTHER):
        if not grammar.matches(text):
            with pytest.raises(InvalidName) as refused:
                grammar.parse(text)
            assert len(str(refused.value)) > 5


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        name = DEFAULT.parse(text)
    except InvalidName:
        assert not DEFAULT.matches(text)
    else:
        assert DEFAULT.format(name) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("router", "it has 1 segment where `onex.{kind}.{producer}.{event}.v{version}` has 5"),
        ("onex.evt.router.v1", "it has 4 segments where `onex.{kind}.{producer}.{event}.v{version}` has 5"),
        ("acme.evt.router.done.v1", "it has `acme` where `onex` is expected"),
        ("onex.event.router.done.v1", "its kind `event` is none of cmd, evt, intent, dlq, snapshot"),
        (
            "onex.evt.router.routing_complete.v1",
            "its event segment `routing_complete` holds `_`; segments are kebab-case",
        ),
        ("onex.evt.Router.done.v1", "its producer segment `Router` holds capitals; segments are lower-case"),
        ("onex.evt.router..v1", "its event segment `` is empty"),
        ("onex.evt.router.-done.v1", "its event segment `-done` has a stray `-`"),
        ("onex.evt.router.done.v01", "its version `v01` is not v<number> without leading zeros"),
        ("onex.evt.router.done.v0", "its version `v0` is not v<number> without leading zeros"),
        ("onex.evt.router.done.v1000000000", "its version `v1000000000` has more than 9 digits"),
        ("onex.evt.router.done.v0000000001", "its version `v0000000001` is not v<number> without leading zeros"),
        ("onex.evt.router.done.1", "its version `1` is not v<number> without leading zeros"),
        ("onex.evt.router.inbox-{agent_id}.v1", "it holds the placeholder {agent_id}"),
        ("onex.evt.router.d\u043ene.v1", "it holds the character '\u043e' (U+043E), which is not ASCII"),
        ("onex.evt.router.done.v1 ", "it holds white space"),
        ("onex.evt.router/done.v1.v1", "it holds '/', which no broker takes"),
        (f"onex.evt.router.{'x' * 300}.v1", "it has 319 characters, and a broker takes at most 249"),
    ],
)
def test_reasons(text: str, reason: str) -> None:
    with pytest.raises(InvalidName) as refused:
        DEFAULT.parse(text)
    assert str(refused.value) == reason


def test_the_highest_version_is_taken_and_the_next_is_not() -> None:
    assert DEFAULT.parse("onex.evt.router.done.v999999999").version == 999_999_999
    assert not DEFAULT.matches("onex.evt.router.done.v1000000000")
    assert DEFAULT.resembles("onex.evt.router.done.v1000000000"), "it is reported, not passed over"


def test_the_longest_name_is_taken_and_one_more_character_is_not() -> None:
    longest = f"onex.evt.router.{'x' * (MAX_LENGTH - len('onex.evt.router..v1'))}.v1"
    assert DEFAULT.matches(longest)
    assert not DEFAULT.matches(longest.replace(".v1", "x.v1"))


@pytest.mark.parametrize(
    "text",
    [
        "onex.evt.router.done.v1",
        "onex.evt.router.routing_complete.v1",
        "onex.evt.router.inbox-{agent_id}.v1",
        "{env}.onex.evt.router.done.v1",
        "{env}.{namespace}.onex.evt.router.done.v1",
        "dev.onex.evt.router.done.v1",
        "ONEX.EVT.ROUTER.DONE.V1",
        "onex.event.router.done.v1",
        "onex.cmd.router",
        "onex.evt.*.done.v1",
        "onex.{kind}.router",
    ],
)
def test_looks_like_a_topic(text: str) -> None:
    assert DEFAULT.resembles(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "onex",
        "onex.",
        "onex.evt",
        "onex.skills._shared.friction",
        "plugins.onex.skills._shared.friction_signal",
        "see onex.evt.router.done.v1",
        "Emit run-evaluated event to onex.evt.router.done.v1",
        "dev.onex.skills.v1",
        "onexical.evt.router.done.v1",
        "https://example.com/onex.evt.router.done.v1",
        "routing-complete",
    ],
)
def test_does_not_look_like_a_topic(text: str) -> None:
    assert not DEFAULT.resembles(text)


def test_a_grammar_without_a_literal_prefix_recognises_names_by_kind_and_version() -> None:
    grammar = Grammar("{kind}.{producer}.{event}.v{N}")
    assert grammar.prefix == ""
    assert grammar.resembles("evt.router.done.v1")
    assert grammar.resembles("evt.router.routing_complete.v1")
    assert not grammar.resembles("evt.router")
    assert not grammar.resembles("some.module.path.v1")


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("onex.evt.router.routing_complete.v1", "onex.evt.router.routing-complete.v1"),
        ("onex.evt.router.routingComplete.v1", "onex.evt.router.routing-complete.v1"),
        ("ONEX.EVT.Router.Done.V1", "onex.evt.router.done.v1"),
        ("onex.evt.router.done.v1", None),
        ("onex.evt.router.done", None),
        ("acme.evt.router.done.v1", None),
        ("x" * 5000, None),
    ],
)
def test_suggestions(text: str, suggestion: str | None) -> None:
    assert DEFAULT.suggest(text) == suggestion


@given(st.text(max_size=60))
def test_a_suggestion_is_a_name(text: str) -> None:
    suggestion = DEFAULT.suggest(f"onex.evt.{text}")
    assert suggestion is None or DEFAULT.matches(suggestion)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"template": "onex.{kind}.{event}.v{N}"}, "must hold"),
        ({"template": "onex.{kind}.{kind}.{producer}.{event}.v{N}"}, "must hold"),
        ({"template": "onex.{kind}.{producer}.{event}.{tenant}.v{N}"}, "must hold"),
        ({"template": "onex.{kind!r}.{producer}.{event}.v{N}"}, "must hold"),
        ({"template": "onex.{kind.{producer}.{event}.v{N}"}, "cannot be read"),
        ({"template": "onex/{kind}.{producer}.{event}.v{N}"}, "no broker takes"),
        ({"template": "onex.{kind}{producer}.{event}.v{N}"}, "nothing stands between two fields"),
        ({"template": "onex.{kind}-{producer}.{event}.v{N}"}, "in two ways"),
        ({"segment": "[a-z.]+"}, "in two ways"),
        ({"segment": "[a-z"}, "not a regular expression"),
        ({"segment": "(?P<kind>[a-z]+)"}, "not a regular expression"),
        ({"segment": "[a-z]{1,99999999999}"}, "not a regular expression"),
        ({"segment": "[a-z]*"}, "empty segment"),
        ({"kinds": ()}, "list of kinds is empty"),
        ({"kinds": ("evt", "Not A Kind")}, "does not follow the segment rule"),
        ({"kinds_without_event": ("dlq", "dead")}, "the kind 'dead' of `kinds_without_event` is none of cmd, evt"),
        ({"template": "onex.{kind}{event}.{producer}.v{N}"}, "in two ways"),
    ],
)
def test_a_grammar_that_cannot_work_is_refused(arguments: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Grammar(**arguments)  # type: ignore[arg-type]


def test_a_segment_rule_that_takes_any_letter_still_yields_only_names_that_a_broker_takes() -> None:
    grammar = Grammar(segment=r"\w+")
    assert grammar.matches("onex.evt.router.routing_complete.v1")
    assert not grammar.matches("onex.evt.router.d\u043ene.v1")


def test_kinds_with_separators_are_recognised_in_any_spelling() -> None:
    grammar = Grammar(kinds=("dead-letter", "dead"))
    assert grammar.parse("onex.dead-letter.router.done.v1").kind == "dead-letter"
    assert grammar.resembles("onex.dead_letter.router")


def test_templates_and_folds() -> None:
    assert is_template("inbox.{agent_id}")
    assert is_template("inbox.{}")
    assert not is_template("inbox.{agent_id")
    assert not is_template("inbox")
    assert fold("onex.evt.a.Routing_Complete") == fold("onex.evt.a.routing-complete")


SHORT = Grammar(kinds_without_event=("dlq",))


def test_a_kind_may_leave_its_event_out() -> None:
    name = TopicName("dlq", "router", "", 1)
    assert SHORT.parse("onex.dlq.router.v1") == name
    assert SHORT.format(name) == "onex.dlq.router.v1"
    assert SHORT.parse("onex.dlq.router.dead-letter.v1") == TopicName("dlq", "router", "dead-letter", 1)
    assert SHORT.resembles("onex.dlq.router.v1")
    assert not SHORT.matches("onex.evt.router.v1")
    assert not DEFAULT.matches("onex.dlq.router.v1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("onex.dlq.Router.v1", "its producer segment `Router` holds capitals; segments are lower-case"),
        ("onex.dlq.router.v01", "its version `v01` is not v<number> without leading zeros"),
        ("onex.dlq.router", "it has 3 segments where `onex.{kind}.{producer}.{event}.v{version}` has 5"),
        ("onex.evt.router.v1", "names of its kind `evt` hold an event: `onex.{kind}.{producer}.{event}.v{version}`"),
    ],
)
def test_reasons_where_a_kind_may_leave_its_event_out(text: str, reason: str) -> None:
    with pytest.raises(InvalidName) as refused:
        SHORT.parse(text)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{event}.{kind}.{producer}.v{N}", "dlq.router.v1"),
        ("onex.{event}.{kind}.{producer}.v{N}", "onex.dlq.router.v1"),
        ("onex.{kind}.{producer}.v{N}.{event}", "onex.dlq.router.v1"),
        ("onex.{kind}.{producer}-to-{event}.v{N}", "onex.dlq.router.v1"),
    ],
)
def test_the_sign_before_the_event_goes_with_it(template: str, text: str) -> None:
    grammar = Grammar(template, segment="[a-z]+", kinds_without_event=("dlq",))
    assert grammar.parse(text) == TopicName("dlq", "router", "", 1)
    assert grammar.format(grammar.parse(text)) == text


def test_what_kinds_mean() -> None:
    assert (DEFAULT.is_command("cmd"), DEFAULT.is_command("evt")) == (True, False)
    assert (DEFAULT.is_dead_letter("dlq"), DEFAULT.is_dead_letter("cmd")) == (True, False)
    grammar = Grammar(kinds=("do", "dead"), command_kinds=("do",), dead_letter_kinds=("dead",))
    assert (grammar.is_command("do"), grammar.is_dead_letter("dead"), grammar.is_command("cmd")) == (True, True, False)
    assert grammar != Grammar(kinds=("do", "dead"))


@pytest.mark.parametrize(
    "text",
    [
        "acme-shop.event.order_placed.3",
        "acme-shop.event.OrderPlaced.3",
        "acme-shop.evnt.order_placed.3",
        "acme-{x}.event",
    ],
)
def test_a_grammar_with_the_producer_first_recognises_its_kinds_in_their_place(text: str) -> None:
    assert OTHER.resembles(text)


@pytest.mark.parametrize("text", ["acme-shop", "acme-shop.skills.order", "acme-event", "shop.event.order_placed.3"])
def test_a_grammar_with_the_producer_first_leaves_others_alone(text: str) -> None:
    assert not OTHER.resembles(text)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("acme-shop.event.OrderPlaced.3", "acme-shop.event.order_placed.3"),
        ("acme-shop.event.order-placed.3", "acme-shop.event.order_placed.3"),
    ],
)
def test_suggestions_join_words_as_the_grammar_does(text: str, suggestion: str) -> None:
    assert OTHER.suggest(text) == suggestion


@pytest.mark.parametrize("prefix", ["{env}.", "${ENV}.", "{{env}}.", "<env>.", "{a}.<b>."])
def test_placeholders_in_front(prefix: str) -> None:
    assert split_placeholders(f"{prefix}onex.evt.a.b.v1") == (prefix, "onex.evt.a.b.v1")
    assert split_placeholders("onex.evt.{a}.b.v1") == ("", "onex.evt.{a}.b.v1")
    assert DEFAULT.resembles(f"{prefix}onex.evt.a.b.v1")
