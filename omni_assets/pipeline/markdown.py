"""Untrusted text within Markdown: as code, as words, or as plain text, and never as anything else. Pure."""

from __future__ import annotations

import re

from omni_assets.contracts.text import visible

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_FENCES = re.compile("`+")
_PLAIN = re.compile(r"(?:[.(\"]|/(?!/))*[^\W\d_](?:[^\W_]|(?<=[^\W_])_(?=[^\W_])|[.,;:?'\"()-]|/(?!/))*")
_LINKED = re.compile(r"://|@|www", re.IGNORECASE)


def code(text: str) -> str:
    """A code span that nothing in ``text`` ends: its fence is longer than any run of backticks there.

    CommonMark 0.31, section 6.1: a space at both ends is taken off again, unless there is nothing but spaces.
    """
    shown = visible(text) or " "
    fence = "`" * (1 + max(map(len, _FENCES.findall(shown)), default=0))
    pad = " " if shown.strip(" ") and {shown[0], shown[-1]} & {"`", " "} else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def words(text: str) -> str:
    """``text`` with every mark of punctuation escaped, as the text of a link or in the cell of a table."""
    return _PUNCTUATION.sub(r"\\\1", visible(text))


def plain(text: str) -> str:
    """``text`` for a description, which lists show as it is written and pages as Markdown: a word of nothing but
    letters, figures and what has no meaning in Markdown stands as it is, the punctuation of any other is escaped, and
    what may become a link is code.

    CommonMark 0.31, section 6.2: an underscore between letters is no emphasis. What begins a list or a heading is no
    such word, since a letter comes before all else but dots, slashes, quotes and parentheses. GitHub's extension
    6.9: addresses become links, and what reads Markdown in JavaScript finds them where they are escaped, too.
    """
    return " ".join(map(_word, visible(text).split()))


def _word(word: str) -> str:
    if _LINKED.search(word):
        return code(word)
    return word if _PLAIN.fullmatch(word) else words(word)
