"""What becomes of an entry of a stream: a record of a topic. Pure.

Where one field holds the payload, its bytes are the value, and the other fields are headers. Else the value is a JSON
object of all fields, in their order: a text each, or a list of texts where a field stands there more than once; what is
no UTF-8 stands there in Base64, and a header names its field. So nothing of an entry is lost, and the same entry gives
the same record, whenever it is copied.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from omni_assets.broker.headers import Headers
from omni_assets.broker.intake import Incoming
from omni_assets.operations.redis_streams.entries import Entry, EntryId

BASE64 = "omni-migrated-base64"
"""The header that names the fields whose values stand in Base64, as a JSON list; absent where there are none."""

STREAMS_SINCE_MS = 1_514_764_800_000
"""2018 began. Redis 5.0, the first with streams, was released in that year: an id below is no time but a count."""

_ALONE = 0  # the partition of all records without a key: a stream has one order, and so has a partition


class Unfit(ValueError):
    """An entry that becomes no record of this form. ``str()`` is a clause."""


@dataclass(frozen=True, slots=True)
class Form:
    """How entries become records: the fields that hold a record's key and its value. Without ``key`` no record has one;
    without ``value`` all fields together are the value."""

    key: str | None = None
    value: str | None = None


def copy_of(entry: Entry, form: Form, now_ms: int) -> Incoming:
    """The record that an entry becomes. Raises ``Unfit``.

    Its time is that of the id, where the id is a time up to now; else it is stamped when it is written. An entry
    without the key's field has no key, and goes where all of those go.
    """
    key = None if form.key is None else _field(entry, form.key)
    value, headers = _document(entry) if form.value is None else _payload(entry, form.value)
    at_ms = entry.id.milliseconds if STREAMS_SINCE_MS <= entry.id.milliseconds <= now_ms else 0
    return Incoming(str(entry.id), key, value, headers, at_ms, _ALONE if key is None else None)


def time_of(entry: EntryId) -> int | None:
    """The milliseconds since 1970 that an id states; ``None`` where it is a count."""
    return entry.milliseconds if entry.milliseconds >= STREAMS_SINCE_MS else None


def _field(entry: Entry, name: str) -> bytes | None:
    """The value of a field; the first where it stands there more than once."""
    wanted = name.encode("utf-8", "surrogateescape")
    return next((value for each, value in entry.fields if each == wanted), None)


def _payload(entry: Entry, field: str) -> tuple[bytes, Headers]:
    value = _field(entry, field)
    if value is None:
        raise Unfit(f"the entry {entry.id} has no field `{field}`")
    return value, tuple((name, each) for name, each in _named(entry) if name != field)


def _document(entry: Entry) -> tuple[bytes, Headers]:
    texts: dict[str, list[str]] = {}
    binary = {name: None for name, value in _named(entry) if not _is_text(value)}
    for name, value in _named(entry):
        texts.setdefault(name, []).append(b64encode(value).decode() if name in binary else value.decode())
    document = {name: each[0] if len(each) == 1 else each for name, each in texts.items()}
    headers = ((BASE64, json.dumps(list(binary)).encode()),) if binary else ()
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), headers


def _named(entry: Entry) -> Iterator[tuple[str, bytes]]:
    for name, value in entry.fields:
        if not _is_text(name):
            raise Unfit(f"the entry {entry.id} has a field whose name is no UTF-8")
        yield name.decode(), value


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
