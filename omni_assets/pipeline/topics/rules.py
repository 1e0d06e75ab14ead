"""The rules over drift: one for each thing that can be wrong with topics, and one for each that is worth a note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import dagster as dg

from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Verdict

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

Concerns: TypeAlias = Callable[[Drift], bool]


def _of(kind: DriftKind) -> Concerns:
    return lambda drift: drift.kind is kind


@dataclass(frozen=True, slots=True)
class DriftRule:
    """A check over drift: it fails when any row concerns it."""

    name: str
    severity: dg.AssetCheckSeverity
    concerns: Concerns
    description: str
    passes: str
    fails: str


RULES: tuple[DriftRule, ...] = (
    DriftRule(
        "none_missing",
        _ERROR,
        _of(DriftKind.MISSING),
        "Every declared topic is on the broker. A missing one means that a service sends into nothing.",
        "every declared topic that could be seen is on the broker",
        "declared and not on the broker",
    ),
    DriftRule(
        "no_orphans",
        _WARN,
        _of(DriftKind.ORPHANED),
        "Every topic on the broker is declared by a contract. An orphan is often a misspelt name that a service "
        "created by using it.",
        "every topic on the broker is declared",
        "on the broker and declared by no contract",
    ),
    DriftRule(
        "no_stranded_records",
        _ERROR,
        _of(DriftKind.STRANDED),
        "No records went to a name that nearly is a declared one. Whoever reads the declared topic never sees them; "
        "`omni rescue` brings them home.",
        "no records were seen under a name that nearly is a declared one",
        "with records that were meant for a declared topic",
    ),
    DriftRule(
        "none_recreated",
        _WARN,
        _of(DriftKind.RECREATED),
        "No declared topic was deleted and made again since it was seen last. What it held is gone. A broker that "
        "reports no topic ids cannot tell.",
        "no topic was seen to have been made again",
        "deleted and made again since they were seen last",
    ),
    DriftRule(
        "every_subscriber_reads",
        _WARN,
        _of(DriftKind.SILENT_READER),
        "Each node reads the topics that it subscribes, and nobody else does: a consumer group of its own is there "
        "and moves on while records arrive. `reconcile.group_of_node` says which groups are whose.",
        "no subscriber was seen to be silent, and no reader undeclared",
        "that a subscriber does not read, or an undeclared reader does",
    ),
    DriftRule(
        "every_publisher_writes",
        _WARN,
        _of(DriftKind.SILENT_WRITER),
        "Each published topic got a record within the time in which one is expected, where its contract "
        "(`expected_every`) or the settings (`reconcile.silent_after`) state one.",
        "no published topic was seen to be silent for longer than expected",
        "that got no record for longer than expected",
    ),
    DriftRule(
        "partitions_match",
        _WARN,
        _of(DriftKind.PARTITIONS),
        "Topics have as many partitions as declared.",
        "all partition counts that could be seen are as declared",
        "with another number of partitions than declared",
    ),
    DriftRule(
        "replication_matches",
        _WARN,
        _of(DriftKind.REPLICATION),
        "Every partition has as many replicas as declared. A dead replica is not drift.",
        "all replication factors that could be seen are as declared",
        "with another replication factor than declared",
    ),
    DriftRule(
        "configs_match",
        _WARN,
        _of(DriftKind.CONFIG),
        "Retention, compaction and the other settings have the declared values in effect.",
        "all config values that could be seen are as declared",
        "with config values that differ",
    ),
    DriftRule(
        "contracts_agree",
        _ERROR,
        _of(DriftKind.CONFLICT),
        "No two contracts give one topic different settings. Where they do, nothing touches the topic.",
        "no topic is declared in two ways",
        "held back until their contracts are mended",
    ),
    DriftRule(
        "nothing_unknown",
        _ERROR,
        lambda drift: drift.verdict is Verdict.UNKNOWN,
        "Everything could be seen: no describe failed or was not allowed, no value is hidden, every contract could "
        "be read. What is unknown is neither missing nor in sync.",
        "everything could be seen",
        "of which something could not be seen",
    ),
)

NOTES: tuple[DriftRule, ...] = (
    DriftRule(
        "retirements",
        _WARN,
        _of(DriftKind.RETIRING),
        "Topics that are being renamed or ended, and the step that each stands at. It never fails: `omni retire` says "
        "what is left to do.",
        "no topic is being renamed or ended",
        "being renamed or ended",
    ),
)
"""Rules that pass whatever they find: what concerns them is under way, and not wrong."""
