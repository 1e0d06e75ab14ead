"""Names of any spelling as parts of asset keys and as keys of partitions. Pure."""

from __future__ import annotations

import re
from hashlib import sha256

_IN_NEITHER = re.compile(r"[^A-Za-z0-9_.-]|^\.+$|\.{3,}")
_LONGEST = 200


def spelt(name: str) -> str:
    """``name`` as Dagster takes it, and distinct for each name."""
    safe = _IN_NEITHER.sub("_", name)[:_LONGEST]
    if safe == name:
        return name
    # Names that only differ in what is replaced must not share a key.
    return f"{safe}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
