"""The headers of a record, whatever somebody wrote as their names.

Kafka wants names in UTF-8, and no broker looks. Of a record with another one the client gives a list with holes while
an error is pending: whoever looks into that crashes the process. So headers are asked for here first, in a way that has
the interpreter look at the error, and such a record has one header alone, which says so.
"""

from __future__ import annotations

from operator import methodcaller
from typing import Any, cast

from confluent_kafka import Message

Headers = tuple[tuple[str, bytes | None], ...]

UNREADABLE = "omni-unreadable-headers"
"""The name of the one header of a record whose headers nobody can read."""

_WHY = b"a name among them is no UTF-8"

# Written as `record.headers()`, the call is one that the interpreter specialises, and then looks at no error behind.
_stated = methodcaller("headers")


def headers_of(record: Message) -> Headers:
    """The headers of a record, as often as each stands there."""
    try:
        stated: Any = _stated(record)
    except SystemError:
        record.set_headers([(UNREADABLE, _WHY)])
        stated = _stated(record)
    return cast("Headers", tuple(stated or ()))


def are_unreadable(headers: Headers) -> bool:
    """Whether these stand for others that nobody can read."""
    return any(name == UNREADABLE for name, _ in headers)
