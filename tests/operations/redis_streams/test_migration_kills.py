"""A migration that is killed without warning at random points: every entry is there once, and each key in its order.

``MIGRATION_KILLS`` says how often, ``MIGRATION_SEED`` repeats the moments of a run.
"""

from __future__ import annotations

import os
import random
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.operations.context import resolve
from omni_assets.operations.redis_streams.handing_over import hand_over
from omni_assets.operations.redis_streams.migrating import migrate
from omni_assets.operations.redis_streams.preparing import prepare
from omni_assets.operations.redis_streams.reading import RedisStreams
from tests.support.migrated import KEYED, number_of, positions
from tests.support.stranded import committed, kill_while_copying

KILLS = int(os.environ.get("MIGRATION_KILLS", "10"))
SEED = int(os.environ.get("MIGRATION_SEED") or random.randrange(2**32))
STREAM, TOPIC, PARTITIONS, KEYS = "orders", "onex.evt.shop.order-placed.v1", 3, 40
CONTRACT = f"name: shop\nevent_bus:\n  publish_topics:\n    - topic: {TOPIC}\n      partitions: {PARTITIONS}\n"
RECORDS_PER_TRANSACTION = 20
RECORDS_PER_KILL = RECORDS_PER_TRANSACTION * 5
ROOT = Path(__file__).parents[3]


def survive(folder: Path, connection, client, redis, monkeypatch, kills: int, replicas: int = 1) -> None:
    """Kill the migration of a stream over and over while it grows, cut over, and prove that all of it is there."""
    print(f"MIGRATION_SEED={SEED}")
    moments = random.Random(SEED)
    address = connection.bootstrap_servers
    contracts, home = folder / "contracts", folder / "state"
    contracts.mkdir()
    (contracts / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    client.create_topics([NewTopic(TOPIC, PARTITIONS, replicas)])[TOPIC].result()
    monkeypatch.setenv("OMNI_REDIS_URL", redis.url)
    total = _add(redis, 0, RECORDS_PER_KILL * (kills + 2))
    redis.client.xgroup_create(STREAM, "readers", "0")
    command = [sys.executable, "-m", "tests.support.migrating", str(contracts), str(home), address, STREAM, TOPIC]
    killed = 0
    while killed < kills:
        if kill_while_copying([*command, str(RECORDS_PER_TRANSACTION)], ROOT, moments):
            killed += 1
        else:
            total = _add(redis, total, RECORDS_PER_KILL)
    so_far = len(committed(address, TOPIC, PARTITIONS))
    assert so_far, "every kill came before the first transaction"
    print(f"{killed} kills, {so_far} of {total} entries were copied before the last run")
    total = _add(redis, total, RECORDS_PER_KILL)
    handed_out = redis.client.xreadgroup("readers", "c", {STREAM: ">"}, count=total // 2)[0][1]
    redis.client.xack(STREAM, "readers", *(each for each, _ in handed_out))
    context = resolve([str(contracts)], bootstrap_servers=address, environ={"OMNI_HOME": str(home)})
    with RedisStreams(redis.url) as streams:
        found = prepare(context, context.manifest(), streams, STREAM, TOPIC, KEYED)
        done = migrate(context, streams, found, quiet_seconds=1.0)
        (handed,) = hand_over(context, streams, found)
    assert (done.progress.copied, done.missed) == (total, 0)
    records = committed(address, TOPIC, PARTITIONS)
    assert sorted(map(number_of, records)) == list(range(total))
    places = defaultdict(list)
    for each in records:
        places[each.key()].append((each.partition(), number_of(each)))
    assert len(places) == KEYS
    assert all(found == sorted(found) for found in places.values())
    assert all(len({partition for partition, _ in found}) == 1 for found in places.values())
    assert (handed.left, handed.standing.open, handed.standing.again) == ("", total - len(handed_out), 0)
    at = positions(address, "readers", TOPIC, PARTITIONS)
    behind = {number_of(each) for each in records if each.offset() >= at[each.partition()]}
    assert behind == set(range(len(handed_out), total))


def _add(redis, start: int, count: int) -> int:
    pipe = redis.client.pipeline(transaction=False)
    for number in range(start, start + count):
        pipe.xadd(STREAM, {"order": f"order-{number % KEYS}", "number": number})
    pipe.execute()
    return start + count


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(120 + 15 * KILLS)
def test_no_entry_is_lost_and_none_is_doubled(tmp_path, broker, redis, monkeypatch):
    survive(tmp_path, broker.connection, broker.client, redis, monkeypatch, KILLS)


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(240 + 15 * KILLS)
def test_nor_on_kafka(tmp_path, kafka, redis, monkeypatch):
    survive(tmp_path, kafka.connection, kafka.client, redis, monkeypatch, KILLS, replicas=3)
