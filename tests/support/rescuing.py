"""A rescue in a process of its own, in small transactions, with a line on standard output for each: it can be killed.

Its transactions are held open for a while at each of their steps, so that most kills fall into one.

    python -m tests.support.rescuing CONTRACTS STATE_FOLDER BOOTSTRAP_SERVERS SOURCE TARGET RECORDS_PER_TRANSACTION
"""

from __future__ import annotations

import sys
import time

from omni_assets.broker import transfer
from omni_assets.operations.context import resolve
from omni_assets.operations.rescue import prepare, rescue

OPEN_SECONDS = 0.006


def _slowly(writer: transfer._Writer, call: str, ask: object) -> None:
    time.sleep(OPEN_SECONDS)
    _at_once(writer, call, ask)  # type: ignore[arg-type]


_at_once = transfer._Writer._insist


def main(contracts: str, home: str, bootstrap_servers: str, source: str, target: str, records: str) -> None:
    transfer.MOST_RECORDS = int(records)
    transfer._Writer._insist = _slowly  # type: ignore[method-assign, assignment]
    context = resolve([contracts], bootstrap_servers=bootstrap_servers, environ={"OMNI_HOME": home})
    prepared = prepare(context, context.manifest(), source, target)
    print("prepared", flush=True)
    rescue(context, prepared, lambda so_far, _most: print(so_far, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
