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


VERDICTS: dict[Verdict, str] = {
    Verdict.IN_SYNC: "nothing differs",
    Verdict.AUTO_FIXABLE: "a correction loses nothing, or the settings say to make it; `omni apply --safe` does",
    Verdict.NEEDS_APPROVAL: "a correction may hurt, or a person has to decide; nothing happens without one",
    Verdict.UNFIXABLE: "no correction by omni mends it; the reason says what does",
    Verdict.UNKNOWN: "it could not be seen, so nothing is claimed and nothing is done",
}
"""What each verdict means, as a clause."""


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
    TOPIC_RECREATED = "topic_recreated"
    NOT_PINNED = "not_pinned"
    KEY_REFUSED_HERE = "key_refused_here"
    REPLICATION_BY_REASSIGNMENT = "replication_by_reassignment"
    REPLICATION_MUST_BE_ODD = "replication_must_be_odd"
    INTERNAL_TOPIC = "internal_topic"
    RECORDS_STRANDED = "records_stranded"
    NOBODY_READS = "nobody_reads"
    READER_UNDECLARED = "reader_undeclared"
    READER_STUCK = "reader_stuck"
    NOTHING_WRITTEN = "nothing_written"
    RETIREMENT_UNDER_WAY = "retirement_under_way"
    SETTINGS_FIX = "settings_fix"
    SETTINGS_ASK = "settings_ask"
    SETTINGS_NEVER = "settings_never"
    DELETES_EVERYTHING = "deletes_everything"
    STILL_DECLARED = "still_declared"
    STILL_WRITTEN = "still_written"
    STILL_READ = "still_read"
    AGE_UNSEEN = "age_unseen"


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
    Reason.NO_EFFECT_HERE: "this broker does not act on the key; leave it out here with limits.unsupported_config",
    Reason.VALUE_HIDDEN: "the broker does not show this value",
    Reason.NOT_OBSERVED: "the broker did not say, so nothing is known",
    Reason.CONFLICTING_SETTINGS: "the contracts must agree first",
    Reason.UNUSABLE_SETTING: "the contract must be mended first",
    Reason.MANIFEST_INCOMPLETE: "a contract could not be read, and may declare it",
    Reason.TOPIC_RECREATED: "it was deleted and made again, and what it held is gone; find out who did, since no "
    "correction brings records back",
    Reason.NOT_PINNED: "the settings want the topic to carry the value itself, which changes nothing today",
    Reason.KEY_REFUSED_HERE: "this broker refuses the key; leave it out here with limits.unsupported_config",
    Reason.REPLICATION_BY_REASSIGNMENT: "this broker changes replicas by reassignment alone; run "
    "kafka-reassign-partitions, or declare what is there",
    Reason.REPLICATION_MUST_BE_ODD: "this broker takes odd numbers of replicas alone; declare one more, or one less",
    Reason.INTERNAL_TOPIC: "the broker keeps the topic for itself, and nothing here touches it; take it out of the "
    "contract",
    Reason.RECORDS_STRANDED: "records went to a name that nobody declares; mend the name where they are written, and "
    "bring them home with `omni rescue`",
    Reason.NOBODY_READS: "a contract says that the node reads it; start the node, or take the subscription out",
    Reason.READER_UNDECLARED: "the group belongs to no node that subscribes it; declare the subscription, or stop "
    "the reader",
    Reason.READER_STUCK: "records arrive and the group reads no further; look at the node's log, or restart it",
    Reason.NOTHING_WRITTEN: "records are expected more often; look at the node that publishes it",
    Reason.RETIREMENT_UNDER_WAY: "it is being renamed or ended; `omni retire` says what is left to do",
    Reason.SETTINGS_FIX: 'the settings say to correct it without asking (`fix = "auto"`)',
    Reason.SETTINGS_ASK: 'the settings say to ask first (`fix = "ask"`)',
    Reason.SETTINGS_NEVER: 'the settings say never to correct it (`fix = "never"`)',
    Reason.DELETES_EVERYTHING: "every record in it is deleted, for good",
    Reason.STILL_DECLARED: "a contract declares it; take it out of the contract first",
    Reason.STILL_WRITTEN: "it holds records newer than reconcile.min_age_to_delete; wait, or find out who writes it",
    Reason.STILL_READ: "a consumer group with members reads it; stop the readers first",
    Reason.AGE_UNSEEN: "the age of its newest record could not be seen, so it counts as new",
}
"""What each reason says to a person, as a clause."""
