"""Streams as a real Redis tells of them; what it refuses, and what never shows."""

from __future__ import annotations

import socket

import pytest
from redis import Redis

from omni_assets.errors import RedisRefused, RedisUnreachable, SettingsError
from omni_assets.operations.redis_streams import reading
from omni_assets.operations.redis_streams.entries import BEGINNING, END, EntryId
from omni_assets.operations.redis_streams.reading import RedisStreams

HOSTILE = b"\xff\x1b[31m:\xe2\x82\xac"


@pytest.fixture
def streams(redis):
    with RedisStreams(redis.url) as opened:
        yield opened


def test_streams_are_listed_with_their_groups_and_nothing_else_is(redis, streams):
    client = redis.client
    client.set("text", "1")
    ids = [client.xadd("orders", {"n": each}, id=f"{each + 1}-0") for each in range(5)]
    client.xdel("orders", ids[0])
    client.xgroup_create("orders", "late", "0")
    client.xgroup_create("orders", HOSTILE, "0")
    client.xreadgroup(HOSTILE, "c", {"orders": ">"}, count=3)
    client.xack("orders", HOSTILE, ids[2])
    client.xgroup_create("empty", "g", "$", mkstream=True)
    empty, orders = streams.listing().streams
    assert (empty.name, empty.length, empty.first, empty.last, empty.added) == ("empty", 0, None, BEGINNING, 0)
    assert (orders.length, orders.first, orders.last, orders.added) == (4, EntryId(2, 0), EntryId(5, 0), 5)
    late, hostile = orders.groups
    assert (late.name, late.delivered, late.pending) == ("late", BEGINNING, 0)
    assert (hostile.delivered, hostile.pending, hostile.consumers) == (EntryId(4, 0), 2, 1)
    assert streams.pending("orders", hostile.name, 10) == (EntryId(2, 0), EntryId(4, 0))
    assert streams.listing().unknown == ""


def test_names_may_be_any_bytes(redis, streams):
    redis.client.xadd(HOSTILE, {"a": "1"}, id="1-0")
    (found,) = streams.listing().streams
    assert found.name.encode("utf-8", "surrogateescape") == HOSTILE
    assert streams.stream(found.name) == found
    assert len(streams.entries(found.name, BEGINNING, END, 10)) == 1


def test_entries_keep_fields_that_stand_there_twice(redis, streams):
    redis.client.execute_command("XADD", "orders", "1-1", "a", "1", "b", b"\xff", "a", "2")
    (entry,) = streams.entries("orders", BEGINNING, END, 10)
    assert (entry.id, entry.fields) == (EntryId(1, 1), ((b"a", b"1"), (b"b", b"\xff"), (b"a", b"2")))


def test_entries_are_read_behind_one_up_to_another(redis, streams):
    for each in range(1, 8):
        redis.client.xadd("orders", {"n": each}, id=f"1-{each}")

    def read(after, upto, most=99):
        return [each.id.sequence for each in streams.entries("orders", after, upto, most)]

    assert read(EntryId(1, 2), EntryId(1, 5)) == [3, 4, 5]
    assert read(BEGINNING, END, 2) == [1, 2]
    assert read(EntryId(1, 7), END) == read(EntryId(1, 5), EntryId(1, 5)) == []


def test_pending_entries_are_asked_for_in_pages(redis, streams, monkeypatch):
    monkeypatch.setattr(reading, "_PENDING_PER_CALL", 3)
    for each in range(1, 11):
        redis.client.xadd("orders", {"n": each}, id=f"1-{each}")
    redis.client.xgroup_create("orders", "g", "0")
    redis.client.xreadgroup("g", "c", {"orders": ">"})
    assert [each.sequence for each in streams.pending("orders", "g", 100)] == list(range(1, 11))
    assert [each.sequence for each in streams.pending("orders", "g", 7)] == list(range(1, 8))


def test_a_listing_that_is_cut_off_says_so(redis, streams, monkeypatch):
    monkeypatch.setattr(reading, "_KEYS_PER_CALL", 10)
    monkeypatch.setattr(reading, "MOST_STREAMS", 5)
    for each in range(200):
        redis.client.xadd(f"orders-{each}", {"n": each})
    found = streams.listing()
    assert 5 <= len(found.streams) < 200
    assert found.unknown == f"only the first {len(found.streams)} were listed"


def test_what_is_no_stream_is_not_there_or_refused(redis, streams):
    redis.client.set("text", "1")
    assert streams.stream("nowhere") is None
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        streams.stream("text")


def test_a_password_that_is_wrong_is_refused_and_never_told(redis):
    with RedisStreams(redis.url.replace(redis.password, "not-this-one-2718")) as streams:
        assert streams.address == f"127.0.0.1:{redis.port}/0"
        with pytest.raises(RedisRefused) as refused:
            streams.listing()
    assert "not-this-one-2718" not in str(refused.value)
    assert redis.password not in str(refused.value)


def test_a_user_needs_no_more_leave_than_is_written_down_and_is_told_what_it_lacks(redis):
    redis.client.execute_command("ACL", "SETUSER", "reader", "on", ">hush-hush", "~*", "+xrange")
    redis.client.xadd("orders", {"a": "1"})
    redis.client.xgroup_create("orders", "g", "0")
    url = redis.url.replace(f":{redis.password}", "reader:hush-hush")
    try:
        with RedisStreams(url) as streams, pytest.raises(RedisRefused, match="SCAN, XINFO, XRANGE and XPENDING"):
            streams.listing()
        redis.client.execute_command("ACL", "SETUSER", "reader", "+scan", "+xinfo", "+xpending")
        with RedisStreams(url) as streams:
            assert len(streams.listing().streams) == len(streams.entries("orders", BEGINNING, END, 9)) == 1
            assert streams.pending("orders", "g", 9) == ()
    finally:
        redis.client.execute_command("ACL", "DELUSER", "reader")


def test_where_nobody_listens_it_says_so(closed_port):
    url, said = f"redis://:hush-hush@127.0.0.1:{closed_port}/3", f"no Redis answers at 127.0.0.1:{closed_port}/3"
    with RedisStreams(url) as streams, pytest.raises(RedisUnreachable, match=said) as error:
        streams.listing()
    assert "hush" not in str(error.value)
    assert error.value.transient


def test_a_server_that_says_nothing_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(reading, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        with RedisStreams(url) as streams, pytest.raises(RedisUnreachable, match="no Redis answers at 127"):
            streams.listing()


@pytest.mark.parametrize(
    "url", ["hush-hush", "http://hush", "redis://h:hush", "redis://h/0?hush=1", "redis://h?socket_timeout=hush"]
)
def test_what_is_no_address_is_not_told_either(url):
    with pytest.raises(SettingsError, match="OMNI_REDIS_URL is no address") as error:
        RedisStreams(url)
    assert "hush" not in str(error.value)


def test_the_address_comes_from_a_variable_or_a_file(tmp_path, redis):
    file = tmp_path / "url"
    file.write_text(f"{redis.url}\n", encoding="utf-8")
    for environ in ({"OMNI_REDIS_URL": redis.url}, {"OMNI_REDIS_URL_FILE": str(file)}):
        with RedisStreams.from_environment(environ) as streams:
            assert streams.listing().streams == ()
    with pytest.raises(SettingsError, match="OMNI_REDIS_URL is not set"):
        RedisStreams.from_environment({})


def test_a_look_changes_nothing(redis, streams):
    redis.client.xadd("orders", {"a": "1"})
    redis.client.xgroup_create("orders", "g", "0")
    watched = Redis.from_url(redis.url)
    with watched.monitor() as monitor:
        streams.listing()
        streams.entries("orders", BEGINNING, END, 10)
        streams.pending("orders", "g", 10)
        redis.client.ping()
        asked = []
        for command in monitor.listen():
            asked.append(str(command["command"]).split(" ")[0].upper())
            if asked[-1] == "PING":
                break
    watched.close()
    assert set(asked) - {"AUTH", "CLIENT", "SELECT", "PING"} == {"SCAN", "XINFO", "XRANGE", "XPENDING"}
