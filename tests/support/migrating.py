"""A migration in a process of its own, in small transactions, with a line on standard output for each, to be killed.

Its transactions are held open for a while at each of their steps, so that most kills fall into one. The address of the
Redis is in the variable ``OMNI_REDIS_URL``.

    python -m tests.support.migrating CONTRACTS STATE_FOLDER BOOTSTRAP_SERVERS STREAM TOPIC RECORDS_PER_TRANSACTION
"""

from __future__ import annotations

import sys
import time

from omni_assets.broker import intake
from omni_assets.operations.context import resolve
from omni_assets.operations.redis_streams import migrating
from omni_assets.operations.redis_streams.copies import Form
from omni_assets.operations.redis_streams.preparing import prepare
from omni_assets.operations.redis_streams.reading import RedisStreams

OPEN_SECONDS = 0.006


def _slowly(taking: intake.Intake, call: str, ask: object) -> None:
    time.sleep(OPEN_SECONDS)
    _at_once(taking, call, ask)  # type: ignore[arg-type]


_at_once = intake.Intake._insist


def main(contracts: str, home: str, bootstrap_servers: str, stream: str, topic: str, records: str) -> None:
    migrating._FIRST_RECORDS = int(records)
    migrating.next_most = lambda _entries, most: most  # type: ignore[assignment]
    intake.Intake._insist = _slowly  # type: ignore[method-assign, assignment]
    context = resolve([contracts], bootstrap_servers=bootstrap_servers, environ={"OMNI_HOME": home})
    with RedisStreams.from_environment() as redis:
        found = prepare(context, context.manifest(), redis, stream, topic, Form("order"))
        print("prepared", flush=True)
        migrating.migrate(context, redis, found, 0.0, lambda so_far: print(so_far.copied, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
