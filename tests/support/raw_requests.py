"""What the client for Python cannot do or does not tell, as bytes: moving replicas, and quotas.

Source of the layouts: the protocol guide of Apache Kafka 4.x (AlterPartitionReassignments 0, AlterClientQuotas 0,
CreateTopics 4).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence

_CLIENT = b"tests"
_CORRELATION = 1
_TIMEOUT_MS = 20_000
_NO_TAGS = b"\0"
_NULL = struct.pack(">h", -1)


def reassign(address: str, topic: str, replicas: Mapping[int, Sequence[int]]) -> None:
    """Have the partitions of a topic kept by these brokers. Data moves in the background."""
    partitions = b"".join(
        struct.pack(">i", partition) + _compact([struct.pack(">i", broker) for broker in brokers]) + _NO_TAGS
        for partition, brokers in replicas.items()
    )
    name = topic.encode()
    body = (
        struct.pack(">i", _TIMEOUT_MS)
        + _length(1) + _length(len(name)) + name
        + _length(len(replicas)) + partitions + _NO_TAGS
        + _NO_TAGS
    )  # fmt: skip
    answer = _ask(address, 45, _NO_TAGS + body)
    # A tag count and the time of a throttle come first.
    _accepted(struct.unpack_from(">h", answer, 5)[0], f"moving replicas of {topic}")


def set_quota(address: str, key: str, value: float | None) -> None:
    """Bound what every user together with no quota of their own may use; ``None`` takes the bound away."""
    entity = struct.pack(">i", 1) + _string("user") + _NULL
    operation = struct.pack(">i", 1) + _string(key) + struct.pack(">d?", value or 0.0, value is None)
    answer = _ask(address, 49, struct.pack(">i", 1) + entity + operation + struct.pack(">?", False))
    _accepted(struct.unpack_from(">h", answer, 8)[0], f"the quota {key}")


def throttled_ms(address: str, topic: str, partitions: int) -> int:
    """Create a topic; for how many milliseconds its creator is over the quota then."""
    created = _string(topic) + struct.pack(">ihii", partitions, 1, 0, 0)
    answer = _ask(address, 19, struct.pack(">i", 1) + created + struct.pack(">i?", _TIMEOUT_MS, False), version=4)
    throttled: int = struct.unpack_from(">i", answer)[0]
    return throttled


def _ask(address: str, key: int, rest: bytes, version: int = 0) -> bytes:
    """The answer to a request, without its correlation id."""
    message = struct.pack(">hhih", key, version, _CORRELATION, len(_CLIENT)) + _CLIENT + rest
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection, connection.makefile("rb") as stream:
        connection.sendall(struct.pack(">i", len(message)) + message)
        (size,) = struct.unpack(">i", stream.read(4))
        return stream.read(size)[4:]


def _accepted(code: int, what: str) -> None:
    assert code == 0, f"{what} was refused with error code {code}"


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _length(items: int) -> bytes:
    """The length of a compact array or string: one more, as a variable-length number."""
    left, out = items + 1, bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _compact(items: list[bytes]) -> bytes:
    return _length(len(items)) + b"".join(items)
