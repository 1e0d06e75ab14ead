"""``omni rescue`` as its users drive it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from tests.cli.conftest import OMNI
from tests.support.stranded import committed, strand

pytestmark = pytest.mark.broker

ORPHAN = "onex.evt.router.routing_complete.v1"
HOME = "onex.evt.router.routing-complete.v1"


@pytest.fixture
def stranded(provisioned, address, admin):
    """The project, with three records in a topic that nobody reads."""
    admin.create_topics([NewTopic(ORPHAN, 1, 1)])[ORPHAN].result()
    producer = Producer({"bootstrap.servers": address, "log_level": 0})
    for each in range(3):
        producer.produce(ORPHAN, b"%d" % each, b"key")
    assert producer.flush(10) == 0
    return provisioned


def answered(project, *arguments, answer):
    """A command at a terminal on which ``answer`` is typed: its exit code, standard output and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(OMNI), *arguments],
        cwd=project.folder,
        env={**project.environ, "TERM": "dumb", "COLUMNS": "200"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=60)
    screen = os.read(ours, 65_536).decode()
    os.close(ours)
    return process.returncode, out.decode(), screen


def test_it_shows_copies_and_is_done(stranded):
    dry = stranded.omni("rescue", ORPHAN, "--into", HOME, "--dry-run")
    assert dry.code == 1
    first, second, third = dry.out.splitlines()
    assert first.startswith(f"{ORPHAN} -> {HOME} (contracts/router/contract.yaml:")
    assert second.startswith("  3 records from 20")
    assert third == "  it has 3 partitions and keeps them for 7d"
    done = stranded.omni("rescue", ORPHAN, "--into", HOME, "--yes")
    assert done.code == 0
    assert "rescued 3 records (" in done.out
    again = stranded.omni("rescue", ORPHAN, "--into", HOME, "--yes")
    assert again.code == 0
    assert "nothing of it is left to rescue" in again.out


def test_programs_read_json(stranded):
    dry = stranded.omni("rescue", ORPHAN, "--into", HOME, "--dry-run", "--format", "json")
    assert dry.code == 1
    assert dry.document["records"] == 3
    assert dry.document["rescued"] is None
    done = stranded.omni("rescue", ORPHAN, "--into", HOME, "--yes", "--format", "json").document
    assert done["rescued"] == 3
    assert done["positions"] == [{"partition": 0, "position": 3}]
    assert done["partitions"] == [{"partition": 0, "start": 0, "end": 3}]
    assert done["oldest"].endswith("+00:00")


def test_without_a_yes_and_a_terminal_it_could_not_run(stranded):
    ran = stranded.omni("rescue", ORPHAN, "--into", HOME)
    assert (ran.code, ran.out) == (2, "")
    assert "copying records needs a yes, and there is no terminal to ask at." in ran.err
    assert "--yes" in ran.err


@pytest.mark.parametrize(("answer", "code", "rescued"), [("y", 0, 3), ("n", 1, None)])
def test_it_asks_at_a_terminal(stranded, answer, code, rescued):
    ended, out, screen = answered(stranded, "rescue", ORPHAN, "--into", HOME, answer=answer)
    assert ended == code
    assert f"Copy 3 records to {HOME}? [y/N]" in screen
    assert ("rescued 3 records" in out) == (rescued == 3)
    left = stranded.omni("rescue", ORPHAN, "--into", HOME, "--dry-run", "--format", "json").document["records"]
    assert left == 3 - (rescued or 0)


def test_it_guesses_where_to(stranded):
    ran = stranded.omni("rescue", ORPHAN)
    assert (ran.code, ran.out) == (2, "")
    assert f"it is not said which topic the records of `{ORPHAN}` were meant for." in ran.err
    assert f"say --into {HOME}." in ran.err


def test_refusals_are_one_sentence_and_the_way_out(stranded):
    ran = stranded.omni("rescue", HOME, "--into", "onex.evt.router.scoring-decision.v1", "--yes")
    assert (ran.code, ran.out) == (2, "")
    first, second = ran.err.splitlines()
    assert f"the records of `{HOME}` are not rescued: it is declared (contracts/router/contract.yaml:" in first
    assert second == "      Name a topic that no contract declares; `omni drift` lists them."


def test_nothing_is_written_where_writing_is_forbidden(stranded):
    ran = stranded.omni("rescue", ORPHAN, "--into", HOME, "--yes", OMNI_READONLY="1")
    assert ran.code == 2
    assert "OMNI_READONLY=1 forbids every write" in ran.err
    assert stranded.omni("rescue", ORPHAN, "--into", HOME, "--dry-run", OMNI_READONLY="1").code == 1


@pytest.mark.slow
def test_ctrl_c_leaves_whole_transactions_and_the_next_run_goes_on(stranded, address):
    total = 30_000
    strand(address, ORPHAN, range(3, total))
    process = subprocess.Popen(
        [str(OMNI), "rescue", ORPHAN, "--into", HOME, "--yes"],
        cwd=stranded.folder,
        env=stranded.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not committed(address, HOME, 3):
        assert process.poll() is None, "it ended before anything was copied"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "omni: interrupted.\n")
    so_far = len(committed(address, HOME, 3))
    assert so_far < total
    rest = stranded.omni("rescue", ORPHAN, "--into", HOME, "--yes", "--format", "json")
    assert rest.document["rescued"] == total - so_far
    assert len(committed(address, HOME, 3)) == total


def test_everywhere_to_begin_can_be_said():
    from omni_assets.cli.rescue import BeginAt
    from omni_assets.operations.rescue import Begin

    assert {each.value for each in BeginAt} == {each.value for each in Begin}
