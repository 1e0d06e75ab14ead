"""Letters that look like Latin ones."""

from __future__ import annotations

import unicodedata

import pytest

from omni_assets.contracts.letters import latin, odd_letters


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\u0430\u0435\u043e\u0440\u0441\u0443\u0445", "aeopcyx"),
        ("\u0391\u0392\u0395", "ABE"),
        ("\u03bf\u03c1\u03ba", "opk"),
        ("\uff4f\uff4e\uff45\uff58\uff0e\uff11", "onex.1"),
        ("\U0001d428\U0001d427\U0001d41e", "one"),
        ("a\u2010b\u2013c\u2212d", "a-b-c-d"),
        ("a\u200bb\u00adc\ufeffd", "abcd"),
        ("\u00e9t\u00e9", "ete"),
        ("e\u0301", "e"),
        ("\u0451", "e"),
        ("\u5b8c", "\u5b8c"),
        ("plain-text_1.2", "plain-text_1.2"),
    ],
)
def test_text_is_read_as_it_looks(text: str, plain: str) -> None:
    assert latin(text) == plain


def test_odd_letters_are_spelt_out_once_each() -> None:
    assert odd_letters("d\u043en\u0435 \u043e") == (
        "U+043E CYRILLIC SMALL LETTER O",
        "U+0435 CYRILLIC SMALL LETTER IE",
    )
    assert odd_letters("plain") == ()
    assert odd_letters("\ue000") == ("U+E000 without a name",)


@pytest.mark.parametrize(
    ("name", "letter"),
    [("A", "a"), ("IE", "e"), ("O", "o"), ("DZE", "s"), ("BYELORUSSIAN-UKRAINIAN I", "i"), ("JE", "j"), ("ER", "p")],
)
def test_small_and_capital_twins_are_both_known(name: str, letter: str) -> None:
    assert latin(unicodedata.lookup(f"CYRILLIC SMALL LETTER {name}")) == letter
    assert latin(unicodedata.lookup(f"CYRILLIC CAPITAL LETTER {name}")) == letter.upper()
