"""Tidying that is killed without warning at each step and at random: nothing is lost, and the next one ends it.

``TIDY_SEED`` repeats the random moments of a run.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from omni_assets.projection import retention
from omni_assets.projection.journal import FOLDED
from omni_assets.projection.retention import Bounds
from omni_assets.projection.store import Projection
from tests.projection.test_retention import (
    DAY,
    NOW,
    lived,
    published,
    routed_row,
    tables,
    take_over,
)

__all__ = ["lived", "tables"]  # fixtures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SEED = int(os.environ.get("TIDY_SEED") or random.randrange(2**32))
KILLS = 8
ROWS = range(1000, 1100)
BOUNDS = Bounds(NOW - 100 * DAY, NOW)
"""So much is old then that the file is written anew."""

ROOT = Path(__file__).parents[2]

Tables = Callable[[Projection], Mapping[str, list[Any]]]


@pytest.fixture
def full(lived: Projection, monkeypatch: pytest.MonkeyPatch) -> Projection:
    """One of which most is old, where no room is too little to be given back."""
    monkeypatch.setattr(retention, "LEAST_FREE_BYTES", 1)
    lived.record_receipts(routed_row(number, 1) for number in ROWS)
    lived.record_publications(published(routed_row(number, 1), number) for number in ROWS)
    return lived


def test_it_is_killed_at_each_step(full: Projection, tables: Tables, tmp_path: Path) -> None:
    died = tidied(full, tmp_path / "copies")
    steps = ("fsync", "replace", "fold", "forget", "free_bytes", "copied")
    assert {"at its end", *(f"behind {name}" for name in steps)} == set(died), died
    assert_nothing_is_lost(full, tmp_path / "copies", tables)


def test_it_is_killed_at_random(full: Projection, tables: Tables, tmp_path: Path) -> None:
    print(f"TIDY_SEED={SEED}")
    print(tidied(full, tmp_path / "copies", SEED, KILLS))
    assert_nothing_is_lost(full, tmp_path / "copies", tables)


def tidied(projection: Projection, copies: Path, *chance: int) -> list[str]:
    """Where each copy of it died."""
    given = (projection.folder, copies, BOUNDS.drift.isoformat(), BOUNDS.tasks.isoformat(), *chance)
    command = [sys.executable, "-m", "tests.support.tidying", *map(str, given)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return [line.partition(" ")[2] for line in ran.stdout.splitlines()]


def assert_nothing_is_lost(before: Projection, copies: Path, tables: Tables) -> None:
    """Of what a copy was left with nothing is missing, and it is then tidied like one that nobody killed."""
    whole = Projection(Path(shutil.copytree(before.folder, copies / "whole")))
    assert whole.tidy(BOUNDS).free_bytes
    expected, said = tables(whole), lines(before)
    for copy in (Projection(each) for each in copies.iterdir() if each.name.isdigit()):
        assert said <= lines(copy), copy.folder
        left = tables(copy)
        missing = {name: Counter(rows) - Counter(left[name]) for name, rows in expected.items()}
        assert not any(missing.values()), (copy.folder, missing)
        copy.tidy(BOUNDS)
        assert said <= lines(copy), copy.folder
        assert tables(copy) == expected, copy.folder
        assert not list(copy.folder.rglob("*.new")), copy.folder
        copy.rebuild()
        take_over(copy)
        copy.forget(BOUNDS)
        assert tables(copy) == expected, copy.folder


def lines(projection: Projection) -> set[bytes]:
    """Every line of the journals, and of what was packed beside them."""
    folder = projection.folder / "journal"
    journals = [each.read_bytes() for each in folder.glob("*.jsonl")]
    packed = [gzip.decompress(each.read_bytes()) for each in folder.glob("archive/*.gz")]
    found = {line for text in (*journals, *packed) for line in text.splitlines()}
    return {line for line in found if json.loads(line).get("event") != FOLDED}
