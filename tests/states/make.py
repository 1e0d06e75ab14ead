"""Keep a state folder as this version leaves it: ``python -m tests.states.make v0.1``.

A project lives for a while on the embedded broker (``tests.support.lived``), is tidied, and stops. What later versions
have to open goes into ``tests/states/<version>``: the project, the state folder with the broker's data, and what is
known of them in ``kept.json``. A folder that is there already is never overwritten: what was kept must not change.
"""

from __future__ import annotations

import json
import lzma
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from omni_assets.broker.connection import Connection
from omni_assets.broker.local.record import RECORDS
from tests.cli.conftest import Project, made
from tests.support import lived
from tests.support.lived import Lived
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV

STATES = Path(__file__).parent
KEPT = "kept.json"
PACKED = ".xz"
LARGE_BYTES = 8_192
"""Files that are larger are packed."""

TABLES = (
    "alerts", "attempts", "audit", "declared_topics", "drift", "drift_history", "provision_log", "publications",
    "receipts", "tasks", "trusted",
)  # fmt: skip
_PORT = "19482"  # of no consequence, but the same each time
_LEFT_OUT = ("*.lock", "cache", "*.log", "logs", "__pycache__", "*.torn", "*.wal")
_IDENTITY = re.compile(r"[0-9a-f-]{36}:[0-9]+")
_SOMEBODY = {"LOGNAME": "ada", "USER": "ada", "USERNAME": "ada"}
_SOMEWHERE = "import socket\n\nsocket.gethostname = lambda: 'desk'\n"


def main(version: str) -> int:
    """Make the folder of a version; gives the exit code."""
    target = STATES / version
    if target.exists():
        sys.stderr.write(f"{target} is there already, and what was kept must not change.\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="omni-state-") as folder:
        project = made(Path(folder))
        told = _lived(project)
        _keep(project.folder, target / "project")
        _keep(project.home, target / "state")
        for file in (target / "state" / RECORDS.name, *(target / "state" / "workers").iterdir()):
            _of_no_process(file)
        known = {**told, "rows": _rows(project)}
        (target / KEPT).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return 0


def unpacked(version: str, folder: Path) -> tuple[Path, Path, dict[str, Any]]:
    """A kept project and its state folder, as they were, below ``folder``; and what is known of them."""
    source = STATES / version
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == PACKED:
            target.with_suffix("").write_bytes(lzma.decompress(file.read_bytes()))
        else:
            shutil.copy(file, target)
    return folder / "project", folder / "state", json.loads((folder / KEPT).read_text(encoding="utf-8"))


def _lived(project: Project) -> dict[str, str]:
    # Neither who made it nor where is kept.
    (project.folder / "sitecustomize.py").write_text(_SOMEWHERE, encoding="utf-8")
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint(otherwise=answers(LABELLED)) as large:
        lived.write(project, large.base_url)
        project.environ |= {SMALL_ENV: small.base_url, KEY_ENV: KEY, **_SOMEBODY}
        address = project.omni("broker", "start", "--port", _PORT, "--format", "json").document["bootstrap_servers"]
        try:
            life: Lived = lived.live(project, Connection(address), project.omni)
            assert project.omni("apply", "--safe").code in {0, 1}
            assert project.omni("tidy").code == 0
        finally:
            project.omni("broker", "stop")
    (project.folder / "sitecustomize.py").unlink()
    return {"question": life.question, "letter": life.letter, "task": life.task, "receipt": life.receipt}


def _rows(project: Project) -> dict[str, int]:
    question = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in TABLES)  # noqa: S608
    return dict(project.omni("sql", "--format", "json", question).document["rows"])


def _of_no_process(file: Path) -> None:
    """Take out of a file by what the kernel of this machine knew a process that is gone."""
    file.write_text(_IDENTITY.sub("gone:1", file.read_text(encoding="utf-8")), encoding="utf-8")


def _keep(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for file in [each for each in target.rglob("*") if each.is_file() and each.stat().st_size > LARGE_BYTES]:
        packed = lzma.compress(file.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        file.with_name(file.name + PACKED).write_bytes(packed)
        file.unlink()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
