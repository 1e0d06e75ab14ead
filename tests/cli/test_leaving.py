from __future__ import annotations

import subprocess
import sys

import pytest

# A command whose threads go in and out of DuckDB when it ends.
_BUSY = """\
import time

import duckdb

from omni_assets.agents.daemons import Daemons
from omni_assets.cli import main

def work():
    while True:
        duckdb.connect().execute("SELECT 1").fetchall()

@main.app.command()
def busy(how: str):
    for _ in range(3):
        Daemons().submit(work)
    time.sleep(0.3)
    print("said at last")
    if how == "signalled":
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)
    return 1

main.main()
"""


@pytest.mark.parametrize(("how", "code"), [("ended", 1), ("signalled", 143)])
def test_a_thread_within_compiled_code_does_not_abort_the_end_of_a_command(how: str, code: int) -> None:
    ran = subprocess.run([sys.executable, "-c", _BUSY, "busy", how], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, "said at last\n", "")


def test_without_such_a_thread_a_process_ends_as_every_other() -> None:
    script = "import atexit; from omni_assets.cli import main; atexit.register(print, 'at exit'); main.main()"
    ran = subprocess.run([sys.executable, "-c", script, "docs", "OM203"], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0
    assert ran.stdout.endswith("at exit\n")
