"""Strings of any other text file, by the signs around them: quotes, or in some languages the ends of a word.

No language is parsed. Around each place where a topic may begin, the string that holds it is looked for; one that
stands behind a comment sign of its line is none. This takes time linear in the text, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from omni_assets.contracts.source.languages import Language, Reading
from omni_assets.contracts.source.literals import Literal, Looks

_QUOTES = "'\"`"
_LONGEST = 2_000
_WORD = re.compile(r"(?:[^\s'\"`,;()\[\]\\={}]|\{+ ?[^\s{}]* ?\}+|\}+ ?[^\s{}]* ?\{+|[{}])*")
"""A word from its beginning, or its letters from behind; the spaces within placeholders belong to it."""

_ASSIGNED = re.compile(r"[:=]\s*$")
_SCALAR_START = re.compile(r"(?:^|[\[{,]|[=:]|-|!\w+)\s*$|^\s*(?:-\s+)*$")
_SCALAR_END = re.compile(r"\s*(?:$|[\],}]|#|:(?:\s|$)|=)")
_WORD_END = re.compile(r"$|[\s,;)\]=]")
_BLOCK_COMMENT = ("/*", "* ", "*/", "<!--")


def quoted_literals(text: str, language: Language, stem: re.Pattern[str], looks: Looks) -> Iterator[Literal]:
    """Every string of ``text`` that looks like a topic; ``stem`` matches wherever one may begin."""
    line, line_start, done = 1, 0, 0
    for match in stem.finditer(text):
        at = match.start()
        if at < done:
            continue
        newest = text.rfind("\n", line_start, at)
        if newest >= 0:
            line += text.count("\n", line_start, newest) + 1
            line_start = newest + 1
        before = text[max(line_start, at - _LONGEST) : at]
        after = text[at : at + _LONGEST].partition("\n")[0].rstrip("\r")
        word = _Word.around(before, after)
        done = at + word.end
        found = word.string(after, language.reading)
        if found is None or not looks(found) or _commented(word.opening, language):
            continue
        start = at - len(word.start)
        done = max(done, start + len(found))
        assigned = _ASSIGNED.search(word.opening.rstrip(_QUOTES + "\\"))
        yield Literal(found, line, start - line_start + 1, assigned is not None)


class _Word(NamedTuple):
    """The word around a place: its ``start`` before it, what stands on the line before that, and where it ends."""

    opening: str
    start: str
    end: int

    @classmethod
    def around(cls, before: str, after: str) -> _Word:
        length = _length(before[::-1])
        cut = len(before) - length
        return cls(before[:cut], before[cut:], _length(after))

    def string(self, after: str, reading: Reading) -> str | None:
        """The string that begins with the word, or that the word is; ``None`` where it is a part of others."""
        if self.opening.endswith(tuple(_QUOTES)):
            inside, quote, _ = after.partition(self.opening[-1])
            return (self.start + inside).rstrip("\\") if quote else None
        text, closing = self.start + after[: self.end], after[self.end :]
        if reading is Reading.SCALARS:
            return _scalar(text, self.opening, closing)
        if reading is Reading.WORDS and (not self.opening or self.opening[-1] in " \t=,(["):
            return text if _WORD_END.match(closing) else None
        return None


def _length(text: str) -> int:
    match = _WORD.match(text)
    return match.end() if match else 0


def _scalar(text: str, opening: str, closing: str) -> str | None:
    if text.endswith(":"):
        return text[:-1] if _SCALAR_START.search(opening) else None  # a key
    return text if _SCALAR_START.search(opening) and _SCALAR_END.match(closing) else None


def _commented(before: str, language: Language) -> bool:
    """Whether what follows ``before`` on its line is a comment."""
    if before.lstrip().startswith(_BLOCK_COMMENT) and "//" in language.comments:
        return True
    open_quote = ""
    for position, sign in enumerate(before):
        if open_quote:
            if sign == open_quote and before[position - 1] != "\\":
                open_quote = ""
        elif sign in _QUOTES:
            open_quote = sign
        elif before.startswith(language.comments, position) and (position == 0 or before[position - 1] in " \t;{}()"):
            return True
    return False
