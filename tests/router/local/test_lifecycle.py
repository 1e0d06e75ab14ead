"""The local model's server, as a real process with the real weights."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omni_assets.errors import EngineFailed, ExtraMissing, InputError, PortInUse
from omni_assets.processes.identity import end, identity
from omni_assets.processes.status import State
from omni_assets.router.local import lifecycle
from omni_assets.router.local.record import RECORDS, ModelRecord
from omni_assets.router.local.weights import Serving, weights

SERVING = Serving(weights(), context=512)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / ".omni"
    yield folder
    lifecycle.stop(folder)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ModelRecord]]:
    """One server for all tests of this module that leave it as it is."""
    folder = tmp_path_factory.mktemp("omni")
    yield folder, lifecycle.start(folder, SERVING)
    lifecycle.stop(folder)


def ask(record: ModelRecord, path: str, body: dict[str, Any] | None = None, **headers: str) -> tuple[int, Any, str]:
    connection = http.client.HTTPConnection(record.host, record.port, timeout=60)
    try:
        text = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, text, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def chat(record: ModelRecord, text: str, tokens: int, **more: Any) -> tuple[int, Any, Any]:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0, **more}
    status, headers, answer = ask(record, "/v1/chat/completions", body, origin="http://page.example")
    return status, headers, json.loads(answer)


def await_work(record: ModelRecord, asking: threading.Thread) -> None:
    while asking.is_alive() and "requests_processing 1" not in ask(record, "/metrics")[2]:
        time.sleep(0.01)


def test_it_starts_is_recorded_and_stops(home: Path) -> None:
    assert lifecycle.status(home).state is State.STOPPED
    assert lifecycle.running(home) is None
    assert lifecycle.stop(home) is None
    record = lifecycle.start(home, SERVING)
    assert lifecycle.running(home) == record == RECORDS.read(home)
    assert lifecycle.start(home, SERVING) == record
    stopped = lifecycle.stop(home)
    assert stopped is not None
    assert identity(record.pid) is None
    assert lifecycle.stop(home) is None
    assert lifecycle.status(home).state is State.STOPPED
    assert lifecycle.start(home, SERVING).port == record.port


def test_it_answers_as_openai_does(served: tuple[Path, ModelRecord]) -> None:
    _, record = served
    status, _, answer = chat(record, "Say hello.", 8)
    assert (status, answer["model"]) == (200, "smollm2")
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["usage"]["completion_tokens"] <= 8 < answer["usage"]["prompt_tokens"]
    assert json.loads(ask(record, "/v1/models")[2])["data"][0]["meta"]["n_ctx"] == 512


def test_it_shows_nobody_what_others_ask(served: tuple[Path, ModelRecord]) -> None:
    home, record = served
    status, headers, refused = chat(record, "secret " * 600, 8)
    assert (status, refused["error"]["type"]) == (400, "exceed_context_size_error")
    assert headers["Access-Control-Allow-Origin"] == ""
    assert ask(record, "/slots")[0] != 200
    assert "secret" not in lifecycle.log_file(home).read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="sockets are read from /proc")
def test_it_listens_on_loopback_only(served: tuple[Path, ModelRecord]) -> None:
    _, record = served
    sockets = set()
    for link in Path(f"/proc/{record.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that has ended since
            sockets.add(os.readlink(link))
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{record.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                listening.append(fields[1])
    assert listening == [f"0100007F:{record.port:04X}"]


def test_what_it_answers_is_answered_before_it_ends(home: Path) -> None:
    record = lifecycle.start(home, SERVING)
    answers: list[tuple[int, Any, Any]] = []
    asking = threading.Thread(target=lambda: answers.append(chat(record, "Tell me a story.", 16)))
    asking.start()
    await_work(record, asking)
    assert lifecycle.stop(home) is not None
    asking.join(10)
    assert identity(record.pid) is None
    assert [status for status, _, _ in answers] == [200]


def test_a_request_without_end_does_not_keep_it(home: Path) -> None:
    record = lifecycle.start(home, Serving(weights()))

    def count() -> None:
        with pytest.raises((OSError, http.client.HTTPException)):
            chat(record, "Count for ever.", 8000, ignore_eos=True)

    asking = threading.Thread(target=count)
    asking.start()
    await_work(record, asking)
    assert lifecycle.stop(home) is not None
    asking.join(10)
    assert not asking.is_alive()
    assert identity(record.pid) is None


def test_another_process_under_the_recorded_id_is_left_alone(home: Path) -> None:
    record = lifecycle.start(home, SERVING)
    lifecycle.stop(home)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        RECORDS.write(home, replace(record, pid=bystander.pid, stopped_at=None))
        assert lifecycle.status(home).state is State.STALE
        assert lifecycle.running(home) is None
        assert lifecycle.stop(home) is None
        assert bystander.poll() is None
        bystander.kill()


def test_a_server_that_was_killed_is_stale_and_starts_again(home: Path) -> None:
    record = lifecycle.start(home, SERVING)
    os.kill(record.pid, signal.SIGKILL)
    while identity(record.pid) is not None:
        time.sleep(0.01)
    found = lifecycle.status(home)
    assert found.state is State.STALE
    assert found.detail.endswith("ended without being stopped.")
    assert lifecycle.start(home, SERVING).pid != record.pid


def test_a_server_that_does_not_answer_is_seen_and_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = lifecycle.start(home, SERVING)
    os.kill(record.pid, signal.SIGSTOP)
    monkeypatch.setattr(lifecycle, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(lifecycle, "_STOP_SECONDS", 0.2)
    while lifecycle.running(home):  # its threads stop one by one
        time.sleep(0.01)
    assert lifecycle.status(home).state is State.NOT_ANSWERING
    with pytest.raises(EngineFailed, match=r"does not answer at .* within 0.5 s"):
        lifecycle.start(home, SERVING, timeout=0.5)
    assert lifecycle.stop(home) is not None
    assert identity(record.pid) is None


def test_of_many_starts_at_once_one_wins(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        started = list(pool.map(lambda _: lifecycle.start(home, SERVING), range(3)))
    assert len({record.pid for record in started}) == 1


def test_it_outlives_its_starter_and_holds_no_pipe_open(home: Path) -> None:
    program = f"""
from pathlib import Path
from omni_assets.router.local.lifecycle import start
from omni_assets.router.local.weights import Serving, weights
print(start(Path({str(home)!r}), Serving(weights(), context=512)).pid)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    running = lifecycle.running(home)
    assert running is not None
    assert running.pid == int(done.stdout)
    assert os.getsid(running.pid) != os.getsid(0)


@pytest.mark.parametrize(
    ("serving", "port", "asked_for"),
    [
        (SERVING, 1, "port 1"),
        (replace(SERVING, threads=2), None, "threads 2"),
        (replace(SERVING, context=1024), None, "a context of 1024"),
    ],
)
def test_another_than_the_running_one_is_refused(
    served: tuple[Path, ModelRecord], serving: Serving, port: int | None, asked_for: str
) -> None:
    home, record = served
    with pytest.raises(InputError, match=rf"is already served at .*, and {asked_for} was asked for\."):
        lifecycle.start(home, serving, port)
    assert lifecycle.running(home) == record


def test_a_port_that_is_taken_is_refused_where_it_was_asked_for_and_left_where_not(home: Path) -> None:
    first = lifecycle.start(home, SERVING)
    lifecycle.stop(home)
    with socket.create_server(("127.0.0.1", first.port)):
        with pytest.raises(PortInUse, match=f"port {first.port} on 127.0.0.1 is in use"):
            lifecycle.start(home, SERVING, first.port)
        assert lifecycle.start(home, SERVING).port != first.port


def test_a_port_that_is_taken_in_between_is_seen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "port_is_free", lambda *_: True)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortInUse):
        lifecycle.start(home, SERVING, taken.getsockname()[1])
    assert RECORDS.read(home) is None


def test_weights_that_the_engine_cannot_load_end_the_start_in_its_words(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(weights().file.read_bytes()[:100_000])
    with pytest.raises(EngineFailed, match=r"the local model ended at its start: .+\.$") as failed:
        lifecycle.start(home, Serving(weights(broken)))
    assert str(lifecycle.log_file(home)) in failed.value.remedy
    assert "said nothing" not in failed.value.message
    assert "Traceback" not in lifecycle.log_file(home).read_text()
    assert lifecycle.status(home).state is State.STOPPED


def test_a_start_that_is_interrupted_leaves_nothing_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spawned: list[int] = []

    def interrupted(record: ModelRecord) -> bool:
        spawned.append(record.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lifecycle.start(home, SERVING)
    assert len(spawned) == 1
    assert identity(spawned[0]) is None
    assert RECORDS.read(home) is None


def test_without_the_engine_the_way_out_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ExtraMissing, match="serving a local model"):
        lifecycle.start(home, SERVING)


@pytest.mark.parametrize("content", [b"", b"{", b'{"model": 1}'])
def test_a_damaged_record_is_told_and_written_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / RECORDS.name).write_bytes(content)
    found = lifecycle.status(tmp_path)
    assert (found.state, found.record) == (State.STALE, None)
    assert RECORDS.name in found.detail
    assert lifecycle.stop(tmp_path) is None
    record = lifecycle.start(tmp_path, SERVING)
    assert RECORDS.read(tmp_path) == record
    assert end(record.pid, record.process, 10.0)
