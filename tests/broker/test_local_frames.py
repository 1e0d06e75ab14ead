"""Messages on a connection, whole or not at all."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.local import frames
from omni_assets.broker.local.frames import Head, Place


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@given(messages=st.lists(st.binary(max_size=3_000), max_size=5))
def test_what_was_sent_is_received_message_by_message(messages: list[bytes]) -> None:
    one, other = socket.socketpair()
    with one, other:
        for message in messages:
            frames.send(one, message)
        frames.close(one)
        assert [frames.receive(other) for _ in messages] == messages
        assert frames.receive(other) is None


@given(key=st.integers(0, 200), version=st.integers(0, 20), number=st.integers(0, 2**31 - 1), rest=st.binary())
def test_a_request_tells_what_it_asks_and_its_number(key: int, version: int, number: int, rest: bytes) -> None:
    assert frames.head(struct.pack(">hhi", key, version, number) + rest) == Head(key, version, number)
    assert frames.correlation(struct.pack(">i", number) + rest) == number


@pytest.mark.parametrize("length", [-1, frames._LARGEST_MESSAGE + 1])
def test_a_length_that_no_message_has_is_the_end(length: int, ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends
    one.sendall(struct.pack(">i", length) + b"x" * 20)
    assert frames.receive(other) is None


def test_a_message_that_is_cut_off_is_none(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends
    one.sendall(struct.pack(">i", 20) + b"x" * 19)
    frames.close(one)
    assert frames.receive(other) is None


def test_closing_wakes_who_waits(ends: tuple[socket.socket, socket.socket]) -> None:
    one, _ = ends

    def wait() -> None:
        with suppress(OSError):  # where the connection was closed before it is read
            frames.receive(one)

    waiting = Thread(target=wait)
    waiting.start()
    frames.close(one)
    waiting.join(30)
    assert not waiting.is_alive()


def test_where_a_broker_is_as_answers_bear_it() -> None:
    assert Place("127.0.0.1", 9092).encoded == b"127.0.0.1\x00\x00\x23\x84"
