"""The end of the process of a command, with threads in it that no end waits for."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from omni_assets.agents.daemons import THREAD


@contextmanager
def leaving_threads() -> Iterator[None]:
    """A ``SystemExit`` of what is done within ends the process at once where a thread is left behind that a ``Daemons``
    began meanwhile.

    Python ends such a thread beneath whatever it does, as soon as that comes back from compiled code. Code in C++, as
    DuckDB's, takes that for an error without a handler, and aborts the process.
    """
    before = set(threading.enumerate())
    try:
        yield
    except SystemExit as ended:
        left = [each for each in threading.enumerate() if each.name == THREAD and each not in before]
        if not left or not isinstance(ended.code, int):
            raise
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(ended.code)
