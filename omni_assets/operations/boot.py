"""Provisioning at boot: asynchronous, best effort, truthful, and never in the way of its caller."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, replace

from omni_assets.errors import OmniError
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.validate import Validation, validate

DEADLINE = 30.0
"""Seconds that boot keeps trying while the broker does not answer."""

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 4.0
_SHORTEST_CALL = 0.5


@dataclass(frozen=True, slots=True)
class BootReport:
    """How boot ended: a validation, or the error that prevented it. Exactly one of the two is set."""

    validation: Validation | None
    error: OmniError | None
    attempts: int
    seconds: float

    @property
    def ready(self) -> bool:
        """Whether every declared topic was seen on the broker."""
        return self.validation is not None and self.validation.complete


class BootHandle:
    """A boot under way. ``await handle`` or ``handle.result(timeout)`` gives the report, failures included."""

    def __init__(self, work: Callable[[], BootReport]) -> None:
        self._future: Future[BootReport] = Future()
        # Under way from now on: whoever gives up waiting, as asyncio.wait_for does, cancels the wait and not the work.
        self._future.set_running_or_notify_cancel()
        self._thread = threading.Thread(target=self._run, args=(work,), name="omni-boot", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], BootReport]) -> None:
        try:
            self._future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whatever happened belongs to whoever asks for the result
            self._future.set_exception(error)

    @property
    def done(self) -> bool:
        """Whether the report is there."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> BootReport:
        """The report, after at most ``timeout`` seconds. Raises ``TimeoutError`` while it is not there."""
        return self._future.result(timeout)

    def __await__(self) -> Generator[None, None, BootReport]:
        return asyncio.wrap_future(self._future).__await__()


def boot(
    *paths: str,
    environment: str | None = None,
    bootstrap_servers: str | None = None,
    deadline: float = DEADLINE,
) -> BootHandle:
    """Provision and validate in the background, and return at once.

    ``paths`` are contracts or folders of them; without any, the settings' sources. A broker that does not answer is
    tried again until ``deadline`` seconds have passed. Whatever goes wrong is in the report, never raised here.
    """

    def work() -> BootReport:
        return run(lambda: resolve(paths, environment=environment, bootstrap_servers=bootstrap_servers), deadline)

    return BootHandle(work)


def run(context: Callable[[], Context], deadline: float = DEADLINE) -> BootReport:
    """Provision and validate in the foreground, trying again while an error is transient, for ``deadline``
    seconds at most.
    """
    started = time.monotonic()
    attempts = 0
    pause = _FIRST_PAUSE
    while True:
        attempts += 1
        try:
            validation = validate(_within(context(), deadline - (time.monotonic() - started)), trigger="boot")
        except OmniError as error:
            left = deadline - (time.monotonic() - started)
            if not error.transient or left <= pause:
                return BootReport(None, error, attempts, time.monotonic() - started)
            _log.info("%s Trying again for up to %.0f s.", error.message, left, extra={"facts": {"attempt": attempts}})
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            continue
        booted = BootReport(validation, None, attempts, time.monotonic() - started)
        _log.info("booted", extra={"facts": {"ready": booted.ready, "seconds": round(booted.seconds, 3)}})
        return booted


def _within(context: Context, left: float) -> Context:
    """The same context, whose broker calls wait no longer than is left."""
    timeout = min(context.connection.timeout, max(left, _SHORTEST_CALL))
    return replace(context, connection=replace(context.connection, timeout=timeout))
