"""How the project stands, told by the code location for as long as it serves: where Dagster alone works, no other
process lives long enough. Its runs then tell what they did, and leave the rest to it.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from threading import Lock, Thread

from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType

from omni_assets.operations.context import Context
from omni_assets.operations.standing import standing
from omni_assets.telemetry.opening import Signal, opened
from omni_assets.telemetry.signals import Reading

SECONDS_TO_END = 30.0
"""Most seconds that the end of the process waits for a look that is under way."""

_ASKED = "OMNI_GAUGES"
_log = logging.getLogger(__name__)
_once = Lock()


def by_the_location(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether ``OMNI_GAUGES=1`` leaves gauges to the code location, which nothing sets where ``omni up`` tells them."""
    return environ.get(_ASKED, "").strip() == "1"


def gauged(where: Callable[[], Context]) -> None:
    """From now on until this process ends, how the project that ``where`` resolves stands is told now and then, where
    ``OMNI_GAUGES`` and OpenTelemetry's variables ask for it.

    To be called as the definitions are loaded, which is not held up. Where they are loaded again nothing comes of it,
    and nothing in the process of a run, which only puts together again what the location has loaded.
    """
    if not by_the_location() or DefinitionsLoadContext.get().load_type is not DefinitionsLoadType.INITIALIZATION:
        return
    if not _once.acquire(blocking=False):
        return
    looking = Looking(lambda: standing(where))
    atexit.register(looking.end, SECONDS_TO_END)
    Thread(target=_tell, args=(looking,), name="omni-gauges", daemon=True).start()


class Looking:
    """Looks, until it is ended: a thread that is within a look when its process ends would be ended in the midst of a
    database, and take the process with it.
    """

    def __init__(self, look: Callable[[], Iterable[Reading]]) -> None:
        self._look = look
        self._turn = Lock()
        self._ended = False

    def __call__(self) -> Iterable[Reading]:
        """What is seen; nothing once it is ended."""
        with self._turn:
            return () if self._ended else tuple(self._look())

    def end(self, seconds: float) -> None:
        """Begin no further look, and wait so long for one that is under way."""
        self._ended = True
        if self._turn.acquire(timeout=seconds):
            self._turn.release()


def _tell(looking: Looking) -> None:
    """Open a sink, which sends every minute by itself. It is not closed: at the end of a process that serves nothing is
    left to be sent.
    """
    sink = opened({Signal.METRICS}, _log.warning)
    if sink is not None:
        sink.watch(looking)
