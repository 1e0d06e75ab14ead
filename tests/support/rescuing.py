"""A rescue in a process of its own, in small transactions, with a line on standard output for each: it can be killed.

python -m tests.support.rescuing CONTRACTS STATE_FOLDER BOOTSTRAP_SERVERS SOURCE TARGET RECORDS_PER_TRANSACTION
"""

from __future__ import annotations

import sys

from omni_assets.broker import transfer
from omni_assets.operations.context import resolve
from omni_assets.operations.rescue import prepare, rescue


def main(contracts: str, home: str, bootstrap_servers: str, source: str, target: str, records: str) -> None:
    transfer.MOST_RECORDS = int(records)
    context = resolve([contracts], bootstrap_servers=bootstrap_servers, environ={"OMNI_HOME": home})
    prepared = prepare(context, context.manifest(), source, target)
    print("prepared", flush=True)
    rescue(context, prepared, lambda so_far, _most: print(so_far, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
