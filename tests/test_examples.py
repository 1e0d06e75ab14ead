"""The organisations of examples/: each page is played in a copy of its folder, and prints what it says it prints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.console import Shell, commands, console_lines, environ_of, played

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PAGES = sorted(EXAMPLES.glob("*/README.md"))


def play(page: Path, home: Path) -> str:
    """The page as it is played in a copy of its folder; what it started is stopped."""
    folder = home / page.parent.name
    shutil.copytree(page.parent, folder, ignore=shutil.ignore_patterns(".omni", "__pycache__"))
    text = page.read_text(encoding="utf-8")
    environ = environ_of(home, text)
    shell = Shell(folder, environ)
    try:
        return played(text, shell)
    finally:
        shell.end()
        for left in folder.rglob(".omni"):
            subprocess.run(["omni", "broker", "stop"], cwd=left.parent, env=environ, capture_output=True, check=False)


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_command_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert console_lines(play(page, tmp_path / "ada")) == console_lines(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_organisation_checks_provisions_and_looks_for_drift(page: Path) -> None:
    typed = commands(page.read_text(encoding="utf-8"))
    assert {"omni check", "omni provision", "omni drift"} <= set(typed)


def test_every_organisation_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(PAGES) == 3
    assert all(f"({page.parent.name}/README.md)" in listed for page in PAGES)
