"""An output without its wrapping: what was around the answer is taken off, and it is said that it was. Pure.

Bare JSON and bare code are habits of a model, not its quality: an output is unwrapped before any gate fails it. Every
function here takes time in proportion to the text.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from omni_assets.router.values import OutputFormat

MOST_ANSWER = 2000
"""Characters of a text beyond which it is prose, and no answer that could be compared with another."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
_OPENING = re.compile(r"\{|^[ \t]*\[", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"[$€£]?\s?([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+)\s?[$€£]?")
_WRAPPING = "\"'`*_ "
_BLOCKS = 8
_TRY = 5000
_LEAST_WORK = 200_000
_STARTED = 20
_COUNTED = 50


@dataclass(frozen=True, slots=True)
class Normalised:
    """An output unwrapped. ``steps`` say what was done, as clauses, in order; nothing was where there are none.

    ``value`` is the JSON value of an output that should be JSON, ``None`` where it is none. ``answer`` is the answer in
    a form by which outputs are compared: two outputs that say the same have the same.
    """

    text: str
    value: Any = None
    answer: str | None = None
    steps: tuple[str, ...] = ()


def normalise(text: str, output_format: OutputFormat, answer_key: str | None = None) -> Normalised:
    """``text`` as the gates see it.

    Of JSON, ``answer_key`` names the member that is the answer; without it, the whole value is. Of any other text, it
    is what follows ``answer_key:`` at the beginning of the last line that has it, and the whole text without a key.
    """
    steps: list[str] = []
    bare = _without_thoughts(_printable(text, steps), steps)
    if output_format is OutputFormat.JSON:
        return _json(bare, answer_key, steps)
    if output_format is OutputFormat.CODE:
        code = _code(bare, steps)
        return Normalised(code, None, _same_code(code), tuple(steps))
    return Normalised(bare, None, _said(bare, answer_key), tuple(steps))


def canonical(value: Any) -> str | None:
    """A JSON value in the form by which answers are compared, ``None`` where it holds none.

    Texts are compared without case, wrapping and runs of space; numbers by what they are worth, however written.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return _number(str(value)) or str(value)
    if isinstance(value, str):
        return _words(value)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        return None


def _printable(text: str, steps: list[str]) -> str:
    """``text`` that can be encoded, without a byte order mark, with one kind of line ending and no space around it."""
    if _SURROGATES.search(text):
        text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
        steps.append("replaced halves of characters")
    if text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
        text = text[1:]
        steps.append("took off a byte order mark")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        steps.append("made all line endings alike")
    return text.strip("\n ") if text[:1].isspace() or text[-1:].isspace() else text


def _without_thoughts(text: str, steps: list[str]) -> str:
    """``text`` without what a model thought aloud before it answered. Thoughts without an end have no answer."""
    begun = _THOUGHT.match(text)
    if begun is None:
        return text
    ending = f"</{begun[1]}>"
    end = text.find(ending, begun.end())
    if end < 0:
        steps.append("left out thoughts that never end")
        return ""
    steps.append("left out the thoughts before the answer")
    return text[end + len(ending) :].strip()


def _fenced(text: str) -> Iterator[str]:
    """What stands between code fences, as Markdown reads them; a fence that is never closed reaches to the end."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            yield text[opened.end() + 1 : max(fence.start() - 1, opened.end() + 1)]
            opened = None
    if opened is not None:
        yield text[opened.end() + 1 :]


def _code(text: str, steps: list[str]) -> str:
    blocks = [*_fenced(text)]
    if not blocks:
        return text
    steps.append(
        "took the code out of its fence" if len(blocks) == 1 else f"took the longest of {len(blocks)} fenced blocks"
    )
    return max(blocks, key=len)


def _same_code(code: str) -> str | None:
    lines = [line.rstrip() for line in code.split("\n")]
    return "\n".join(line for line in lines if line) or None


def _json(text: str, answer_key: str | None, steps: list[str]) -> Normalised:
    for found, step in _readings(text, answer_key):
        if found is not None:
            steps += [step] if step else []
            value, shown = found
            answer = canonical(_member(value, answer_key) if answer_key is not None else value)
            return Normalised(shown, value, answer, tuple(steps))
    return Normalised(text, None, None, tuple(steps))


Found = tuple[Any, str] | None


def _readings(text: str, answer_key: str | None) -> Iterator[tuple[Found, str]]:
    """One way after the other to read ``text`` as JSON, the plainest first."""
    yield _read(text), ""
    blocks = sorted(_fenced(text), key=len, reverse=True)[:_BLOCKS]
    for block in blocks:
        yield _read(block.strip()), "took the JSON out of a code fence"
    for each in (text, *blocks):
        if (mended := _mended(each.strip())) is not None:
            yield _read(mended), "mended backslashes and line breaks in strings"
    yield _embedded(text, answer_key), "took the JSON out of the text around it"


def read_json(text: str) -> Any:
    """``text`` as JSON in the strict sense: finite numbers, each key once, no deeper than Python can follow.

    Raises ``ValueError``.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _read(text: str) -> Found:
    try:
        return read_json(text), text
    except ValueError:
        return None


def _mended(text: str) -> str | None:
    """``text`` with backslashes that JSON does not know doubled, and line breaks and tabs in strings written out."""
    if not text.startswith(("{", "[", '"')):
        return None
    doubled = _ESCAPE.sub(lambda found: found[0] if len(found[0]) > 1 else r"\\", text)
    try:
        value = json.JSONDecoder(strict=False, **_STRICTLY).decode(doubled)
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _embedded(text: str, answer_key: str | None) -> Found:
    """The JSON object within prose, or array at the beginning of a line (others are footnotes): the last that has the
    answer's key, or else the longest. Empty ones are part of the prose.

    Each place where one could begin is tried, for as long as the work stays in proportion to the text. An error of the
    parser costs a look at all lines before it.
    """
    best: Found = None
    keyed = False
    place, work = 0, _LEAST_WORK + len(text)
    while work > 0 and (opening := _OPENING.search(text, place)):
        start = opening.end() - 1
        work -= _STARTED
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            reached = error.pos if isinstance(error, json.JSONDecodeError) else start + _TRY
            work -= reached - start + reached // _COUNTED
            place = start + 1
            continue
        has_key = answer_key is not None and _member(value, answer_key) is not None
        if value and (has_key or (not keyed and (best is None or end - start > len(best[1])))):
            best, keyed = (value, text[start:end]), has_key
        place = end
    return best


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _said(text: str, answer_key: str | None) -> str | None:
    if answer_key is not None:
        wanted = f"{answer_key.casefold()}:"
        for line in reversed(text.split("\n")):
            if (said := line.strip(_WRAPPING)).casefold().startswith(wanted):
                return _words(said[len(wanted) :])
        return None
    return _words(text) if len(text) <= MOST_ANSWER else None


def _words(text: str) -> str:
    plain = _SPACE.sub(" ", unicodedata.normalize("NFKC", text)).strip().strip(_WRAPPING)
    plain = plain.removesuffix(".").rstrip(_WRAPPING).casefold()
    return _number(plain) or plain


def _number(text: str) -> str | None:
    """A number without what only its writing adds: ``$1,800.0`` is ``1800``. ``None`` where ``text`` is no number."""
    found = _NUMBER.fullmatch(text[:100]) if len(text) <= 100 else None
    try:
        worth = Decimal(found[1].replace(",", "")) if found else Decimal(text) if "e" in text.lower() else None
    except InvalidOperation:
        return None
    if worth is None or not worth.is_finite() or abs(worth.adjusted()) > 100:
        return None
    if not worth:
        return "0"
    written = f"{worth:f}"  # all its digits, whatever the context's precision
    return written.rstrip("0").rstrip(".") if "." in written else written


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:50]} is too large")
    return value


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("an object has one key twice")
    return value


_STRICTLY: dict[str, Any] = {"parse_float": _finite, "parse_constant": _refused, "object_pairs_hook": _once}
_DECODER = json.JSONDecoder(**_STRICTLY)
