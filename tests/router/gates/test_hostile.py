"""Ten megabytes that were made to hurt: every gate says something of them, and does not take for ever.

The limit is the test runner's own (`timeout` in pyproject.toml) divided among some hundred cases: what is not linear in
ten million characters would not end within it.
"""

from __future__ import annotations

from typing import Any

import pytest

from omni_assets.router.gates.gate import MOST_EVIDENCE, Gate
from omni_assets.router.gates.table import GATES
from omni_assets.router.normalise import normalise
from omni_assets.router.task import Source, Task
from omni_assets.router.values import OutputFormat

SIZE = 10_000_000

PIECES = {
    "letters": "a",
    "brackets": "[",
    "objects": '{"a":',
    "cut objects": '{"',
    "cut arrays": '[{"a',
    "fences": "```\n",
    "backticks": "`a",
    "footnotes": "[1]",
    "backslashes": "\\",
    "lines": "\n",
    "spaces": " ",
    "quotes": '"a b c d ',
    "places": "a.py:1-",
    "words": "sorry i can't ",
    "escapes": "\x1b[2J\x00",
    "halves": "\ud800",
    "parentheses": "f(",
    "names": "a\n",
    "dots": "a.",
    "minus": "-",
}
TASK = Task(
    id="hostile",
    sources=(Source(id="a.py", text="a b c d\n" * 1000, changed_lines=(1,)),),
    signature="def f(a)",
    tests="def test_f():\n    import answer\n",
    output_schema={"type": "object", "properties": {"a": {"pattern": "(a|aa)+$"}}},
)


@pytest.mark.slow
@pytest.mark.parametrize("output_format", OutputFormat)
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_an_output_that_was_made_to_hurt_is_unwrapped(piece: str, output_format: OutputFormat) -> None:
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    assert len(normalise(text, output_format, "answer").text) <= SIZE


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("gate", [each for each in GATES.values() if isinstance(each, Gate)], ids=lambda gate: gate.id)
def test_an_output_that_was_made_to_hurt_is_judged(gate: Gate[Any], piece: str, held: Any) -> None:
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    check = held(gate.id, text, gate.given.parameters, task=TASK, prompt=text[: SIZE // 10])
    assert len(check.evidence) <= MOST_EVIDENCE
    assert not set(check.evidence) & set("\x00\x1b\n\r")
    assert "the gate itself failed" not in check.evidence


@pytest.mark.parametrize(
    "piece", ["f(", "-", "a.", "[", "a\n", "a=", "lambda:", "not ", "if a:\n ", "'a'", "0x", "x if "]
)
@pytest.mark.parametrize("gate", ["parses", "no-undefined-names", "identifiers-exist", "signature-preserved"])
def test_code_of_bounded_length_is_read_in_bounded_time(gate: str, piece: str, held: Any) -> None:
    text = (piece * 200_000)[:200_000]
    check = held(gate, text, task=TASK, output_format=OutputFormat.CODE)
    assert "the gate itself failed" not in check.evidence
