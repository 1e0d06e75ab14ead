"""The picture of the floors: the layers that `lint-imports` keeps, each with the beginning of its docstring."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]

_WIDTH, _HEIGHT, _GAP, _MARGIN = 960, 62, 8, 48  # pixels
_CHARACTERS_PER_PIXEL = 1 / 6.6
_MOST_LINES = 2
_CLAUSE = re.compile(r"[^:.]+(?:\.\w+[^:.]*)*")

_STYLE = """\
svg { font-family: system-ui, sans-serif; }
rect { fill: #f6f7f9; stroke: #c3c7cf; }
.name { font: 600 15px ui-monospace, monospace; fill: #14304f; }
.says { font-size: 12.5px; fill: #4b4f58; }
.down { stroke: #8a919e; stroke-width: 1.5; fill: none; }
.rule { font-size: 12.5px; fill: #6a707c; }
@media (prefers-color-scheme: dark) {
  rect { fill: #1d2127; stroke: #444b56; }
  .name { fill: #9cc4f2; }
  .says { fill: #b9bec7; }
  .rule { fill: #98a0ac; }
}"""


class Floor(NamedTuple):
    """A package or module of ``omni_assets``, and what it says of itself: its first clause, and its first paragraph."""

    name: str
    clause: str
    says: str


def floors() -> tuple[tuple[Floor, ...], ...]:
    """The floors from the top down; those that stand side by side do not know each other."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    [layers] = (rule["layers"] for rule in rules if rule["type"] == "layers")
    return tuple(tuple(_floor(each.strip()) for each in layer.split("|")) for layer in layers)


def floors_picture() -> str:
    """The picture, as SVG: for a page in the light and in the dark."""
    height = len(floors()) * (_HEIGHT + _GAP) + _GAP
    beside = f'class="rule" transform="translate(38 {height // 2}) rotate(-90)" text-anchor="middle"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>The floors of omni_assets, from the top down: imports point downwards only</title>",
            f"<style>\n{_STYLE}\n</style>",
            f'<path class="down" d="M20 {_GAP + 6} V{height - 14} m-5 -8 l5 8 l5 -8"/>',
            f"<text {beside}>imports point downwards only</text>",
            *_rows(),
            "</svg>",
            "",
        )
    )


def _floor(package: str) -> Floor:
    path = ROOT / package.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    says = " ".join(docstring.replace("``", "").partition("\n\n")[0].split())
    clause = _CLAUSE.match(says)
    return Floor(package.rpartition(".")[2], clause[0] if clause else "", says)


def _rows() -> Iterator[str]:
    top = _GAP
    for row in floors():
        width = (_WIDTH - _MARGIN - (len(row) - 1) * _GAP) / len(row)
        for place, floor in enumerate(row):
            yield from _box(floor, _MARGIN + place * (width + _GAP), top, width - 1)
        top += _HEIGHT + _GAP


def _box(floor: Floor, left: float, top: int, width: float) -> Iterator[str]:
    yield f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_HEIGHT}" rx="6"/>'
    yield f'<text class="name" x="{left + 14:.1f}" y="{top + 22}">{escape(floor.name)}</text>'
    wide = int((width - 28) * _CHARACTERS_PER_PIXEL)
    lines = textwrap.wrap(floor.says, wide)
    if len(lines) > _MOST_LINES:
        lines = textwrap.wrap(floor.clause, wide)
    for number, line in enumerate(lines):
        yield f'<text class="says" x="{left + 14:.1f}" y="{top + 39 + 15 * number}">{escape(line)}</text>'
