"""``python -m omni_assets.router.local.server``: the process that serves a model, on loopback and nowhere else.

It prints ``READY`` as soon as it answers. By SIGTERM it ends once it has answered what it was asked before, or after
``GRACE_SECONDS``. It keeps nothing on disk.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import time
from typing import Any

LOOPBACK = "127.0.0.1"
READY = "omni: the model answers at"
"""How the line begins that says so."""

GRACE_SECONDS = 3.0
"""Most seconds that requests have to be answered once the server is asked to end."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PROMPT_CACHE_MIB = 64
_HTTP_THREADS = 4
_ERRORS = 1
_POLL_SECONDS = 0.05
_LAST_WORDS_SECONDS = 0.5  # the engine writes its log in a thread of its own, which an end at once may cut short
_IN_WORK = re.compile(r"^llamacpp:requests_(?:processing|deferred) ([0-9.]+)", re.MULTILINE)


def main(arguments: list[str]) -> None:
    """Serve until a signal asks for the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", required=True)
    parser.add_argument("--name", required=True)
    for number in ("--port", "--threads", "--context"):
        parser.add_argument(number, type=int, required=True)
    options = parser.parse_args(arguments)
    # Blocked before the engine starts its threads, which inherit that: a signal only ends the waiting below.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        server = serve(options.weights, options.name, options.port, options.threads, options.context)
    except RuntimeError as error:
        time.sleep(_LAST_WORDS_SECONDS)
        sys.exit(f"omni: {error}")
    print(READY, server.listening_address, flush=True)  # noqa: T201 - its log
    signal.sigwait(_SIGNALS)
    _finish(server)
    # Not by the engine's own end: that waits for ever for a request that it has stopped to work on.
    os._exit(0)


def serve(weights: str, name: str, port: int, threads: int, context: int) -> Any:
    """The engine's server, which answers from now on. One request at a time, and others wait for their turn.

    Raises ``RuntimeError`` where the port is taken or the file holds no model; the engine prints which.
    """
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = weights
    wanted.model_alias = {name}
    wanted.hostnames = [LOOPBACK]
    wanted.port = port
    wanted.n_ctx = context
    wanted.n_parallel = 1
    for cpu in (wanted.cpuparams, wanted.cpuparams_batch):
        cpu.n_threads = threads
        cpu.poll = 0  # waits for work asleep, not spinning
    wanted.n_threads_http = _HTTP_THREADS
    wanted.cache_ram_mib = _PROMPT_CACHE_MIB
    wanted.fit_params = False  # the context is what was asked for, not what the engine thinks fits
    wanted.offline = True
    wanted.ui = False
    wanted.endpoint_slots = False  # it would show what others ask
    wanted.endpoint_metrics = True
    wanted.cors_origins = ""  # no page in a browser may ask
    wanted.cors_origins_explicit = True
    wanted.verbosity = _ERRORS
    return xllamacpp.Server(wanted)


def _finish(server: Any) -> None:
    """Let it answer what it has begun, within bounds."""
    deadline = time.monotonic() + GRACE_SECONDS
    while _in_work(server) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _in_work(server: Any) -> bool:
    """Whether a request is being answered, or waits for its turn, by the engine's own count."""
    return any(float(count) for count in _IN_WORK.findall(server.handle_metrics()))


if __name__ == "__main__":
    main(sys.argv[1:])
