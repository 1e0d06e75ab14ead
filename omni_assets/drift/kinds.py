"""What can differ between contracts and a broker, and what each kind of difference means."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class DriftKind(StrEnum):
    """What differs."""

    MISSING = "missing"
    ORPHANED = "orphaned"
    RECREATED = "recreated"
    PARTITIONS = "partitions"
    REPLICATION = "replication"
    CONFIG = "config"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    STRANDED = "stranded"
    SILENT_READER = "silent_reader"
    SILENT_WRITER = "silent_writer"
    RETIRING = "retiring"


FLOW_KINDS = frozenset({DriftKind.STRANDED, DriftKind.SILENT_READER, DriftKind.SILENT_WRITER})
"""Kinds that are told from offsets and consumer groups, not from topics."""

UNDECLARED_KINDS = frozenset({DriftKind.ORPHANED, DriftKind.STRANDED})
"""Kinds of topics that no contract declares. A retiring topic may be declared or not."""

FLOWS = "flows"
"""The field of an ``unknown`` drift that is about offsets and groups alone: the topic itself was seen."""

MEANINGS: Mapping[DriftKind, str] = {
    DriftKind.MISSING: "a declared topic is not on the broker",
    DriftKind.ORPHANED: "a topic on the broker is in no contract",
    DriftKind.RECREATED: "a declared topic has another topic id than when it was seen last",
    DriftKind.PARTITIONS: "a topic has more or fewer partitions than declared",
    DriftKind.REPLICATION: "some partition has more or fewer replicas than declared",
    DriftKind.CONFIG: "a config key has another value than declared, is not the topic's own where it should be, or is "
    "the topic's own where nothing declares it",
    DriftKind.CONFLICT: "contracts disagree about a topic, or state what cannot be used",
    DriftKind.UNKNOWN: "something about a topic could not be seen; whatever could be is judged all the same",
    DriftKind.STRANDED: "an orphan whose name nearly is a declared one holds records",
    DriftKind.SILENT_READER: "a node that subscribes a topic does not read it, or reads no further, or a consumer "
    "group reads it that belongs to no subscriber",
    DriftKind.SILENT_WRITER: "a published topic got no record within the time in which one is expected",
    DriftKind.RETIRING: "a topic is being renamed or ended",
}
"""What each kind says, as a clause."""
