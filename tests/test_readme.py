"""Every command of README.md is one that a test runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

RUN_ELSEWHERE = {
    "make test": "this suite is what it runs",
    "make demo": "tests/operations/test_demo.py runs the demo to its end",
    "make up": "tests/operations/test_up.py starts and ends it",
}


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_it_opens_with_the_two_commands() -> None:
    assert commands()[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("make ")])
def test_make_commands_exist(command: str) -> None:
    assert command.split()[1] in make_targets()
    assert command in RUN_ELSEWHERE


@pytest.mark.slow
@pytest.mark.broker
def test_the_other_commands_run_in_their_order(tmp_path: Path, broker) -> None:
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OMNI_")},
        "OMNI_HOME": str(tmp_path / "state"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        for command in commands():
            if command in RUN_ELSEWHERE:
                continue
            words = shlex.split(command)
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                environ[name] = value.replace("broker.example.com:9092", broker.bootstrap_servers)
                continue
            ended = subprocess.run(words, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
            # The last section looks, read-only, at a broker that has nothing of what is declared.
            expected = int("OMNI_READONLY" in environ)
            assert ended.returncode == expected, f"{command}\n{ended.stdout}{ended.stderr}"
            assert "Traceback" not in ended.stderr
    finally:
        for what in ("broker", "model"):
            subprocess.run(["omni", what, "stop"], env=environ, cwd=ROOT, capture_output=True, check=False)
