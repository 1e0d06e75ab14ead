"""The demo's story: sentences, what commands show, and what had to be so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.cli.views.chain import chain_document, chain_lines
from omni_assets.cli.views.drift import document, drift_lines, of_report
from omni_assets.cli.views.receipt import remembered_document, remembered_lines
from omni_assets.cli.views.receipts import receipts_document, receipts_lines
from omni_assets.cli.views.savings import savings_document, savings_lines
from omni_assets.operations.demo.story import (
    Chapter,
    Economy,
    Expected,
    Followed,
    LeftOut,
    Listed,
    Opened,
    Said,
    Scene,
    Shown,
)


def scene_lines(scene: Scene, width: int | None) -> list[Line]:
    """A scene between two empty lines where it is a table."""
    match scene:
        case Said(text):
            return paragraph(text, width)
        case Shown(report):
            return [[], *drift_lines(report.rows, datetime.now(UTC), width), []]
        case Listed(receipts):
            return [[], *receipts_lines(receipts, datetime.now(UTC), width), []]
        case Opened(remembered):
            return [[], *remembered_lines(remembered, width), []]
        case Economy(savings):
            return [[], *savings_lines(savings, width), []]
        case Followed(chain):
            return [[], *chain_lines(chain, width), []]
        case LeftOut(why):
            return paragraph(f"left out: {why}", width, "yellow")
        case Expected(text, met):
            return paragraph(f"{'as told' if met else 'NOT SO'}: {text}", width, "green" if met else "bold red", 2)


def chapter_document(chapter: Chapter, scenes: Sequence[Scene]) -> dict[str, Any]:
    """``as_told`` is whether everything that had to be so was, and something had to be, or could not be told here."""
    expected = [scene.met for scene in scenes if isinstance(scene, Expected)]
    left_out = any(isinstance(scene, LeftOut) for scene in scenes)
    return {
        "name": chapter.name,
        "title": chapter.title,
        "as_told": all(expected) and bool(expected or left_out),
        "scenes": [_scene(scene) for scene in scenes],
    }


def _scene(scene: Scene) -> dict[str, Any]:
    match scene:
        case Said(text):
            return {"said": text}
        case Shown(report):
            return {"drift": document(of_report(report))["drift"]}
        case Listed(receipts):
            return receipts_document(receipts)
        case Opened(remembered):
            return remembered_document(remembered)
        case Economy(savings):
            return {"savings": savings_document(savings)}
        case Followed(chain):
            return {"chain": chain_document(chain)}
        case LeftOut(why):
            return {"left_out": why}
        case Expected(text, met):
            return {"expected": text, "met": met}
