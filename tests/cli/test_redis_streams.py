"""``omni import redis-streams`` and ``omni migrate redis-streams`` as their users drive them."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.cli.conftest import OMNI
from tests.support.migrated import positions
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

TOPIC = "onex.evt.router.routing-complete.v1"
NEAR = "onex.evt.router.routing_complete.v1"


@pytest.fixture
def streams(provisioned, redis):
    """The project with its broker, and a Redis with a stream of a near name, which a group has read in part."""
    provisioned.environ["OMNI_REDIS_URL"] = redis.url
    for each in range(6):
        redis.client.xadd(NEAR, {"task": f"task-{each % 2}", "number": each}, id=f"1700000000000-{each}")
    redis.client.xgroup_create(NEAR, "workers", "0")
    handed_out = redis.client.xreadgroup("workers", "c", {NEAR: ">"}, count=3)[0][1]
    redis.client.xack(NEAR, "workers", *(each for each, _ in handed_out[:2]))
    return provisioned


def test_streams_are_listed_against_the_contracts(streams, redis):
    redis.client.xadd("evil\x1b[31m", {"a": "1"})
    ran = streams.omni("import", "redis-streams")
    assert ran.code == 1
    assert f"`{TOPIC}` is declared" in ran.out
    assert f"`omni migrate redis-streams {NEAR} --to {TOPIC}` brings them there." in ran.out
    assert "the group `workers` of" in ran.out
    assert ran.out.splitlines()[-1] == f"2 streams at 127.0.0.1:{redis.port}/0"
    assert "\x1b" not in ran.out
    assert redis.password not in ran.out + ran.err

    document = streams.omni("import", "redis-streams", "--format", "json").document
    assert [each["kind"] for each in document["leftovers"]] == ["undeclared", "near", "pending"]
    assert document["streams"][1]["groups"] == [
        {"group": "workers", "delivered": "1700000000000-2", "pending": 1, "consumers": 1}
    ]

    redis.client.flushall()
    clean = streams.omni("import", "redis-streams")
    assert (clean.code, clean.out) == (0, f"0 streams at 127.0.0.1:{redis.port}/0\n")


@pytest.mark.slow
def test_a_stream_is_looked_at_copied_and_cut_over(streams, redis, address):
    migrate = ("migrate", "redis-streams", NEAR, "--to", TOPIC, "--key", "task")
    dry = streams.omni(*migrate, "--dry-run")
    assert dry.code == 1
    title, entries, topic, groups, warning = dry.out.splitlines()
    assert title.startswith(f"{NEAR} at 127.0.0.1:{redis.port}/0 -> {TOPIC} (contracts/router/contract.yaml:")
    assert entries == "  the stream holds 6 records since 2023-11-14 22:13 UTC"
    assert topic == "  the topic has 3 partitions and keeps them for 7d"
    assert groups == "  it has 1 group, which did not acknowledge 1 record"
    assert warning.startswith("  warning: The oldest entries are older than the 7d that")
    assert committed(address, TOPIC, 3) == []

    done = streams.omni(*migrate, "--yes")
    assert done.code == 0
    assert "copied 6 records (" in done.out
    assert f"up to its entry 1700000000000-5 it is in {TOPIC}, 6 records in all" in done.out

    ended = streams.omni(*migrate, "--cut-over", "--quiet", "1", "--yes", "--format", "json")
    assert ended.code == 0
    assert ended.document["copied"] == ended.document["missed"] == 0
    (group,) = ended.document["groups"]
    assert (group["group"], group["open"], group["left"]) == ("workers", 4, None)
    places = {each["partition"]: each["position"] for each in group["positions"]}
    assert positions(address, "workers", TOPIC, 3) == places

    shown = streams.omni(*migrate, "--cut-over", "--quiet", "1", "--yes")
    assert "GROUP" in shown.out
    assert "the last entry is 1700000000000-5: from here on write to" in shown.out
    for ran in (dry, done, ended, shown):
        assert redis.password not in ran.out + ran.err


def test_it_follows_until_it_is_interrupted(streams, redis, address):
    process = subprocess.Popen(
        [str(OMNI), "migrate", "redis-streams", NEAR, "--to", TOPIC, "--follow", "--yes"],
        cwd=streams.folder,
        env=streams.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        added = 0
        while len(committed(address, TOPIC, 3)) < 6 + added:
            assert process.poll() is None, process.stderr.read()
            if not added and len(committed(address, TOPIC, 3)) == 6:
                redis.client.xadd(NEAR, {"task": "late"})
                added = 1
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, "omni: interrupted.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--follow", "--cut-over", "--yes"), "--follow never ends"),
        (("--after", "yesterday", "--yes"), "`yesterday` is no id of an entry"),
        ((), "there is no terminal to ask at"),
        (("--key", "", "--yes"), "it is empty"),
    ],
)
def test_what_cannot_be_asked_for_so_is_a_sentence(project, arguments, said):
    ran = project.omni("migrate", "redis-streams", NEAR, "--to", TOPIC, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_without_an_address_or_a_server_it_says_what_is_missing(project, closed_port):
    ran = project.omni("import", "redis-streams")
    assert (ran.code, ran.out) == (2, "")
    assert "OMNI_REDIS_URL is not set" in ran.err
    ran = project.omni("import", "redis-streams", OMNI_REDIS_URL=f"redis://:hush-hush@127.0.0.1:{closed_port}/0")
    assert ran.code == 2
    assert f"no Redis answers at 127.0.0.1:{closed_port}/0" in ran.err
    assert "hush-hush" not in ran.err


def test_under_read_only_nothing_is_copied_and_a_look_works(streams, address):
    migrate = ("migrate", "redis-streams", NEAR, "--to", TOPIC)
    refused = streams.omni(*migrate, "--yes", OMNI_READONLY="1")
    assert refused.code == 2
    assert "OMNI_READONLY=1 forbids every write" in refused.err
    assert streams.omni(*migrate, "--dry-run", OMNI_READONLY="1").code == 1
    assert committed(address, TOPIC, 3) == []
