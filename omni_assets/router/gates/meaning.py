"""What an answer means, so that answers of different models can be compared: two that say the same have one meaning.

A number is what it is worth, however it is written (``$1,800.0``, ``\\frac{9}{5}``, ``50 miles``); a Python literal is
its value, without quotes around a text and without an order where it has none; a formula is itself without LaTeX's
finery. Anything else is its words. Pure; what is longer than ``MOST_ANSWER`` is compared as it stands.
"""

from __future__ import annotations

import ast
import re
import warnings
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from omni_assets.router.normalise import MOST_ANSWER

_WRAPPED = re.compile(
    r"\\\((?P<a>.*)\\\)|\\\[(?P<b>.*)\\\]|\$+(?P<c>[^$]*)\$+|\\boxed\{(?P<d>.*)\}|`+(?P<e>[^`]*)`+", re.DOTALL
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIGNS = re.compile(r"\\?[$%]|\\[! ]|\^\{?\\circ\}?$|°$")
_PLAIN = re.compile(r"([+-]?(?:0|[1-9]\d*)(?:\.\d+)?|[+-]?\.\d+)(?:\s*\\text\{[^{}]*\}|\s+[A-Za-z][A-Za-z/ .]{0,40})?")
_RATIO = re.compile(r"([+-]?)(?:\\[dt]?frac\{([+-]?\d+)\}\{(\d+)\}|\(?(\d+)\)?\s*/\s*\(?(\d+)\)?)")
_NAMED = re.compile(r"[A-Za-z]\w*\s*=\s*")
_LITERAL = re.compile(r"[\[({'\"]|[bru]['\"]|(?:None|True|False)$")
_FORMULA = re.compile(r"[\\^√π]|sqrt|\w\s*/\s*\w")
_WORDED = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}")
_FINERY = re.compile(r"\\left|\\right|\\[!,;: ]|\\cdot|\\times|\u00d7|\*|\^\{?\\circ\}?|°|\$|\\?%|\s")
_DIGITS = re.compile(r"\\[dt]?frac(\d)(\d)")
_FRACTION = re.compile(r"\\[dt]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_ROOT = re.compile(r"\\sqrt(?:\(([^()]*)\)|(\w))")
_BARE = re.compile(r"\((\w+|\w*\\sqrt(?:\{\w+\}|\w)|\w*\\pi)\)")
_LONE = re.compile(r"\{(\w)\}")
_SPACE = re.compile(r"\s+")
_LONGEST_NUMBER = 100
_MOST_ROUNDS = 20


def meaning(answer: Any) -> str | None:
    """The meaning of an answer, a JSON value or a text; ``None`` where there is none."""
    if answer is None:
        return None
    if not isinstance(answer, str):
        return _value(answer)
    if len(answer) > MOST_ANSWER:
        return f"words {answer}"
    return _text(answer)


@lru_cache(maxsize=4096)
def _text(answer: str) -> str:
    text = _unwrapped(answer.strip())
    number = _number(text) or _number(_NAMED.sub("", text, count=1))
    if number is not None:
        return number
    literal = _literal(text)
    if literal is not None:
        return literal
    if _FORMULA.search(text):
        formula = _formula(text)
        return _number(formula) or f"formula {formula}"
    return _words(text.strip("'\""))


def _unwrapped(text: str) -> str:
    for _ in range(_MOST_ROUNDS):
        wrapped = _WRAPPED.fullmatch(text)
        if wrapped is None:
            break
        text = next(each for each in wrapped.groups() if each is not None).strip()
    return text


def _number(text: str) -> str | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    bare = _SIGNS.sub("", _THOUSANDS.sub("", text)).strip().rstrip(".")
    if plain := _PLAIN.fullmatch(bare):
        return f"number {Fraction(plain[1])}"
    ratio = _RATIO.fullmatch(bare)
    if ratio is None:
        return None
    above, below = int(ratio[2] or ratio[4]), int(ratio[3] or ratio[5])
    if below == 0:
        return None
    return f"number {Fraction(-above if ratio[1] == '-' else above, below)}"


def _literal(text: str) -> str | None:
    """The value of a Python literal; a text among them is taken as if it stood there without its quotes."""
    if not _LITERAL.match(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text)
        if isinstance(value, str):
            return _number(value) or _words(value)
        return _value(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _value(value: Any) -> str | None:
    try:
        return _number(str(value)) or f"value {_form(value)}"
    except (RecursionError, ValueError, TypeError):
        return None


def _form(value: Any) -> str:
    """A value as text: what has no order is put into one."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return str(Fraction(value)) if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{_form(key)}: {_form(each)}' for key, each in value.items()))}}}"
    if isinstance(value, set | frozenset):
        return f"set({', '.join(sorted(map(_form, value)))})"
    if isinstance(value, list):
        return f"[{', '.join(map(_form, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_form, value))})"
    return repr(value)


def _formula(text: str) -> str:
    """A formula without what only its writing adds, fractions as ``a/b``."""
    plain = _FINERY.sub("", _WORDED.sub(r"\1", text))
    plain = re.sub(r"(?<!\\)sqrt|√", r"\\sqrt", plain)
    plain = re.sub(r"(?<![\\a-z])pi(?![a-z])|π", r"\\pi", plain)
    plain = _DIGITS.sub(r"\\frac{\1}{\2}", _ROOT.sub(lambda root: f"\\sqrt{{{root[1] or root[2] or ''}}}", plain))
    for _ in range(_MOST_ROUNDS):
        simpler = _FRACTION.sub(r"(\1)/(\2)", plain)
        if simpler == plain:
            break
        plain = simpler
    return _BARE.sub(r"\1", _LONE.sub(r"\1", plain))


def _words(text: str) -> str:
    return f"words {_SPACE.sub(' ', text).strip().removesuffix('.').casefold()}"
