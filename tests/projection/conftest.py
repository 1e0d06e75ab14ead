"""Small, exact worlds for the projection: builders of rows, and a look at the tables without the code under test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from omni_assets.projection.rows import (
    DeclarationRow,
    Declared,
    DeclaredTopicRow,
    Drift,
    Observation,
    Observed,
    ObservedConfigRow,
    ObservedTopicRow,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a world of a few topics, ``t0``, ``t1``, …"""

    def at(self, minutes: float) -> datetime:
        return START + timedelta(minutes=minutes)

    def declared(self, topics: int = 3, *, digest: str = "abc", partitions: int = 3) -> Declared:
        names = [f"t{number}" for number in range(topics)]
        return Declared(
            digest,
            [
                DeclaredTopicRow(name, "evt", "p", "e", 1, partitions, 1, None, "{}", "node", "c.yaml", 4, 1, 0)
                for name in names
            ],
            [DeclarationRow(name, "node", "publishes", "publish_topics", "c.yaml", 4, 7) for name in names],
        )

    def observed(
        self, minutes: float = 0, *, cluster: str = "main", topics: int = 3, keys: int = 2, value: str = "1"
    ) -> Observed:
        names = [f"t{number}" for number in range(topics)]
        return Observed(
            Observation(cluster, "local", "127.0.0.1:9092", self.at(minutes), topics, 4, 0.25),
            [ObservedTopicRow(name, None, 3, 1, "1,1,1", False) for name in names],
            [ObservedConfigRow(name, f"k{key}", value, "topic", None) for name in names for key in range(keys)],
        )

    def drift(
        self, topic: str = "t0", kind: str = "config", field: str = "retention.ms", observed: str | None = "1d"
    ) -> Drift:
        verdict = "unknown" if kind == "unknown" else "auto_fixable"
        return Drift(topic, kind, field, "7d", observed, verdict, "code", "node", "c.yaml", 4, "a sentence")


@pytest.fixture(scope="session")
def sample() -> Sample:
    return Sample()


@pytest.fixture(scope="session")
def table() -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of a table in an order of their own, read with DuckDB alone."""

    def read(folder: Path, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(folder / "projection.duckdb"), read_only=True) as connection:
            return connection.execute(f"SELECT {columns} FROM {name} ORDER BY ALL").fetchall()  # noqa: S608

    return read


@pytest.fixture(scope="session")
def python() -> Callable[[str, Iterable[object]], subprocess.Popen[str]]:
    """Start a Python process that runs a script; its folder is the tests' own."""

    def start(script: str, arguments: Iterable[object] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    return start
