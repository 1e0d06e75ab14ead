"""What became of a project that begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.contracts.text import count
from omni_assets.operations.scaffold.init import Begun, Fate, Laid

_STYLES: Mapping[Fate, str] = {Fate.WRITTEN: "green", Fate.THERE: "", Fate.LEFT: "yellow"}
_NEXT = (
    ("omni check", "what is wrong with contracts, and how to mend it"),
    ("omni up --once", "a broker of this machine, the topics on it, and what differs"),
    ("omni up", "the same, and the Dagster UI"),
)
_WITHOUT_CONTRACTS = (("omni import --dry-run", "contracts for the topics of a cluster that is there already"),)


def begun_lines(begun: Begun, dry_run: bool, width: int | None) -> list[Line]:
    """A row for each file, with what it lacks below it; then what that comes to, and what is next."""
    written = "would be written" if dry_run else "written"
    said = {Fate.WRITTEN: written, Fate.THERE: "there already", Fate.LEFT: "left as it is"}
    rows = [_row(each, said[each.fate]) for each in begun.laid]
    then = _NEXT if begun.contracts else _NEXT + _WITHOUT_CONTRACTS
    return [
        *table(("FILE", "IS", "FOR"), rows, width),
        *(line for sentence in _sentences(begun) for line in paragraph(sentence, width)),
        *paragraph("next:", width, "bold"),
        *table(("", ""), [Row((Cell(f"  {command}"), Cell(does))) for command, does in then], width)[1:],
    ]


def begun_document(begun: Begun, dry_run: bool) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "dry_run": dry_run,
        "root": str(begun.root),
        "contracts": {"found": begun.contracts, "sources": list(begun.sources)},
        "files": [
            {
                "path": each.piece.path,
                "fate": each.fate.value,
                "purpose": each.piece.purpose,
                "lacking": each.piece.lacking if each.fate is Fate.LEFT else None,
                "text": each.piece.text or None,
            }
            for each in begun.laid
        ],
        "known": begun.known,
        "errors": begun.errors,
    }


def _row(each: Laid, said: str) -> Row:
    lacking = each.piece.lacking if each.fate is Fate.LEFT else ""
    return Row((Cell(each.piece.path), Cell(said, _STYLES[each.fate]), Cell(each.piece.purpose)), lacking)


def _sentences(begun: Begun) -> Iterator[str]:
    if begun.contracts:
        yield f"{count(begun.contracts, 'contract')} found in {', '.join(begun.sources)}"
    if begun.known:
        yield f"{count(begun.known, 'finding')} known to the baseline from now on: only new ones count"
    if begun.errors:
        yield f"{count(begun.errors, 'error')} that `omni check` ends with 1 for"
