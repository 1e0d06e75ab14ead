"""Events of one Dagster run that tells of many receipts: on Postgres, as a deployment keeps them, against SQLite.

The Postgres is one of its own, set up as in `docker/dagster.yaml`, with a connection over loopback and its commits
flushed to the disk. What an event takes there is counted from the size of the database.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import dagster as dg

from benchmarks.measure import compare, parser, show
from tests.support import composed
from tests.support.postgres import DATABASE, NoPostgres, Postgres

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@dg.op
def tell(context: dg.OpExecutionContext, events: int) -> None:
    for number in range(events):
        metadata = {
            "receipt": f"receipt-{number}",
            "outcome": "done",
            "model": "none",
            "cost_usd": 0.0,
            "position": number,
        }
        context.log_event(dg.AssetMaterialization("told", metadata=metadata))


@dg.job
def told() -> None:
    tell()


def figures(events: int, rounds: int, postgres: Postgres) -> dict[str, object]:
    """Runs on both in turn, each instance kept for all of them."""
    os.environ.update(postgres.environ)
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as folder, dg.DagsterInstance.local_temp(folder) as sqlite:
        shared = Path(folder, "shared")
        shared.mkdir()
        shutil.copy(composed.FOLDER / "dagster.yaml", shared)
        with dg.DagsterInstance.from_config(str(shared)) as together:
            before = _bytes(postgres)
            compared = compare(
                f"{events:,} events of one run, on Postgres against SQLite",
                lambda: _run(sqlite, events),
                lambda: _run(together, events),
                rounds,
            )
            grown = _bytes(postgres) - before
    document = compared.document()
    return {
        **document,
        "sqlite_events_per_second": round(events / float(str(document["baseline_seconds"]))),
        "postgres_events_per_second": round(events / float(str(document["measured_seconds"]))),
        "postgres_bytes_per_event": round(grown / events / (rounds + 1)),
    }


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--events", type=int, default=500)
    arguments = options.parse_args()
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    try:
        postgres = Postgres()
    except NoPostgres as reason:
        sys.exit(f"no Postgres here: {reason}")
    try:
        show(arguments.format, figures(arguments.events, arguments.rounds, postgres))
    finally:
        postgres.end()


def _run(instance: dg.DagsterInstance, events: int) -> None:
    config = {"ops": {"tell": {"inputs": {"events": events}}}, **_QUIET}
    assert told.execute_in_process(run_config=config, instance=instance).success


def _bytes(postgres: Postgres) -> int:
    return int(postgres.ask(f"SELECT pg_database_size('{DATABASE}')"))


if __name__ == "__main__":
    main()
