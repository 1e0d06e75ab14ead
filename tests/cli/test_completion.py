"""What a shell is offered: what is remembered and is a word, without a broker."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.cli.conftest import OMNI
from tests.cli.test_tasks import OPENED, TESTED, remember


def offered(project, line: str, **environ: str) -> list[str]:
    """The words that bash is given where the cursor stands behind ``line``."""
    words = line.split(" ")
    ended = subprocess.run(
        [str(OMNI)],
        cwd=project.folder,
        env={
            **project.environ,
            "_OMNI_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.fixture(scope="module")
def declared(projected):
    remember(projected.home, OPENED, TESTED)
    return projected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("omni to", ["top", "topics"]),
        ("omni top --", ["--interval", "--once", "--env", "--bootstrap-servers", "--format"]),
        ("omni task list --node ro", ["router"]),
        ("omni worker --node ", ["router"]),
        ("omni task list --topic onex.cmd", ["onex.cmd.router.route-request.v1"]),
        ("omni task dlq list --topic onex.evt.router.s", ["onex.evt.router.scoring-decision.v1"]),
        (f"omni task show {OPENED.id[:4]}", [OPENED.id]),
        ("omni task show ", [OPENED.id, TESTED.id]),
        ("omni task show zz", []),
        ("omni receipts show ", []),
        ("omni task approve ", []),
    ],
)
def test_commands_names_and_ids_are_completed(declared, line, words):
    found = offered(declared, line)
    assert set(words) <= set(found) if line.endswith("--") else sorted(found) == sorted(words)


def test_where_nothing_is_remembered_nothing_is_offered_and_nothing_is_made(project):
    assert offered(project, "omni task list --node ") == []
    assert not os.path.exists(project.home)


def test_a_name_that_a_shell_would_run_is_not_offered(running):
    running.contract("hostile", 'name: "$(touch pwned)"\nevent_bus: {publish_topics: [onex.evt.hostile.done.v1]}\n')
    running.omni("drift")
    told = running.omni("sql", "SELECT DISTINCT node FROM declarations ORDER BY node", "--format", "json").out
    assert "pwned" in told
    assert offered(running, "omni task list --node ") == ["router"]
