"""What a process keeps of memory that it gave back: the C library shares memory out from several places, and what many
threads, each for a while, left in each of them goes back to the system late or never.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping

ARENAS = 2
"""Such places of one process; by itself glibc has eight for each processor."""

VARIABLE = "MALLOC_ARENA_MAX"
"""What tells glibc so before a process begins."""

_M_ARENA_MAX = -8  # malloc.h of glibc; mallopt(3)


def bound_arenas(environ: Mapping[str, str] = os.environ) -> bool:
    """Share memory out from no more than ``ARENAS`` places from now on, for a process that lives long and whose threads
    come and go, as those of a client do with each death of its broker. Whether that was said.

    Nothing is said where ``VARIABLE`` has a value already, nor to a C library that does not know of it.
    """
    if environ.get(VARIABLE):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, ARENAS))
