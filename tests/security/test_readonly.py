"""``OMNI_READONLY=1`` at the edge of the protocol: whatever is run, no request that writes leaves for the broker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from omni_assets.cli.main import app
from tests.cli.conftest import OMNI, Ran
from tests.support.lived import ASKED, DONE, ORPHAN, PLAN, ROUTED, TASKS, Lived
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ACCOUNTS = str(Path(__file__).parents[1] / "support" / "accounts.yaml")

# Every command, each with arguments under which it would write if it might. An empty argument stands for an id.
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "init": [("--dry-run",)],
    "check": [()],
    "rule": [("OM203",)],
    "docs": [("OM203",)],
    "topics": [()],
    "registry": [()],
    "registry scan": [("desk.py",)],
    "wiring": [()],
    "explain": [(DONE,)],
    "provision": [()],
    "validate": [()],
    "boot": [()],
    "observe": [()],
    "drift": [(), ("--stored",)],
    "plan": [()],
    "apply": [(PLAN,), ("--safe",)],
    "rescue": [(ORPHAN, "--into", DONE, "--yes"), (ORPHAN, "--into", DONE, "--dry-run")],
    "retire": [(ORPHAN, "--renamed-to", DONE), (ORPHAN, "--delete", "--approve"), ("--list",)],
    "migrate redis-streams": [("a-stream", "--to", DONE, "--yes")],
    "import": [("--out", "drafts"), ("--dry-run",)],
    "import asyncapi": [(ACCOUNTS, "--out", "drafts")],
    "import redis-streams": [()],
    "export asyncapi": [("-o", "asyncapi.json")],
    "export tables": [("--format", "csv")],
    "sql": [("select count(*) from drift_history",)],
    "rebuild": [()],
    "tidy": [(), ("--dry-run",)],
    "savings": [()],
    "report": [()],
    "top": [("--once",)],
    "route explain": [(ROUTED,)],
    "route run": [(ROUTED,)],
    "receipts": [()],
    "receipts show": [("{receipt}",)],
    "task submit": [(TASKS,)],
    "task list": [()],
    "task show": [("{task}",)],
    "task replay": [("--topic", ASKED, "--from", "start"), ("--topic", ASKED, "--from", "start", "--dry-run")],
    "task approvals": [()],
    "task approve": [("{question}", "--yes")],
    "task reject": [("{question}", "--yes", "--reason", "no")],
    "task dlq list": [()],
    "task dlq show": [("{letter}",)],
    "task dlq requeue": [("--all",)],
    "worker": [("--drain",)],
    "up": [("--once",)],
    "doctor": [()],
    "broker status": [()],
    "model status": [()],
    "model stop": [()],
}
# These never look at the broker that is named: they start, try or end one of their own.
ON_THEIR_OWN = {"smoke", "demo", "broker start", "broker stop", "model serve"}
REFUSED = "OMNI_READONLY=1 forbids every write"
WRITING = {"provision", "apply", "rescue", "task submit", "task replay", "task approve", "task reject"} | {
    "task dlq requeue", "worker"
}  # fmt: skip


def commands(command: Any = None, *above: str) -> Iterator[str]:
    """Every command that can be run, by its whole name."""
    command = typer.main.get_command(app) if command is None else command
    below = getattr(command, "commands", {})
    alone = above and (not below or " ".join(above) in {"import", "registry", "receipts"})
    if alone:
        yield " ".join(above)
    for name, each in below.items():
        yield from commands(each, *above, name)


def test_every_command_is_tried() -> None:
    assert set(commands()) == set(COMMANDS) | ON_THEIR_OWN


@pytest.fixture(scope="module")
def watched(lived_project: Lived) -> Iterator[Proxy]:
    """The broker of the project, behind a proxy that knows every request."""
    project = lived_project.project
    with Proxy(project.environ["OMNI_BOOTSTRAP_SERVERS"]) as proxy:
        # A plan is of the broker that it was made at, which the embedded one is told by its address.
        assert project.omni("plan", "-o", PLAN, OMNI_BOOTSTRAP_SERVERS=proxy.bootstrap_servers).code == 1
        yield proxy


def careful(lived: Lived, proxy: Proxy, name: str, arguments: tuple[str, ...]) -> Ran:
    ids = {"question": lived.question, "letter": lived.letter, "task": lived.task, "receipt": lived.receipt}
    words = [*name.split(), *(each.format(**ids) if each.startswith("{") else each for each in arguments)]
    return lived.project.omni(*words, timeout=170, OMNI_READONLY="1", OMNI_BOOTSTRAP_SERVERS=proxy.bootstrap_servers)


@pytest.mark.parametrize(
    ("name", "arguments"), [(name, arguments) for name, tried in COMMANDS.items() for arguments in tried]
)
def test_no_request_that_writes_leaves(
    name: str, arguments: tuple[str, ...], lived_project: Lived, watched: Proxy
) -> None:
    watched.reset()
    ran = careful(lived_project, watched, name, arguments)
    assert watched.written == [], ran
    assert "unforeseen" not in ran.err
    assert "no such option" not in ran.err
    if name in WRITING and "--dry-run" not in arguments:
        assert (ran.code, REFUSED in ran.err) in {(2, True), (1, True)}, ran


def test_the_proxy_would_have_seen_it(lived_project: Lived, watched: Proxy) -> None:
    watched.reset()
    ran = lived_project.project.omni("task", "submit", TASKS, OMNI_BOOTSTRAP_SERVERS=watched.bootstrap_servers)
    assert ran.code == 0
    assert "Produce" in {name for name, _ in watched.written}


def test_nor_from_a_worker_or_a_live_view_that_stays(lived_project: Lived, watched: Proxy) -> None:
    watched.reset()
    environ = {
        **lived_project.project.environ, "OMNI_READONLY": "1", "OMNI_BOOTSTRAP_SERVERS": watched.bootstrap_servers
    }  # fmt: skip
    refused = subprocess.run(
        [str(OMNI), "worker"], cwd=lived_project.project.folder, env=environ, capture_output=True, text=True, timeout=90
    )
    assert refused.returncode == 2
    assert REFUSED in refused.stderr
    assert watched.written == []
