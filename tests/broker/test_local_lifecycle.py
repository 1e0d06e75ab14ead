from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from filelock import FileLock

from omni_assets.broker.admin import BrokerAdmin, NewTopicRequest
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.local import lifecycle, noida
from omni_assets.broker.local.record import RECORDS, BrokerRecord
from omni_assets.errors import EngineFailed, EngineUnavailable, InputError, PortInUse, StateError
from omni_assets.processes import turns
from omni_assets.processes.identity import identity
from omni_assets.processes.ports import free_port
from omni_assets.processes.status import State

pytestmark = pytest.mark.broker


@pytest.fixture
def home(tmp_path: Path) -> Any:
    folder = tmp_path / ".omni"
    yield folder
    lifecycle.stop(folder)


def topics(record: BrokerRecord) -> set[str]:
    with BrokerAdmin(Connection(record.bootstrap_servers)) as admin:
        return {name for name in admin.topic_names() if not name.startswith("__")}


def create(record: BrokerRecord, name: str) -> None:
    with BrokerAdmin(Connection(record.bootstrap_servers)) as admin:
        assert admin.create_topics([NewTopicRequest(name)]) == {name: None}


def saved(home: Path) -> Path:
    return home / "broker" / "noida" / "kafka.json"


def kill(record: BrokerRecord) -> None:
    assert record.pid is not None
    os.kill(record.pid, signal.SIGKILL)
    while identity(record.pid) is not None:
        time.sleep(0.01)


def test_it_starts_answers_is_recorded_and_stops(home: Path) -> None:
    assert lifecycle.status(home).state is State.STOPPED
    assert lifecycle.running(home) is None
    record = lifecycle.start(home)
    assert record.pid is not None
    assert (record.engine, record.host, record.data_dir) == ("noida", "127.0.0.1", str(home / "broker" / "noida"))
    assert record.bootstrap_servers == f"127.0.0.1:{record.port}"
    assert lifecycle.running(home) == record
    assert str(record.pid) in lifecycle.status(home).detail
    assert topics(record) == set()
    stopped = lifecycle.stop(home)
    assert stopped is not None
    assert stopped.stopped_at is not None
    assert identity(record.pid) is None
    assert lifecycle.status(home).state is State.STOPPED
    assert lifecycle.stop(home) is None


def test_nothing_is_made_by_looking_or_stopping(home: Path) -> None:
    lifecycle.status(home)
    lifecycle.running(home)
    assert lifecycle.stop(home) is None
    assert not home.exists()


def test_starting_twice_gives_the_running_one(home: Path) -> None:
    record = lifecycle.start(home)
    assert lifecycle.start(home) == record
    assert lifecycle.start(home, port=record.port) == record


def test_data_and_address_outlive_a_restart(home: Path) -> None:
    first = lifecycle.start(home)
    create(first, "kept")
    lifecycle.stop(home)
    second = lifecycle.start(home)
    assert second.bootstrap_servers == first.bootstrap_servers
    assert second.pid != first.pid
    assert topics(second) == {"kept"}


def test_a_misspelt_name_creates_no_topic_after_any_start(home: Path) -> None:
    for _ in range(2):
        record = lifecycle.start(home)
        producer = open_client(Producer, Connection(record.bootstrap_servers), {"allow.auto.create.topics": True})
        producer.produce("misspelt", value=b"x")
        producer.flush(0.5)
        producer.purge()
        assert topics(record) == set()
        lifecycle.stop(home)


def test_a_killed_broker_is_stale_and_its_topics_come_back(home: Path) -> None:
    record = lifecycle.start(home)
    create(record, "kept")
    while not (saved(home).exists() and b"kept" in saved(home).read_bytes()):
        time.sleep(0.05)
    kill(record)
    assert lifecycle.status(home).state is State.STALE
    assert lifecycle.running(home) is None
    again = lifecycle.start(home)
    assert again.bootstrap_servers == record.bootstrap_servers
    assert topics(again) == {"kept"}


def test_a_broker_that_ends_while_it_is_waited_for_is_started_anew(home: Path) -> None:
    before = lifecycle.start(home, port=0)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as beside:
        starting = beside.submit(lifecycle.start, home, timeout=60)
        time.sleep(2)  # until it has seen that the broker runs, and does not answer
        os.kill(before.pid, signal.SIGKILL)
        after = starting.result()
    assert after.pid != before.pid
    assert lifecycle.running(home) == after


def test_stopping_a_killed_broker_clears_the_record(home: Path) -> None:
    kill(lifecycle.start(home))
    assert lifecycle.stop(home) is None
    assert lifecycle.status(home).state is State.STOPPED


def test_a_process_that_has_the_id_now_is_not_taken_for_the_broker(home: Path) -> None:
    record = lifecycle.start(home)
    kill(record)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        RECORDS.write(home, replace(record, pid=bystander.pid))
        assert lifecycle.status(home).state is State.STALE
        assert lifecycle.stop(home) is None
        assert bystander.poll() is None
        bystander.kill()


def test_a_broker_that_hangs_is_not_answering_and_can_be_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noida, "_STOP_SECONDS", 0.2)
    monkeypatch.setattr(lifecycle, "_ANSWER_SECONDS", 0.2)
    record = lifecycle.start(home)
    assert record.pid is not None
    os.kill(record.pid, signal.SIGSTOP)
    assert lifecycle.status(home).state is State.NOT_ANSWERING
    assert lifecycle.running(home) is None
    with pytest.raises(EngineFailed, match="does not answer") as hung:
        lifecycle.start(home, timeout=0.3)
    assert "omni broker stop" in hung.value.remedy
    assert lifecycle.stop(home) is not None
    assert identity(record.pid) is None


@pytest.mark.parametrize("content", [b"", b"not json", b"{}", b'{"engine": 7}'])
def test_a_corrupt_record_is_stale_and_a_start_mends_it(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / RECORDS.name).write_bytes(content)
    assert lifecycle.status(home).state is State.STALE
    assert RECORDS.name in lifecycle.status(home).detail
    assert lifecycle.stop(home) is None
    assert lifecycle.start(home) == lifecycle.running(home)


def test_a_record_of_an_unknown_engine_is_stale(home: Path) -> None:
    record = lifecycle.start(home)
    lifecycle.stop(home)
    RECORDS.write(home, replace(record, engine="later", stopped_at=None))
    assert lifecycle.status(home).state is State.STALE
    assert "`later`" in lifecycle.status(home).detail


@pytest.mark.skipif(sys.platform != "linux", reason="a broker without a record is recognised by /proc")
def test_a_broker_whose_starter_was_killed_before_the_record_is_found(home: Path) -> None:
    record = lifecycle.start(home)
    create(record, "kept")
    for spoil in (lambda file: file.unlink(), lambda file: file.write_bytes(b"{")):
        spoil(home / RECORDS.name)
        found = lifecycle.running(home)
        assert found is not None
        assert (found.pid, found.port) == (record.pid, record.port)
        assert lifecycle.start(home).pid == record.pid
        assert RECORDS.read(home) is not None
    (home / RECORDS.name).unlink()
    assert lifecycle.stop(home) is not None
    assert record.pid is not None
    assert identity(record.pid) is None


def test_another_engine_host_or_port_than_the_running_one_is_an_error(home: Path, free_port: Callable[[], int]) -> None:
    record = lifecycle.start(home)
    other = free_port()
    for asked in ({"port": other}, {"engine": "redpanda"}, {"host": "127.0.0.2"}):
        with pytest.raises(InputError, match="already runs") as refused:
            lifecycle.start(home, **asked)  # type: ignore[arg-type]
        assert str(next(iter(asked.values()))) in refused.value.message
        assert "omni broker stop" in refused.value.remedy
    assert lifecycle.running(home) == record


def test_a_port_in_use_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)) as refused:
            lifecycle.start(home, port=port)
    assert "--port" in refused.value.remedy
    assert lifecycle.status(home).state is State.STOPPED


def test_a_port_that_was_not_named_gives_way(home: Path) -> None:
    record = lifecycle.start(home)
    lifecycle.stop(home)
    with socket.create_server(("127.0.0.1", record.port)):
        other = lifecycle.start(home)
    assert other.port != record.port
    assert topics(other) == set()


def test_port_0_is_any_free_port(home: Path) -> None:
    record = lifecycle.start(home, port=0)
    assert record.port > 0
    assert topics(record) == set()
    assert lifecycle.start(home, port=0) == record


def test_the_last_words_of_a_broker_that_ran_outlive_restarts(home: Path) -> None:
    log, kept = home / "broker" / "noida.log", home / "broker" / "noida.log.1"
    for words in ("panicked at src/main.rs", "out of memory"):
        kill(lifecycle.start(home))
        with log.open("a") as crashed:
            crashed.write(f"{words}\n")
        lifecycle.start(home)
        assert words in kept.read_text()
        assert words not in log.read_text()
        lifecycle.stop(home)


def test_starts_that_fail_do_not_push_the_last_words_out(home: Path) -> None:
    log, kept = home / "broker" / "noida.log", home / "broker" / "noida.log.1"
    kill(lifecycle.start(home))
    with log.open("a") as crashed:
        crashed.write("out of memory\n")
    saved(home).write_bytes(b"spoilt")
    for _ in range(2):
        with pytest.raises(EngineFailed):
            lifecycle.start(home)
    assert "out of memory" in kept.read_text()


def test_two_state_folders_have_a_broker_each(tmp_path: Path) -> None:
    one, other = (lifecycle.start(tmp_path / name) for name in ("one", "other"))
    try:
        create(one, "mine")
        assert topics(other) == set()
    finally:
        lifecycle.stop(tmp_path / "one")
        lifecycle.stop(tmp_path / "other")


def test_of_many_starts_at_once_one_wins(home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        records_ = list(pool.map(lambda _: lifecycle.start(home), range(4)))
    assert len({record.pid for record in records_}) == 1


def test_of_many_processes_at_once_one_wins(home: Path) -> None:
    program = f"""
from pathlib import Path
from omni_assets.broker.local.lifecycle import start
print(start(Path({str(home)!r})).pid)
"""
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = {child.communicate(timeout=60)[0].strip() for child in children}
    assert len(printed) == 1
    assert printed.pop().isdecimal()


def test_the_broker_outlives_its_starter_and_holds_no_pipe_open(home: Path) -> None:
    program = f"""
from pathlib import Path
from omni_assets.broker.local.lifecycle import start
print(start(Path({str(home)!r})).pid)
"""
    # Reading to the end of both pipes would wait for ever if the broker had inherited one of them.
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    pid = int(done.stdout)
    assert identity(pid) is not None
    assert os.getsid(pid) != os.getsid(0)
    running = lifecycle.running(home)
    assert running is not None
    assert running.pid == pid


def test_a_start_that_is_interrupted_leaves_nothing_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spawned: list[int] = []
    real = noida._spawn

    def spawn(*arguments: Any) -> int:
        spawned.append(real(*arguments))
        return spawned[-1]

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(noida, "_spawn", spawn)
    monkeypatch.setattr(noida, "answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lifecycle.start(home)
    assert len(spawned) == 1
    assert identity(spawned[0]) is None
    assert lifecycle.status(home).state is State.STOPPED


def test_a_broker_that_never_answers_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noida, "answers", lambda *_: False)
    with pytest.raises(EngineFailed, match=r"does not answer at .* within 0.3 s") as slow:
        lifecycle.start(home, timeout=0.3)
    assert "noida.log" in slow.value.remedy
    assert lifecycle.status(home).state is State.STOPPED


@pytest.mark.parametrize("spoilt", [b"", b"\x00\x01garbage", b'{"topics": '])
def test_corrupt_data_refuses_to_start_and_a_reset_moves_it_aside(home: Path, spoilt: bytes) -> None:
    first = lifecycle.start(home)
    create(first, "kept")
    lifecycle.stop(home)
    saved(home).write_bytes(spoilt)
    with pytest.raises(EngineFailed, match=r"kafka\.json") as corrupt:
        lifecycle.start(home)
    assert "--reset" in corrupt.value.remedy
    assert saved(home).read_bytes() == spoilt
    again = lifecycle.start(home, reset=True)
    assert topics(again) == set()
    aside = [file for file in saved(home).parent.iterdir() if "aside" in file.name]
    assert [file.read_bytes() for file in aside] == [spoilt]


def test_a_reset_of_nothing_is_a_start_and_of_a_running_broker_an_error(home: Path) -> None:
    record = lifecycle.start(home, reset=True)
    with pytest.raises(InputError, match="running"):
        lifecycle.start(home, reset=True)
    assert lifecycle.running(home) == record


@pytest.mark.parametrize("asked", [{"engine": "carrier-pigeon"}, {"port": -1}, {"port": 65536}])
def test_what_cannot_be_started_is_named(home: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=str(next(iter(asked.values())))):
        lifecycle.start(home, **asked)


@pytest.mark.parametrize("host", ["192.0.2.1", "broker.invalid"])
def test_a_host_that_is_not_of_this_machine_is_named(home: Path, host: str) -> None:
    with pytest.raises(InputError, match=host):
        lifecycle.start(home, host=host)
    with pytest.raises(EngineFailed, match="cannot listen"):
        lifecycle.start(home, host=host, port=free_port("127.0.0.1"))


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match=r"file/\.omni") as refused:
        lifecycle.start(tmp_path / "file" / ".omni")
    assert "OMNI_HOME" in refused.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_read_only_state_folder_is_named(home: Path) -> None:
    home.mkdir(mode=0o555)
    with pytest.raises(StateError, match="cannot be used: permission denied"):
        lifecycle.start(home)


def test_a_start_that_waits_too_long_for_another_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOCK_SECONDS", 0.1)
    home.mkdir()
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(home / "broker.lock"):
            holding.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(30)
    try:
        with pytest.raises(StateError, match="another omni process"):
            lifecycle.start(home)
    finally:
        done.set()
        thread.join()


def test_without_the_package_the_way_out_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EngineUnavailable, match="noida-db") as absent:
        lifecycle.start(home)
    assert "omni-assets[broker]" in absent.value.remedy


def test_the_record_is_what_other_programs_read(home: Path) -> None:
    record = lifecycle.start(home)
    written = json.loads((home / RECORDS.name).read_text())
    assert {"engine", "bootstrap_servers", "pid", "port", "data_dir"} <= written.keys()
    assert (written["pid"], written["stopped_at"]) == (record.pid, None)
