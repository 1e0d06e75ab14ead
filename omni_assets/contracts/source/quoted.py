"""Strings of any other text file, by the signs around them: quotes, or in some languages the ends of a word.

No language is parsed. Around each place where a topic may begin, the string that holds it is looked for; one that
stands behind a comment sign of its line is none. This takes time linear in the text, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from omni_assets.contracts.source.languages import Language, Reading
from omni_assets.contracts.source.literals import Literal, Looks

_QUOTES = "'\"`"
_LONGEST = 400
_PART = r"[^\s'\"`,;()\[\]\\=]"
_BEFORE = re.compile(_PART + "*$")
_AFTER = re.compile(_PART + "*")
_SPACED_PLACEHOLDER = re.compile(r"\{\{ *([^{}\s]*) *\}\}")
_ASSIGNED = re.compile(r"[:=]\s*$")
_SCALAR_START = re.compile(r"(?:^|[\[{,]|[=:]|-|!\w+)\s*$|^\s*(?:-\s+)*$")
_SCALAR_END = re.compile(r"\s*(?:$|[\],}]|#|:(?:\s|$)|=)")
_WORD_END = re.compile(r"$|[\s,;)\]=]")
_BLOCK_COMMENT = ("/*", "* ", "*/", "<!--")


def quoted_literals(text: str, language: Language, stem: re.Pattern[str], looks: Looks) -> Iterator[Literal]:
    """Every string of ``text`` that looks like a topic; ``stem`` matches wherever one may begin."""
    line, line_start, end_of_last = 1, 0, -1
    for match in stem.finditer(text):
        if match.start() < end_of_last:
            continue
        newest = text.rfind("\n", line_start, match.start())
        if newest >= 0:
            line += text.count("\n", line_start, newest) + 1
            line_start = newest + 1
        near = max(line_start, match.start() - _LONGEST)
        stop = text.find("\n", match.start(), match.start() + _LONGEST)
        window_end = stop if stop >= 0 else min(len(text), match.start() + _LONGEST)
        before, rest = text[near : match.start()], text[match.start() : window_end].rstrip("\r")
        found = _string(before, _SPACED_PLACEHOLDER.sub(r"{\1}", rest), language.reading)
        if found is None or not looks(found):
            continue
        start = match.start() - len(_own_start(before))
        if _commented(text[near:start], language):
            continue
        end_of_last = match.start() + len(found) - len(_own_start(before))
        opening = text[near:start].rstrip(_QUOTES + "\\")
        yield Literal(found, line, start - line_start + 1, _ASSIGNED.search(opening) is not None)


def _own_start(before: str) -> str:
    match = _BEFORE.search(before)
    return match[0] if match else ""


def _string(before: str, rest: str, reading: Reading) -> str | None:
    """The string around a place, or ``None`` where none holds it as a whole."""
    start = _own_start(before)
    body = _AFTER.match(rest)
    end = body.end() if body else 0
    text = start + rest[:end]
    opening, closing = before[: len(before) - len(start)], rest[end:]
    if opening.endswith(tuple(_QUOTES)):
        return text if closing.removeprefix("\\").startswith(opening[-1]) else None
    if reading is Reading.SCALARS:
        return _scalar(text, opening, closing)
    if reading is Reading.WORDS and (not opening or opening[-1] in " \t=,(["):
        return text if _WORD_END.match(closing) else None
    return None


def _scalar(text: str, opening: str, closing: str) -> str | None:
    key, colon, _ = text.rpartition(":")
    if colon and not closing.strip():
        text = key if text.endswith(":") else text
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
