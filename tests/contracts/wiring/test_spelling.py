"""Words, stems and fields of names, well-formed or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Grammar
from omni_assets.contracts.wiring.spelling import Speller, outcome, split, stem

SPELLER = Speller(Grammar())


@pytest.mark.parametrize(
    "family",
    [
        ("complete", "completed", "completes", "completing", "completion"),
        ("fail", "failed", "fails", "failing", "failure", "failures"),
        ("plan", "plans", "planned", "planning"),
        ("classify", "classifies", "classified", "classifying"),
        ("store", "stored", "stores", "storing"),
        ("batch", "batches", "batched"),
        ("process", "processes", "processed", "processing"),
        ("review", "reviews", "reviewed", "reviewing"),
        ("add", "adds", "added", "adding"),
        ("use", "uses", "used", "using"),
        ("handoff", "handoffs"),
        ("send", "sends", "sending", "sent"),
        ("choose", "chooses", "choosing", "chosen"),
        ("pay", "pays", "paying", "paid"),
    ],
)
def test_plural_and_tense_have_one_stem(family: tuple[str, ...]) -> None:
    assert len(set(map(stem, family))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("router", "route"), ("status", "state"), ("registered", "deregistered"), ("ci", "cis"), ("v1", "v2"),
        ("delegation", "delegate"),
    ],
)  # fmt: skip
def test_different_words_have_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_words_for_one_outcome_are_one_outcome_and_not_one_stem() -> None:
    words = ("complete", "completed", "result", "results", "done", "finished")
    assert len(set(map(outcome, words))) == 1
    assert len(set(map(stem, words))) == 4


def test_a_name_is_read_field_by_field() -> None:
    spelling = SPELLER.spell("onex.evt.build-loop.steps-completed.v12")
    assert (spelling.kind, spelling.producer, spelling.event, spelling.version) == (
        "evt",
        ("build", "loop"),
        ("step", "complet"),
        "12",
    )
    assert spelling.whole
    assert spelling.words == ("onex", "evt", "build", "loop", "steps", "completed", "v12")


@pytest.mark.parametrize(
    "name",
    [
        "onex.evt.build-loop.stepsCompleted.v12",
        "ONEX.EVT.build_loop.Steps-Completed.V12",
        "onex.evt.build-loop.steps.completed.v12",
    ],
)
def test_a_name_that_breaks_the_grammar_is_read_as_well_as_it_can_be(name: str) -> None:
    spelling = SPELLER.spell(name)
    assert spelling.whole
    assert spelling.event == ("step", "complet")
    assert spelling.stems == SPELLER.spell("onex.evt.build-loop.steps-completed.v12").stems


@pytest.mark.parametrize("name", ["", "router", "onex.evt.router", "system.alert.tool", "onex.evt.a.b.vx"])
def test_fields_that_cannot_be_told_are_empty(name: str) -> None:
    spelling = SPELLER.spell(name)
    assert not spelling.whole
    assert spelling.kind == ""


def test_a_grammar_of_ones_own_is_read_in_its_own_order() -> None:
    speller = Speller(Grammar("acme.{producer}.{kind}.{event}.v{N}", ("event", "command"), "[a-z]+(?:_[a-z]+)*"))
    spelling = speller.spell("acme.order_desk.event.order_placed.v3")
    assert (spelling.kind, spelling.producer, spelling.version) == ("event", ("order", "desk"), "3")


@given(st.text(max_size=300))
def test_any_text_has_a_spelling(text: str) -> None:
    spelling = SPELLER.spell(text)
    assert len(spelling.words) == len(spelling.stems) == len(spelling.outcomes)
    assert all(spelling.words)


@given(st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=5), st.sampled_from("-_."))
def test_words_do_not_depend_on_the_separator(words: list[str], sign: str) -> None:
    assert split(sign.join(words)) == tuple(words)


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_a_stem_is_never_empty_nor_longer(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word) + (word.endswith(("ies", "ied")))
