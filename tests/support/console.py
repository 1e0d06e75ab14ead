"""Pages of documentation, played: files are written, commands are run in one shell, and what they print is held against
what the page says that they print.

=============== ====================================================================================================
block           is
=============== ====================================================================================================
```` ```console ```` lines behind ``$ `` are commands, and lines behind ``> `` go on with one; the others are what is
                printed, on standard output and standard error together
any other       a file, where its first line is a comment with a path: ``# contracts/greeter/contract.yaml``
=============== ====================================================================================================

What differs from run to run is the same for a comparison (``settled``): how long something took, when it was and how
old it is, ids in hexadecimal, ports and processes, sizes, counts of broker calls, what a model answered (tokens,
characters, money below a cent), and how wide the columns of a table are. Where the port of the page is taken, commands
go to the one that `omni broker start` has printed.

``python -m tests.support.console PAGE…`` writes pages anew as they are played.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

HOME = "/home/ada"
"""The home folder that pages speak of."""

_BLOCK = re.compile(r"^(?P<fence>`{3,})(?P<language>\w+)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<path>[\w./-]+\.\w+)\n")
_PORT = "127.0.0.1:9092"
_VOLATILE = re.compile(
    "|".join(
        (
            r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?",
            r"\b\d\d:\d\d:\d\d\b",
            r"\b\d+(?:\.\d+)? (?:ms|s|min)\b",
            r"(?<= )now(?= |$)",
            r"\b[0-9a-f]{8,64}\b…?",
            r"(?<=127\.0\.0\.1:)\d+",
            r"(?<=process )\d+",
            r"(?<=its weights are )\S+",
            r"\b\d+ KiB\b",
            r"\b\d+ broker calls?\b",
            r"\b\d+ (?:tokens asked|answered|tokens|characters)\b",
            r"\$0\.0\d+",
        )
    ),
    re.MULTILINE,
)


def settled(text: str) -> list[str]:
    """The lines of an output, without what differs from run to run."""
    return [" ".join(line.split()) for line in _VOLATILE.sub("…", text).strip().splitlines()]


@dataclass(slots=True)
class Shell:
    """One ``bash`` in a folder, which runs command after command. Ended by ``end``."""

    folder: Path
    environ: Mapping[str, str]
    port: str = _PORT
    _process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.folder,
            env={**self.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """The exit code of a command, and what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mark = "--- ended with"
        typed = command.replace(_PORT, self.port)
        self._process.stdin.write(f"{{ {typed}\n}} </dev/null\ncode=$?; printf '\\n{mark} %s\\n' $code; (exit $code)\n")
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            if line.startswith(mark):
                if started := re.search(r"noida .* answers at (127\.0\.0\.1:\d+)", printed):
                    self.port = started[1]
                return int(line.removeprefix(mark)), printed.strip("\n")
            printed += line
        raise AssertionError(f"the shell ended within: {command}\n{printed}")

    def end(self) -> None:
        """End the shell."""
        self._process.terminate()
        self._process.communicate()


def played(page: str, shell: Shell) -> str:
    """The page with what its commands print now. Fails where one could not run, or shows a traceback."""
    parts: list[str] = []
    end = 0
    for block in _BLOCK.finditer(page):
        parts.append(page[end : block.start()])
        end = block.end()
        text = block["text"]
        if block["language"] == "console":
            text = "".join(_played(text, shell))
        elif file := _FILE.match(text):
            path = shell.folder / file["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        parts.append(f"{block['fence']}{block['language']}\n{text}{block['fence']}")
    return "".join((*parts, page[end:]))


def _played(text: str, shell: Shell) -> Iterator[str]:
    for command in commands(text):
        code, printed = shell.run(command)
        assert code == 0 or (code == 1 and "omni " in command), f"{command}\nended with {code}\n{printed}"
        assert "Traceback" not in printed, f"{command}\n{printed}"
        yield "$ " + command.replace("\n", "\n> ") + "\n"
        if printed:
            yield _as_at_home(printed, shell) + "\n"


def commands(text: str) -> list[str]:
    """The commands of a console block, each with the lines that it goes on with."""
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif line.startswith("> ") and found:
            found[-1] += f"\n{line[2:]}"
    return found


def _as_at_home(printed: str, shell: Shell) -> str:
    """What was printed, with nothing in it of this machine."""
    home, packages = str(shell.folder.parent), str(Path(sys.prefix))
    told = printed.replace(packages, f"{HOME}/{shell.folder.name}/.venv").replace(home, HOME)
    return told.replace(shell.port, _PORT)


def console_lines(page: str) -> list[str]:
    """What the consoles of a page hold, line by line, settled."""
    blocks = (block["text"] for block in _BLOCK.finditer(page) if block["language"] == "console")
    return [line for text in blocks for line in settled(text)]


def environ_of(home: Path, page: str) -> dict[str, str]:
    """The environment of somebody who has just installed omni, and has no index of packages. What a page installs out
    of a folder of its own goes beside the project, not to the packages of these tests.
    """
    packages = str(home / "packages")
    # To pip, this option is on where it is false.
    own = {"PIP_TARGET": packages, "PYTHONPATH": packages, "PIP_NO_BUILD_ISOLATION": "0"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMNI_", "OTEL_", "PYTEST_"))}
    return {
        **{name: value for name, value in kept.items() if not name.endswith("_API_KEY")},
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **(own if "pip install --quiet ./" in page else {}),
    }


def play(page: Path, folder: Path) -> str:
    """The text of the page as it is played in a folder that is new; what it started is stopped."""
    folder.mkdir(parents=True)
    text = page.read_text(encoding="utf-8")
    environ = environ_of(folder.parent, text)
    shell = Shell(folder, environ)
    try:
        return played(text, shell)
    finally:
        shell.end()
        for what in ("broker", "model"):
            subprocess.run(["omni", what, "stop"], cwd=folder, env=environ, capture_output=True, check=False)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with TemporaryDirectory() as home:
            written = play(Path(name), Path(home) / "greetings")
        Path(name).write_text(written, encoding="utf-8")
