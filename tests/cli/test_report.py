"""``omni report`` over a real broker: what was seen last, in a file."""

from __future__ import annotations

import pytest


@pytest.mark.broker
def test_it_writes_what_drift_saw_last(running):
    assert running.omni("drift").code == 1
    ran = running.omni("report", "-o", "out.html", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    file = running.folder / "out.html"
    assert ran.document["path"] == "out.html"
    assert ran.document["bytes"] == file.stat().st_size
    assert ran.document["drift"] == 3
    assert ran.document["sentence"] == "3 drifts in 3 topics."
    assert "3 drifts in 3 topics." in file.read_text(encoding="utf-8")


def test_before_anything_is_known_it_says_so_and_stands_in_the_state_folder(project):
    ran = project.omni("report", "--since", "7d")
    assert ran.code == 0
    assert ran.out.startswith("The broker was not looked at yet.\n")
    assert "report.html" in ran.out


def test_a_file_that_cannot_be_written_is_a_sentence(project):
    ran = project.omni("report", "-o", "none/such/report.html")
    assert (ran.code, ran.out) == (2, "")
    assert "the report none/such/report.html cannot be written: no such file or directory" in ran.err.lower()
