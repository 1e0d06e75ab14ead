from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from omni_assets.broker.local import probe


@pytest.mark.broker
def test_a_broker_answers(broker: Any) -> None:
    assert probe.answers(broker.record.host, broker.record.port)


def test_a_closed_port_does_not_answer(closed_port: int) -> None:
    assert not probe.answers("127.0.0.1", closed_port, 0.2)


def test_a_listener_that_only_accepts_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not probe.answers("127.0.0.1", server.getsockname()[1], 0.2)


@pytest.mark.parametrize("words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\4", b""])
def test_what_speaks_another_protocol_is_no_broker(words: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            with server.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(words)

        thread = threading.Thread(target=speak)
        thread.start()
        assert not probe.answers("127.0.0.1", server.getsockname()[1], 1.0)
        thread.join()


def test_a_host_that_does_not_exist_is_no_broker() -> None:
    assert not probe.answers("broker.invalid", 9092, 0.2)
