"""Gates for people: one page, or all in a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from omni_assets.cli.tables import INDENT, Cell, Line, Row, paragraph, table
from omni_assets.contracts.text import visible
from omni_assets.router.gates.gate import AnyGate
from omni_assets.router.gates.pages import given_text, meaning, parameters, usage


def table_lines(gates: Iterable[AnyGate], width: int | None) -> list[Line]:
    """Every gate in a row."""
    rows = [Row((Cell(gate.id, "bold"), Cell(str(gate.version)), Cell(gate.summary))) for gate in gates]
    return table(("GATE", "VERSION", "PASSES WHERE"), rows, width)


def gate_lines(gate: AnyGate, width: int | None) -> list[Line]:
    """The page of a gate."""
    return [
        [(gate.id, "bold"), (f" (gate, version {gate.version})", "cyan")],
        [],
        *paragraph(gate.summary, width, "bold"),
        *paragraph(gate.explanation, width),
        *_parameters(gate, width),
        *_passage("In a class of tasks", usage(gate)),
        *_passage("Given", given_text(gate)),
        *_passage("Passes", gate.passes),
        *_passage("Fails", gate.fails),
    ]


def _parameters(gate: AnyGate, width: int | None) -> Iterator[Line]:
    if not (means := meaning(gate)):
        return
    yield from ([], [("Parameters", "bold")], *paragraph(means.replace("``", "`"), width, "", INDENT))
    for name, default in parameters(gate).items():
        yield [(" " * INDENT + f"{name}: {visible(json.dumps(default))}", "cyan")]


def _passage(title: str, text: str) -> Iterator[Line]:
    if text:
        yield from ([], [(title, "bold")])
        yield from ([(" " * INDENT + visible(line), "cyan")] for line in text.rstrip("\n").split("\n"))
