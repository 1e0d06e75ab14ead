"""A kill at any point neither loses nor doubles a row: what follows ends where it would have ended anyway."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omni_assets.projection.store import Projection

pytestmark = pytest.mark.slow

_WRITER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import duckdb
from omni_assets.projection import connection, journal, logs, store
from omni_assets.projection.rows import *

folder, steps, point = Path(sys.argv[1]), range(int(sys.argv[2]), int(sys.argv[3])), sys.argv[4]
killed = lambda *ignored, **also: os.kill(os.getpid(), signal.SIGKILL)
append, write, positioned = journal.Journal.append, journal._write, logs.write_position


def half(descriptor, data, offset):
    os.pwrite(descriptor, data[: len(data) // 2], offset)
    killed()


def appended(self, *arguments):
    append(self, *arguments)
    killed()


def of(name, deed, otherwise):
    def use(first, second, *rest):
        journal = first if hasattr(first, "path") else second
        return (deed if journal.path.name == name else otherwise)(first, second, *rest)

    return use


def torn(self, *arguments):
    journal._write = half
    append(self, *arguments)


def arm():
    where, _, name = point.rpartition(" of ")
    match where or point:
        case "in the append": journal.Journal.append = of(name, torn, append) if where else torn
        case "after the append": journal.Journal.append = of(name, appended, append) if where else appended
        case "before the commit" if where: logs.write_position = of(name, killed, positioned)
        case "in the look": store.FlowsRow = killed
        case "before the append": journal.Journal.append = killed
        case "before the commit": store._write_drift = killed
        case "before the move": connection.os.replace = killed
        case "after the commit": store.Projection.record_provisioning = killed


projection = store.Projection(folder)
for step in steps:
    if step == steps[-1]:
        arm()
    at = datetime(2026, 1, 1, step, tzinfo=UTC)
    topics = [ObservedTopicRow("t", None, step, 1, "1", False)]
    observed = Observed(Observation("c", "", "h:1", at, 0, 1, 0.1), topics, [])
    missing = Drift("", "missing", "", "1", str(step // 2), "auto_fixable", "code")
    drift = [missing._replace(topic=f"t{n}") for n in range(4) if step % (n + 2)]
    projection.record_observation(Declared(str(step), [], []), observed, drift)
    offsets = [OffsetRow("t", "", n, 0, step + n) for n in range(3)] + [OffsetRow("t", "g", 0, committed=step // 2)]
    projection.record_flows("c", at, [GroupRow("g", "Stable", step)], offsets)
    projection.record_audit(
        [AuditRow(f"{step}-{n}", at, "ada", "desk", "c", "local", f"p{step}", "step", topic=f"t{n}") for n in range(3)]
    )
    projection.record_rescue([RescueRow("c", "o", "t", n, step * 10, step * 10, "begun", at) for n in range(2)])
    projection.record_capabilities(CapabilitiesRow("c", "1", at, "{}"))
    projection.record_retirement([RetirementRow("c", "o", "t", f"step {step}", "", at, at)])
    projection.record_trusted(TrustedRow("local", "c", step, "ada", "observed", at))
    projection.record_provisioning([ProvisionRow(os.urandom(16).hex(), at, "c", "h:1", "test", "t", "created")])
"""

STEPS = 5
WITHOUT_ID = "* EXCLUDE (id)"
FROM_JOURNALS = (
    "drift_history",
    "provision_log",
    "audit",
    "rescues",
    "capabilities",
    "retirements",
    "trusted",
    "journal_position",
)
TABLES = (
    "drift_history",
    "drift",
    "observed_topics",
    "observations",
    "manifest",
    "observed_flows",
    "observed_groups",
    "observed_offsets",
    "audit",
    "rescues",
    "capabilities",
    "retirements",
    "trusted",
)


POINTS = ("before the append", "in the append", "after the append", "before the commit", "after the commit")
POINTS_OF_A_LOG = ("in the append", "after the append", "before the commit")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, python: Callable[..., subprocess.Popen[str]]) -> Path:
    """A state folder whose writer nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    assert _run(python, folder, 0, STEPS, "nowhere") == 0
    return folder


@pytest.mark.parametrize(
    ("point", "step"),
    [
        ("before the move", 0),
        *((point, step) for point in POINTS for step in (0, 3)),
        *((f"{point} of {log}.jsonl", 3) for point in POINTS_OF_A_LOG for log in ("audit", "rescues")),
        ("in the look", 3),
    ],
)
def test_an_observation_that_was_killed_and_is_made_again(
    whole: Path,
    tmp_path: Path,
    python: Callable[..., subprocess.Popen[str]],
    table: Callable[..., list[Any]],
    point: str,
    step: int,
) -> None:
    assert _run(python, tmp_path, 0, step + 1, point) == -signal.SIGKILL
    assert _run(python, tmp_path, step, STEPS, "nowhere") == 0
    for name in TABLES:
        assert table(tmp_path, name) == table(whole, name), name
    assert table(tmp_path, "provision_log", WITHOUT_ID) == table(whole, "provision_log", WITHOUT_ID)
    _agrees_with_its_journal(tmp_path, table)


def test_kills_at_random(
    tmp_path: Path, python: Callable[..., subprocess.Popen[str]], table: Callable[..., list[Any]]
) -> None:
    chance = random.Random(20261122)
    for _ in range(5):
        process = python(_WRITER, [tmp_path, 0, 24, "nowhere"])
        time.sleep(chance.uniform(0.15, 1.5))
        process.kill()
        process.communicate()
    assert _run(python, tmp_path, 22, 24, "nowhere") == 0
    _agrees_with_its_journal(tmp_path, table)
    lines = (tmp_path / "journal" / "provisioning.jsonl").read_text().splitlines()
    assert table(tmp_path, "provision_log", "count(*), count(DISTINCT id)") == [(len(lines), len(lines))]
    audited = {json.loads(line)["id"] for line in (tmp_path / "journal" / "audit.jsonl").read_text().splitlines()}
    assert table(tmp_path, "audit", "count(*), count(DISTINCT id)") == [(len(audited), len(audited))]


def _run(python: Callable[..., subprocess.Popen[str]], *arguments: object) -> int:
    process = python(_WRITER, arguments)
    _, error = process.communicate(timeout=60)
    assert "Traceback" not in error, error
    return process.returncode


def _agrees_with_its_journal(folder: Path, table: Callable[..., list[Any]]) -> None:
    before = [table(folder, name) for name in (*FROM_JOURNALS, "drift")]
    Projection(folder).rebuild()
    after = [table(folder, name) for name in (*FROM_JOURNALS, "drift")]
    assert after == before
