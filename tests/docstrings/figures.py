"""Every number that a public function takes or gives, or that a public class holds, says what it counts.

So do numbers within something else, such as a mapping. What says it is a name (``timeout_seconds``, ``partitions``), or
a docstring: that of the function, or of the class, gives the name in double backticks; or its own has a word such as
"seconds" or "how many". One such word speaks for one number, and "each number" for all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.docstrings.source import Finding, Module, Public, classes, document, functions, is_public

# Words of a name that say what a number is, wherever they stand in it.
UNITS = frozenset(
    {"bytes", "columns", "days", "digits", "hours", "micros", "microseconds", "milliseconds", "minutes", "ms"}
    | {"percent", "seconds", "tokens", "usd"}
)
# Names, and ends of names, that mean one thing in the whole project, and what.
PLAIN = {
    "column": "from 1, in characters",
    "concurrency": "how many tasks are worked on at a time",
    "exit_code": "of a command",
    "height": "lines of a terminal",
    "limit": "how many are given at most",
    "line": "from 1",
    "offset": "of a record in its partition, from 0",
    "partition": "its number in a topic, from 0",
    "pid": "of a process",
    "port": "of TCP",
    "position": "an offset, of a record or behind the last one that was read",
    "replication_factor": "how many replicas each partition has",
    "slot": "which worker of a node it is, from 0",
    "version": "of a document or schema",
    "width": "columns of a terminal",
}
# What a text says of a number: its unit, or what is counted.
SAYING = (
    *(r"seconds?", r"milliseconds?", r"microseconds?", r"minutes", r"hours", r"days", r"ms"),
    *(r"bytes", r"characters", r"columns?", r"digits", r"lines?", r"tokens?", r"dollars?", r"USD", r"cents?"),
    *(r"percent", r"shares?", r"ratio", r"chances?", r"odds", r"probabilit(?:y|ies)", r"logarithms?", r"from [01]"),
    *(r"how (?:many|often|likely)", r"so (?:many|often)(?! seconds| bytes)", r"the most"),
    *(r"the numbers? of", r"their numbers?", r"index", r"offsets?", r"positions?"),
    *(r"exit codes?", r"HTTP status", r"port", r"process id", r"version"),
)
WORDS = re.compile(rf"\b(?:{'|'.join(SAYING)})\b|%", re.IGNORECASE)
ALL = re.compile(r"\beach number\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Number:
    name: str  # empty for what is given back
    line: int
    is_count: bool  # whether it is whole
    text: str = ""  # what is said of it alone


def unsaid_figures(modules: Iterable[Module]) -> Iterator[Finding]:
    """A finding for each number of which nothing says what it counts."""
    known = tuple(modules)
    for public in functions(known):
        for each in _unsaid(_numbers(public), public.text, public.own):
            what = f"takes `{each.name}`" if each.name else "gives a number"
            yield Finding(public.module.path, each.line, f"`{public.name}` {what}, and nothing says what it counts")
    for module in known:
        for owner in classes(module):
            for each in _unsaid(_fields(owner), document(owner), document(owner)):
                why = f"`{owner.name}` holds `{each.name}`, and nothing says what it counts"
                yield Finding(module.path, each.line, why)


def _unsaid(numbers: Iterable[_Number], text: str, own: str) -> list[_Number]:
    """Those that neither their names explain nor ``text`` names; a word of ``own`` speaks for one of them."""
    left = [each for each in numbers if not (_by_name(each) or _by_text(each, text))]
    return [] if ALL.search(own) else left[len(WORDS.findall(own)) :]


def _by_name(number: _Number) -> bool:
    words = number.name.lower().split("_")
    is_plural = number.is_count and re.search(r"[^isu]s$", words[-1]) is not None
    return is_plural or bool(UNITS & set(words)) or any(f"_{number.name}".endswith(f"_{each}") for each in PLAIN)


def _by_text(number: _Number, text: str) -> bool:
    return bool(number.text and WORDS.search(number.text)) or f"``{number.name}``" in text


def _numbers(public: Public) -> Iterator[_Number]:
    """What a function takes, and then what it gives."""
    taken = public.function.args
    further = filter(None, (taken.vararg, taken.kwarg))
    for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs, *further):
        if is_public(each.arg) and (kinds := _kinds(each.annotation)):
            yield _Number(each.arg, each.lineno, "float" not in kinds, _told(each.annotation))
    if (kinds := _kinds(public.function.returns)) and not public.is_for_people:  # an exit code
        named = _Number(public.function.name, public.function.lineno, "float" not in kinds)
        if not (is_public(named.name) and _by_name(named)) and not named.name.startswith("__"):
            yield _Number("", named.line, named.is_count)


def _fields(owner: ast.ClassDef) -> Iterator[_Number]:
    """What a class holds; a text under a field speaks for it."""
    for each, behind in zip(owner.body, [*owner.body[1:], None], strict=True):
        if not (isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and is_public(each.target.id)):
            continue
        if kinds := _kinds(each.annotation):
            under = ast.unparse(behind) if isinstance(behind, ast.Expr) else ""
            yield _Number(each.target.id, each.lineno, "float" not in kinds, f"{under} {_told(each)}")


def _kinds(annotation: ast.AST | None) -> frozenset[str]:
    """Of which kinds the numbers in an annotation are, alone or within something else: ``int``, ``float`` or both.

    What is handed over to be called is not looked at: it has a docstring of its own.
    """
    match annotation:
        case ast.Name(id="int" | "float" as kind):
            return frozenset({kind})
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *_])):
            return _kinds(inner)
        case None | ast.Subscript(value=ast.Name(id="Callable")):
            return frozenset()
        case _:
            return frozenset().union(*map(_kinds, ast.iter_child_nodes(annotation)))


def _told(node: ast.AST | None) -> str:
    """The texts that are given beside a number for people: help and metavar of an option, description of a field."""
    return " ".join(
        str(each.value.value)
        for each in (ast.walk(node) if node is not None else ())
        if isinstance(each, ast.keyword) and each.arg in {"description", "help", "metavar"}
        if isinstance(each.value, ast.Constant)
    )
