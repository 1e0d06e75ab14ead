"""When those who drain together have come to the end: what one of them says may be what another one works on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable


class Drain:
    """Workers that end together, as soon as all of them have been idle at once for ``seconds``.

    Whoever leaves before is not waited for. It is used from several threads; ``now`` gives seconds that only grow.
    """

    def __init__(self, members: Iterable[str], seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._busy = set(members)
        self._seconds = seconds
        self._now = now
        self._quiet_since = now()
        self._over = False
        self._lock = threading.Lock()

    def is_over(self, member: str, *, idle: bool) -> bool:
        """Say whether a member has nothing to do at the moment. Whether all of it is over, and stays so."""
        with self._lock:
            if idle:
                self._rest(member)
            else:
                self._busy.add(member)
            self._over = self._over or (not self._busy and self._now() - self._quiet_since >= self._seconds)
            return self._over

    def leave(self, member: str) -> None:
        """It ended, for whatever reason."""
        with self._lock:
            self._rest(member)

    def _rest(self, member: str) -> None:
        if member in self._busy:
            self._busy.remove(member)
            self._quiet_since = self._now()
