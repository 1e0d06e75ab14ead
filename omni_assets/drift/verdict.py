"""Verdicts over drift, each with a reason code and the sentence that it stands for."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What may be done about a difference."""

    IN_SYNC = "in_sync"
    AUTO_FIXABLE = "auto_fixable"
    NEEDS_APPROVAL = "needs_approval"
    UNFIXABLE = "unfixable"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a verdict is what it is."""

    CREATE_IS_SAFE = "create_is_safe"
    UNDECLARED_TOPIC = "undeclared_topic"
    UNKEYED_PARTITIONS_GROW = "unkeyed_partitions_grow"
    KEYED_ORDER_CHANGES = "keyed_order_changes"
    PARTITIONS_CANNOT_SHRINK = "partitions_cannot_shrink"
    REPLICATION_MOVES_DATA = "replication_moves_data"
    TOO_FEW_BROKERS = "too_few_brokers"
    KEEPS_MORE = "keeps_more"
    KEEPS_LESS = "keeps_less"
    ACCEPTS_MORE = "accepts_more"
    ACCEPTS_LESS = "accepts_less"
    CLEANUP_POLICY_CHANGES = "cleanup_policy_changes"
    ZERO_IS_AMBIGUOUS = "zero_is_ambiguous"
    EFFECT_UNREVIEWED = "effect_unreviewed"
    UNDECLARED_OVERRIDE = "undeclared_override"
    NO_EFFECT_HERE = "no_effect_here"
    VALUE_HIDDEN = "value_hidden"
    NOT_OBSERVED = "not_observed"
    CONFLICTING_SETTINGS = "conflicting_settings"
    UNUSABLE_SETTING = "unusable_setting"
    MANIFEST_INCOMPLETE = "manifest_incomplete"


EXPLANATIONS: dict[Reason, str] = {
    Reason.CREATE_IS_SAFE: "creating a declared topic loses nothing",
    Reason.UNDECLARED_TOPIC: "no contract declares it; declare it, or end it with a plan of its own",
    Reason.UNKEYED_PARTITIONS_GROW: "its records have no key, so more partitions change no order",
    Reason.KEYED_ORDER_CHANGES: "with more partitions a key may move to another one, and its order breaks there; "
    "state `keyed: false` where that does not matter",
    Reason.PARTITIONS_CANNOT_SHRINK: "no broker takes partitions away; declare what is there, or move to a new version",
    Reason.REPLICATION_MOVES_DATA: "changing replicas moves data between brokers",
    Reason.TOO_FEW_BROKERS: "the cluster has fewer brokers than replicas are declared; "
    "set limits.replication_factor for this environment",
    Reason.KEEPS_MORE: "records are kept longer than now, and none is lost",
    Reason.KEEPS_LESS: "records that are kept now would be deleted",
    Reason.ACCEPTS_MORE: "larger batches are accepted than now",
    Reason.ACCEPTS_LESS: "producers that send large batches would be refused",
    Reason.CLEANUP_POLICY_CHANGES: "it decides which records are deleted",
    Reason.ZERO_IS_AMBIGUOUS: "0 has meant both `for ever` and `delete at once`, by version",
    Reason.EFFECT_UNREVIEWED: "no rule says that changing this key is safe",
    Reason.UNDECLARED_OVERRIDE: "the topic carries a value of its own that no contract declares",
    Reason.NO_EFFECT_HERE: "this broker does not report the key, so declaring it has no effect here",
    Reason.VALUE_HIDDEN: "the broker does not show this value",
    Reason.NOT_OBSERVED: "the broker did not say, so nothing is known",
    Reason.CONFLICTING_SETTINGS: "the contracts must agree first",
    Reason.UNUSABLE_SETTING: "the contract must be mended first",
    Reason.MANIFEST_INCOMPLETE: "a contract could not be read, and may declare it",
}
"""What each reason says to a person, as a clause."""
