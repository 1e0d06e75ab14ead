from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.calling.redaction import Redactor

KEY = "sk-canary-0123456789abcdefABCDEF"
text = st.text(max_size=50)


@given(text, text)
def test_a_secret_is_taken_out_wherever_it_stands(before: str, after: str) -> None:
    redactor = Redactor([KEY])
    shown = before + KEY + after
    assert KEY not in redactor.exact(shown)
    assert KEY not in redactor.clause(shown)


@given(st.integers(0, len(KEY) - 8), st.integers(8, len(KEY)))
def test_a_message_holds_no_eight_characters_of_it(start: int, length: int) -> None:
    part = KEY[start : start + max(length, 8)]
    assert part[:8] not in Redactor([KEY]).clause(f'refused: "{part}…", it is no key')


@given(st.text())
def test_other_texts_stay_as_they_are(said: str) -> None:
    redactor = Redactor([KEY])
    assert redactor.exact(said) == said
    assert Redactor([]).clause(said) == said


@pytest.mark.parametrize("word", ["none", "EMPTY", "ollama", "x"])
def test_a_word_that_a_local_server_is_given_is_no_secret(word: str) -> None:
    said = f"there is {word} of it"
    assert Redactor([word]).exact(said) == Redactor([word]).clause(said) == said


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redactor(["abcdefgh", "abcdefghij"]).exact("abcdefghij") == "***"


def test_it_shows_none_itself() -> None:
    assert KEY not in repr(Redactor([KEY]))
