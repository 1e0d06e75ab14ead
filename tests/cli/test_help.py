"""Help, usage errors and start-up."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from omni_assets.cli.broker import EngineName
from omni_assets.cli.main import app

HEAVY = ("confluent_kafka", "dagster", "duckdb", "pandas", "pydantic", "rich", "yaml")
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "commands.md"


def commands() -> list[tuple[str, ...]]:
    """Every command of the app, as its words."""
    root = typer.main.get_command(app)
    found: list[tuple[str, ...]] = []
    pending = [((), root)]
    while pending:
        words, command = pending.pop(0)
        children = getattr(command, "commands", {})
        pending += [((*words, name), child) for name, child in children.items()]
        if not children:
            found.append(words)
    return found


def options_of(words: tuple[str, ...]) -> list[str]:
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]
    return [name for parameter in command.params for name in parameter.opts if name.startswith("--")]


@pytest.mark.parametrize(("words", "flag"), [(words, "-h") for words in commands()] + [(("drift",), "--help")])
def test_every_command_has_help_with_examples(project, words, flag):
    ran = project.omni(*words, flag)
    assert ran.code == 0
    assert f"Usage: omni {' '.join(words)}" in ran.out
    assert re.search(r"Examples:\n\n +\S*.*omni ", ran.out)
    assert ran.err == ""


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_and_option_is_documented(words):
    text = DOCUMENTATION.read_text(encoding="utf-8")
    title = f"## `omni {' '.join(words)}`"
    assert title in text
    section = text.partition(title)[2].partition("\n## ")[0]
    for option in options_of(words):
        assert f"`{option}" in section, f"{option} is not documented under {title}"


def test_a_command_says_in_one_line_what_it_does(project):
    for line in project.omni("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines():
        assert not line.endswith("..."), f"cut off in the list of commands: {line}"


def test_version(project):
    ran = project.omni("--version")
    assert ran.code == 0
    assert re.fullmatch(r"omni \d+\.\d+\.\d+\n", ran.out)


@pytest.mark.parametrize("arguments", [(), ("broker",)])
def test_no_command_shows_the_help_and_could_not_run(project, arguments):
    ran = project.omni(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Usage: omni" in ran.err
    assert "Commands:" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("provisoin",), "no such command 'provisoin'. Did you mean 'provision'?"),
        (("drift", "--nope"), "no such option: --nope"),
        (("check", "--format", "xml"), "'xml' is not one of 'text', 'concise', 'json', 'sarif', 'github'"),
        (("boot", "--deadline", "soon"), "'--deadline'"),
        (("boot", "--deadline", "-1"), "'--deadline'"),
        (("broker", "start", "--port", "70000"), "'--port'"),
        (("provision", "--env", ""), "'--env': it is empty"),
        (("provision", "--bootstrap-servers", ""), "'--bootstrap-servers': it is empty"),
        (("drift", ""), "it is empty"),
        (("sql", "SELECT 1", "SELECT 2"), "unexpected extra argument"),
        (("demo", "--chapter", "nope"), "there is no chapter `nope`"),
    ],
)
def test_usage_errors_are_one_sentence_and_the_way_out(project, arguments, words):
    ran = project.omni(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    first, second = ran.err.splitlines()
    assert first.startswith("omni: ")
    assert words in first
    assert re.fullmatch(r"      `omni.* --help` shows how it is used\.", second)


def test_the_deadline_of_boot_is_told_as_it_is(project):
    from omni_assets.operations.boot import DEADLINE

    assert f"else {DEADLINE:g}." in " ".join(project.omni("boot", "--help").out.split())
    assert f"{DEADLINE:g} by default" in DOCUMENTATION.read_text(encoding="utf-8")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['omni', '--help']\n"
        "from omni_assets.cli.main import main\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0
    assert ended.stderr == "[]\n"


def test_the_shell_completes_commands(project):
    ran = project.omni(_OMNI_COMPLETE="complete_bash", COMP_WORDS="omni pro", COMP_CWORD="1")
    assert ran.code == 0
    assert ran.out.split() == ["provision"]


def test_every_engine_can_be_named():
    from omni_assets.broker.local.lifecycle import ENGINES

    assert {engine.value for engine in EngineName} == set(ENGINES)
