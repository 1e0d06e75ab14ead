"""A rescue that is killed without warning at random points: no record is lost, none is doubled.

``RESCUE_KILLS`` says how often (``make rescue-kills``: 50 times), ``RESCUE_SEED`` repeats the moments of a run.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.operations.context import resolve
from omni_assets.operations.rescue import prepare
from omni_assets.projection.store import Projection
from tests.support.stranded import assert_home, committed, kill_while_copying, strand

KILLS = int(os.environ.get("RESCUE_KILLS", "10"))
SEED = int(os.environ.get("RESCUE_SEED") or random.randrange(2**32))
ORPHAN = "onex.evt.router.routing_complete.v1"
HOME = "onex.evt.router.routing-complete.v1"
CONTRACT = f"name: router\nevent_bus:\n  publish_topics:\n    - topic: {HOME}\n      partitions: 3\n"
RECORDS_PER_TRANSACTION = 20
RECORDS_PER_KILL = RECORDS_PER_TRANSACTION * 5
ROOT = Path(__file__).parents[2]


def survive(folder: Path, connection, client, kills: int, replicas: int = 1) -> None:
    """Strand records, kill their rescue over and over while more arrive, let it end, and prove that all are home."""
    print(f"RESCUE_SEED={SEED}")
    moments = random.Random(SEED)
    address = connection.bootstrap_servers
    contracts, home = folder / "contracts", folder / "state"
    contracts.mkdir()
    (contracts / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    new = [NewTopic(HOME, 3, replicas), NewTopic(ORPHAN, 1, replicas)]
    for future in client.create_topics(new).values():
        future.result()
    total = RECORDS_PER_KILL * (kills + 2)
    strand(address, ORPHAN, range(total))
    command = [sys.executable, "-m", "tests.support.rescuing", str(contracts), str(home), address, ORPHAN, HOME]
    killed = 0
    while killed < kills:
        if kill_while_copying([*command, str(RECORDS_PER_TRANSACTION)], ROOT, moments):
            killed += 1
        else:
            strand(address, ORPHAN, range(total, total + RECORDS_PER_KILL))
            total += RECORDS_PER_KILL
    assert committed(address, HOME, 3), "every kill came before the first transaction"
    strand(address, ORPHAN, range(total, total + RECORDS_PER_KILL))
    total += RECORDS_PER_KILL
    subprocess.run([*command, "1000"], cwd=ROOT, capture_output=True, timeout=120, check=True)
    assert_home(committed(address, HOME, 3), total)
    context = resolve([str(contracts)], bootstrap_servers=address, environ={"OMNI_HOME": str(home)})
    left = prepare(context, context.manifest(), ORPHAN, HOME)
    assert left.contents.records == 0
    (row,) = Projection(home).rescued(left.cluster, ORPHAN)
    assert (row.position, row.state) == (left.reach.spans[0].end, "done")


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(60 + 10 * KILLS)
def test_no_record_is_lost_and_none_is_doubled(tmp_path, broker):
    survive(tmp_path, broker.connection, broker.client, KILLS)


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(180 + 10 * KILLS)
def test_nor_on_kafka(tmp_path, kafka):
    survive(tmp_path, kafka.connection, kafka.client, KILLS, replicas=3)
