"""A gate that asks whether code can be read at all."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from omni_assets.errors import ExtraMissing
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, failed, passed, unknown
from omni_assets.router.gates.python_code import MOST_CODE, is_python, python_of
from omni_assets.router.values import OutputFormat, Strict

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = {
    "c#": "csharp",
    "c++": "cpp",
    "js": "javascript",
    "shell": "bash",
    "sh": "bash",
    "ts": "typescript",
    "yml": "yaml",
}


class Language(Strict):
    """The language of the output; the task's own without it."""

    language: str | None = None


def _parses(evidence: Evidence, parameters: Language) -> Judged:
    language = (parameters.language or evidence.task.language).strip().lower()
    if not is_python(language):
        return _parses_as(_NAMES.get(language, language), evidence.output.text)
    tree = python_of(evidence)
    if isinstance(tree, Judged):
        return tree
    return passed() if tree.body else failed("the output holds no statement")


def _parses_as(language: str, code: str) -> Judged:
    if (pack := _grammars()) is None:
        return unknown(str(ExtraMissing("languages", f"the gate `parses`, for {language},")))
    if len(code) > MOST_CODE:
        return unknown(f"the output has more than {MOST_CODE:,} characters, which is more than is read")
    try:
        parser = pack.get_parser(language)
    except LookupError:
        return unknown(f"there is no grammar for the language {language}")
    root = parser.parse(code.encode()).root_node
    if not root.has_error:
        return passed() if root.named_child_count else failed("the output holds no statement")
    wrong = next(_wrong(root), root)
    row, column = wrong.start_point
    what = f"`{wrong.type}` is missing" if wrong.is_missing else "this does not belong there"
    return failed(f"line {row + 1}, column {column + 1}: {what}")


def _grammars() -> Any:
    """The package that carries grammars. Versions that would fetch them when they are asked for are none."""
    if find_spec("tree_sitter_language_pack") is None:
        return None
    import tree_sitter_language_pack

    return None if hasattr(tree_sitter_language_pack, "download") else tree_sitter_language_pack


def _wrong(root: Node) -> Iterator[Node]:
    """The nodes that the grammar could not make sense of, or had to add, in the order in which they stand."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_missing or node.is_error:
            yield node
        elif node.has_error:
            waiting.extend(reversed(node.children))


GATES = (
    Gate(
        id="parses",
        version=1,
        summary="The code can be read as its language.",
        explanation=(
            "Python is read by Python's own parser and compiler, which runs nothing. Other languages are read by "
            "tree-sitter, with the grammars of the extra `languages`: a node that is wrong or missing fails the "
            "output. Code of more than 200,000 characters, and a language without a grammar, are unknown."
        ),
        passes="Here you are:\n```python\ndef double(number):\n    return 2 * number\n```",
        fails="def double(number)\n    return 2 * number",
        parameters=Language,
        judge=_parses,
        given=Given(output_format=OutputFormat.CODE),
    ),
)
