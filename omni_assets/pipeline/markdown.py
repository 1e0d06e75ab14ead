"""Untrusted text within Markdown: as code, or as words, and never as anything else. Pure."""

from __future__ import annotations

import re

from omni_assets.contracts.text import visible

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_FENCES = re.compile("`+")


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
