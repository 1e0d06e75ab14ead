"""Where processes listen, as the kernel tells it. Linux only."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_LISTENING = "0A"  # TCP_LISTEN, include/net/tcp_states.h


def listened_at(pids: Iterable[int]) -> set[tuple[str, int]]:
    """The addresses and ports at which any of these processes listens by TCP."""
    sockets = {inode for pid in pids for inode in _sockets(pid)}
    return {at for table in ("tcp", "tcp6") for inode, at in _table(table) if inode in sockets}


def reached_from_elsewhere(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Those of them that are not of the loopback device."""
    return {(host, port) for host, port in listened_at(pids) if not _is_loopback(host)}


def _is_loopback(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _sockets(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(os.readlink(each).removeprefix("socket:[").removesuffix("]"))
    return found


def _table(name: str) -> list[tuple[str, tuple[str, int]]]:
    """Inode, address and port of every listening socket."""
    rows = [line.split() for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]]
    return [(row[9], _place(row[1])) for row in rows if row[3] == _LISTENING]


def _place(written: str) -> tuple[str, int]:
    """An address is written in words of four bytes, each in the order of the machine."""
    host, _, port = written.partition(":")
    words = [bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8)]
    return str(ipaddress.ip_address(b"".join(words))), int(port, 16)
