"""Standard output and standard error: pipes that close, full disks, narrow encodings, signals, and terminals."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

OMNI = str(Path(sys.executable).with_name("omni"))
LONG = "onex.evt.router.a-rather-long-event-name-that-does-not-fit-beside-all-the-other-columns.v1"


@pytest.fixture
def many(project):
    """Enough topics to overfill a pipe."""
    topics = "".join(f"    - onex.evt.many.event-{number}.v1\n" for number in range(5_000))
    project.contract("many", f"name: many\nevent_bus:\n  publish_topics:\n{topics}")
    return project


def start(project, *arguments, **options):
    return subprocess.Popen([OMNI, *arguments], cwd=project.folder, env=project.environ, **options)


@pytest.mark.parametrize("arguments", [("topics",), ("topics", "--format", "json"), ("--help",)])
def test_a_reader_that_goes_away_is_no_error(many, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ended = start(many, *arguments, stdout=closed, stderr=subprocess.PIPE, text=True)
        _, err = ended.communicate(timeout=60)
    assert err == ""
    assert arguments == ("--help",) or ended.returncode == 0


def test_what_was_found_keeps_its_exit_code_when_the_reader_goes_away(many):
    many.contract("broken", "[")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ended = start(many, "topics", stdout=closed, stderr=subprocess.PIPE, text=True)
        _, err = ended.communicate(timeout=60)
    assert ended.returncode == 1
    assert err == "omni: 1 error in contracts: `omni check` lists it.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is not there")
def test_a_full_disk_could_not_run(project):
    with open("/dev/full", "wb") as full:
        ended = start(project, "topics", stdout=full, stderr=subprocess.PIPE, text=True)
        _, err = ended.communicate(timeout=60)
    assert ended.returncode == 2
    assert err.startswith("omni: standard output cannot be written: no space left on device.")
    assert "Traceback" not in err


def test_standard_output_that_is_closed(project):
    ended = subprocess.run(
        ["sh", "-c", f"{OMNI} topics >&-"], cwd=project.folder, env=project.environ, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("omni: standard output is closed")


def test_an_encoding_that_cannot_hold_a_name(project):
    path = project.contract("räuber", "name: räuber\nterminal_event: onex.evt.robber.done.v1\n")
    ran = project.omni("topics", str(path), PYTHONIOENCODING="ascii")
    assert ran.code == 0
    assert "r\\xe4uber" in ran.out
    as_json = project.omni("topics", str(path), "--format", "json", PYTHONIOENCODING="ascii")
    assert as_json.document["topics"][0]["publishers"][0]["node"] == "räuber"


def test_a_path_that_is_not_utf_8(project):
    name = os.fsencode(project.folder) + b"/contracts/\xff\x1b[31m"
    os.mkdir(name)
    with open(name + b"/contract.yaml", "wb") as file:
        file.write(b"[")
    for output in ("text", "json", "sarif", "github"):
        ran = project.omni("check", "--format", output)
        assert ran.code == 1, ran
        assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "omni: interrupted.\n"), (signal.SIGTERM, 143, "")]
)
def test_signals_end_a_command_at_once(project, number, code, said):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ended = start(
            project,
            *("boot", "--deadline", "60", "--bootstrap-servers", f"127.0.0.1:{silent.getsockname()[1]}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(60)
        silent.accept()[0].close()
        ended.send_signal(number)
        out, err = ended.communicate(timeout=30)
    assert ended.returncode == code
    assert (out, err) == ("", said)


SWALLOWED = """
import os, signal, sys, time
from omni_assets.cli.main import app, main
@app.command()
def swallow(number: int):
    try:
        os.kill(os.getpid(), number)
        time.sleep(60)
    except BaseException:
        raise TypeError("expected header key to be unicode string") from None
main()
"""


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "omni: interrupted.\n"), (signal.SIGTERM, 143, "")]
)
def test_a_signal_that_compiled_code_turned_into_an_error_is_still_a_signal(project, number, code, said):
    ended = subprocess.run(
        [sys.executable, "-c", SWALLOWED, "swallow", str(int(number))],
        cwd=project.folder,
        env=project.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", said)


def on_terminal(project, *arguments, columns=80, **environ):
    """Run a command on a terminal of its own: its exit code, and all that the terminal was sent."""
    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {**project.environ, "TERM": "xterm-256color", **environ}
    process = subprocess.Popen([OMNI, *arguments], cwd=project.folder, env=env, stdin=side, stdout=side, stderr=side)
    os.close(side)
    received = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        try:
            piece = os.read(terminal, 65_536) if ready else b""
        except OSError:
            piece = b""
        if not piece:
            break
        received += piece
    os.close(terminal)
    return process.wait(30), received.decode().replace("\r\n", "\n")


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_terminal_gets_colours_and_its_width_and_loses_no_name(project):
    project.contract("long", f"name: long\nterminal_event: {LONG}\n")
    code, shown = on_terminal(project, "topics", NO_COLOR="")
    assert code == 0
    assert "\x1b[1mTOPIC" in shown
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= 80
    first_column = "".join(re.split(r" {2,}", line)[0].strip() for line in lines)
    assert LONG in first_column


def test_no_colour_where_none_is_wanted(project):
    code, shown = on_terminal(project, "topics", NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)


def test_an_error_wraps_between_words(project):
    code, shown = on_terminal(project, "check", "nowhere", columns=40)
    assert code == 2
    assert plain(shown).splitlines() == [
        "omni: cannot read nowhere: no such file",
        "      or folder.",
        "      Name a contract file or a folder",
        "      that holds some, or set",
        "      OMNI_CONTRACTS.",
    ]


def test_a_terminal_is_told_that_boot_tries_again(project, nobody):
    code, shown = on_terminal(
        project, "boot", "--deadline", "3", "--bootstrap-servers", nobody, columns=120, OMNI_BROKER_TIMEOUT="0.5"
    )
    assert code == 2
    assert f"no broker answers at {nobody} yet; trying again for up to 3 s" in plain(shown)


@pytest.mark.broker
def test_findings_are_coloured_on_a_terminal_only(running):
    running.contract("broken", "[")
    code, shown = on_terminal(running, "check", columns=200)
    assert code == 1
    assert "\x1b[31m OM002" in shown
    code, shown = on_terminal(running, "drift", columns=80)
    assert code == 1
    assert "auto fixable" in plain(shown)
    assert max(map(len, plain(shown).splitlines())) <= 80


def test_a_spinner_shows_an_address_as_it_stands(project):
    code, shown = on_terminal(
        project, "validate", "--bootstrap-servers", "[::1]:1", columns=120, OMNI_BROKER_TIMEOUT="0.5"
    )
    assert code == 2
    assert "validating the topics at [::1]:1" in plain(shown)


def test_csv_is_exact_in_a_pipe_and_harmless_on_a_terminal(project):
    project.contract("evil", 'name: "e\\e[31mvil"\nterminal_event: onex.evt.evil.done.v1\n')
    assert "e\x1b[31mvil" in project.omni("topics", "--format", "csv").out
    code, shown = on_terminal(project, "topics", "--format", "csv", columns=200)
    assert code == 0
    assert "\x1b[31m" not in shown
    assert "e\\x1b[31mvil" in shown
