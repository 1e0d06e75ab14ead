"""Where handlers print to: they are anybody's, and standard output is for results alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from omni_assets.telemetry.logs import printed


@contextmanager
def printed_aside() -> Iterator[None]:
    """What is printed within goes to standard error, whatever prints it: a library, or a process that is started."""
    if sys.stdout is None or sys.stderr is None:
        yield
        return
    out, aside = sys.stdout.fileno(), sys.stderr.fileno()
    sys.stdout.flush()
    kept = os.dup(out)
    os.dup2(aside, out)
    try:
        with printed():
            yield
    finally:
        try:
            sys.stdout.flush()
        finally:
            os.dup2(kept, out)
            os.close(kept)
