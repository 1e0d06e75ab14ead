"""What each table and each column of the projection is: the comments in the file, and what other floors show. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

VIEWS = frozenset(
    {"topics", "readers", "stranded", "drift_summary", "task_costs", "task_attempts", "task_results", "task_effects"}
)
"""Those of the tables that are views."""

TABLE_DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "manifest": "The manifest that declared_topics and declarations were projected from: one row.",
        "declared_topics": "What should exist: one row for each topic that a contract declares.",
        "declarations": "Who publishes and subscribes what: one row for each place in a contract that names a topic.",
        "observations": "The last observation of each cluster that was compared with the contracts: drift is what it "
        "found.",
        "observed_topics": "What does exist: one row for each topic that the last observation of a cluster saw.",
        "observed_configs": "Effective configuration of the observed topics: one row for each topic and key.",
        "observed_flows": "The last look at the consumer groups and offsets of each cluster.",
        "observed_groups": "Consumer groups: one row for each that the last look at a cluster saw.",
        "observed_offsets": "Offsets: one row for each partition, and one for each consumer group and partition that "
        "it has committed. A topic or group that the last look could not see keeps its rows.",
        "drift": "The drift that is open now. The same identity (cluster, topic, kind, field) is an open row of "
        "drift_history.",
        "drift_history": "Every drift from the observation that opened it to the one that resolved it. Projected from "
        "journal/drift.jsonl, which keeps each change of value too.",
        "provision_log": "What provisioning did, a row for each topic and attempt; topics that were there before are "
        "not logged. Projected from journal/provisioning.jsonl.",
        "audit": "Who decided and did what, and what became of it: a row for each plan, approval and step. Projected "
        "from journal/audit.jsonl.",
        "capabilities": "What each broker honours, as probed: one row for each cluster and version. Projected from "
        "journal/capabilities.jsonl.",
        "rescues": "How far stranded records were brought home: one row for each source, target and partition. "
        "Projected from journal/rescues.jsonl.",
        "retirements": "Where the end of each retiring topic stands: one row for each. Projected from "
        "journal/retirements.jsonl.",
        "receipts": "What became of each routed task: one row for each receipt. Projected from journal/receipts.jsonl "
        "and the ledger.",
        "attempts": "Calls of models for tasks: one row for each attempt of a receipt. Projected with receipts.",
        "publications": "Which receipts a ledger has, and where. Projected from journal/publications.jsonl and the "
        "ledger.",
        "tasks": "What became of each task on the bus: one row for each receipt. Projected from the ledger.",
        "task_repeats": "Receipts of tasks that stand in a ledger once more: there should be none. Projected from the "
        "ledger.",
        "ledger_positions": "How far each partition of a ledger has been projected, committed together with its rows.",
        "trusted": "What brakes compare a plan with: one row for each environment. Projected from "
        "journal/trusted.jsonl, which keeps earlier ones too.",
        "alerts": "What is, or was, wrong: one row for each environment and thing that is told of. Projected from "
        "journal/alerts.jsonl, which keeps earlier states too.",
        "journal_position": "How far each journal has been projected, committed together with its rows.",
        "projected_rows": "Which rows a table was given last, committed together with them: the same are not written "
        "again.",
        "schema_version": "The migrations that this file has; its version is the highest.",
        "topics": "Declared beside observed: one row for each observed cluster and topic, with the number of open "
        "drifts and since when.",
        "readers": "Who reads what, and how far behind: one row for each consumer group and topic that it has "
        "committed offsets of.",
        "stranded": "Orphans whose name nearly is a declared one, with what is in them: one row for each open drift of "
        "that kind.",
        "drift_summary": "Drift by day (UTC), cluster and kind: what opened, what was resolved, what was open at the "
        "day's end. A day without either has no row.",
        "task_costs": "What each task cost and saved: one row for each receipt, over all its calls, audits included.",
        "task_attempts": "Calls of handlers: one row for each attempt of a task on the bus.",
        "task_results": "What tasks published: one row for each event.",
        "task_effects": "What tasks did outside the bus: one row for each effect.",
    }
)
"""A sentence or two for each table and view, by its name."""

_CLUSTER = "Cluster id, or the bootstrap address where the broker reports none."
_BOOTSTRAP_SERVERS = "Address that the broker was reached at, host:port[,host:port]."
_TOPIC = "The topic's name."
_RECEIPT = "The receipt's id."
_SAVED = (
    "What the baseline would have cost less what was spent, in US dollars: negative where that was more; NULL where "
    "either is not known, or the task was not accepted."
)
_DRIFT = {
    "cluster": _CLUSTER,
    "topic": _TOPIC,
    "kind": "missing, orphaned, recreated, partitions, replication, config, conflict, stranded, silent_reader, "
    "silent_writer, retiring, or unknown: its state could not be seen.",
    "field": "What differs within the kind, such as a config key; empty where the kind says it all.",
    "declared": "Raw value in the contract, as text; NULL where nothing is declared.",
    "observed": "Raw value on the broker, as text; NULL where nothing was seen.",
    "verdict": "What may be done about it: auto_fixable, needs_approval, unfixable or unknown.",
    "reason": "Code of the reason for the verdict.",
    "owner": "Node that answers for the topic; NULL where none does.",
    "path": "Contract that declares the topic; NULL where none does.",
    "line": "Line of that declaration, from 1; NULL where there is none.",
}

COLUMN_DESCRIPTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "manifest": {
            "digest": "SHA-256 in hex over all contracts: equal when and only when the same bytes were read.",
            "topics": "Number of declared topics.",
            "declared_at": "When a manifest of this digest was projected first. Later than an observation: its drift "
            "is older than the contracts.",
        },
        "declared_topics": {
            "name": _TOPIC,
            "kind": "Kind of the name: cmd, evt, intent, dlq or snapshot, unless the settings say otherwise.",
            "producer": "Producer segment of the name.",
            "event": "Event segment of the name.",
            "version": "Version of the name, from 1.",
            "partitions": "Number of partitions; NULL leaves it to the broker.",
            "replication_factor": "Replicas of each partition; NULL leaves it to the broker.",
            "keyed": "Whether records carry a key; NULL is not stated.",
            "config": """JSON object of the declared config keys, values as text: config ->> '$."retention.ms"'.""",
            "owner": "Node that answers for the topic: its first publisher, or its first subscriber if it has none.",
            "path": "Contract of the owner's declaration.",
            "line": "Line of the owner's declaration, from 1.",
            "publishers": "Number of declarations that publish it; declarations names them.",
            "subscribers": "Number of declarations that subscribe it; declarations names them.",
            "blocked": "Why nothing may touch the topic, as a clause; empty when all is well.",
            "updated_at": "When the row took its present values.",
            "expected_every_ms": "How often its publishers promise a record at the latest, in milliseconds; NULL is "
            "not stated.",
        },
        "declarations": {
            "topic": _TOPIC,
            "node": "Node that the contract belongs to.",
            "role": "publishes or subscribes.",
            "form": "Key path in the contract that declares it.",
            "path": "The contract.",
            "line": "Line in the contract, from 1.",
            "column_number": "Column in the contract, from 1.",
        },
        "observations": {
            "cluster": _CLUSTER,
            "environment": "Profile of the settings that it was observed with.",
            "bootstrap_servers": _BOOTSTRAP_SERVERS,
            "observed_at": "When it was observed.",
            "observed_topics": "Number of topics that were seen, without those that the broker keeps for itself.",
            "calls": "Number of requests to the broker.",
            "seconds": "Duration in seconds.",
            "declared_topics": "Number of declared topics that it was compared with.",
        },
        "observed_topics": {
            "cluster": _CLUSTER,
            "name": _TOPIC,
            "topic_id": "Identity that changes when a topic is deleted and created again; NULL where the broker "
            "reports none. Of a topic that could not be seen, the last that was.",
            "partitions": "Number of partitions; 0 where none was seen.",
            "replication_factor": "Smallest number of replicas of any partition; 0 where no partition was seen.",
            "replicas": "Number of assigned replicas of each partition, in order of partition.",
            "internal": "Whether the broker keeps the topic for itself.",
            "unknown": "What could not be seen and why, as a clause; empty when everything was. Other columns then "
            "prove nothing.",
            "changed_at": "First observation that saw the present values.",
            "in_sync": "Number of in-sync replicas of each partition, in order of partition; empty where none was "
            "seen.",
            "leaderless": "Number of partitions without a leader.",
        },
        "observed_configs": {
            "cluster": _CLUSTER,
            "topic": _TOPIC,
            "key": "Config key.",
            "value": "Raw text as the broker gave it; NULL where the broker hides it.",
            "source": "Where the value comes from: topic (set on the topic itself), broker, default or unknown.",
            "default_value": "What would hold without the topic's own value; NULL where the broker does not report it.",
            "changed_at": "First observation that saw the present values.",
        },
        "observed_flows": {
            "cluster": _CLUSTER,
            "observed_at": "When it was looked at.",
            "groups": "Number of consumer groups that were seen.",
            "topics": "Number of topics whose offsets were seen.",
        },
        "observed_groups": {
            "cluster": _CLUSTER,
            "group_name": "Name of the consumer group.",
            "state": "State as the broker gave it.",
            "members": "Number of members that are connected.",
            "unknown": "What could not be seen and why, as a clause; empty when everything was. Other columns then "
            "prove nothing.",
            "changed_at": "First observation that saw the present values.",
        },
        "observed_offsets": {
            "cluster": _CLUSTER,
            "topic": _TOPIC,
            "group_name": "Consumer group that committed the offset; empty for the partition's own offsets.",
            "partition": "Number of the partition, from 0.",
            "earliest": "Offset of the first record that is kept; NULL in a row of a group.",
            "latest": "Offset that the next record will have; NULL in a row of a group. At most latest - earliest "
            "records are kept.",
            "committed": "Offset of the next record that the group will read; NULL in a row of the partition itself.",
            "changed_at": "First observation that saw the present latest and committed: nothing was written, or read, "
            "since.",
        },
        "drift": {
            **_DRIFT,
            "detail": "What else a person needs, as a clause; or empty.",
            "first_seen": "First observation that saw it, whatever its values were.",
            "last_seen": "Last observation that saw it. Earlier than observations.observed_at: the topic could not be "
            "seen since.",
        },
        "drift_history": {
            **_DRIFT,
            "declared": "Raw value in the contract when it opened or changed last; NULL where nothing is declared.",
            "observed": "Raw value on the broker when it opened or changed last; NULL where nothing was seen.",
            "first_seen": "Observation that opened it.",
            "last_seen": "Last observation of that cluster that saw it.",
            "resolved": "First observation that saw the topic without it; NULL while it is open.",
        },
        "provision_log": {
            "id": "Identity of the row.",
            "attempted_at": "When it was done.",
            "cluster": _CLUSTER,
            "bootstrap_servers": _BOOTSTRAP_SERVERS,
            "trigger": "What asked for it: provision, validate, boot, demo or dagster.",
            "topic": _TOPIC,
            "outcome": "begun, until the end is recorded: a process that was killed leaves it so; created, as read "
            "back from the broker; existed, where somebody else created it meanwhile; failed; unconfirmed, where "
            "it is not known whether it is there; or skipped.",
            "error": "Why it failed, is unconfirmed or was skipped, as a clause; else empty.",
        },
        "audit": {
            "id": "Identity of the row.",
            "acted_at": "When it was decided or done.",
            "who": "Who did it, as the machine knows them.",
            "host": "Name of the machine.",
            "cluster": _CLUSTER,
            "environment": "Profile of the settings that it was done with.",
            "plan": "Digest of the plan; empty where there was none.",
            "event": "What it was: a plan made or refused, an approval, a step begun or ended, an acknowledgement of "
            "what a brake held back.",
            "step": "Id of the plan's step; empty where it is about the whole plan.",
            "topic": "The topic's name; empty where it is about the whole plan.",
            "action": "What was to be done to the topic; empty where nothing was.",
            "outcome": "What became of it; empty where nothing could.",
            "detail": "What else a person needs; or empty.",
        },
        "capabilities": {
            "cluster": _CLUSTER,
            "version": "Version of the broker, as it reports it.",
            "probed_at": "When it was probed.",
            "document": "JSON object of what it honours.",
        },
        "rescues": {
            "cluster": _CLUSTER,
            "source": "The orphan that records are brought from.",
            "target": "The topic that they are brought to.",
            "partition": "Partition of the source, from 0.",
            "position": "Offset of the first record of the source that was not rescued.",
            "records": "Number of records that were.",
            "state": "How the rescue stands.",
            "rescued_at": "When it stood there.",
        },
        "retirements": {
            "cluster": _CLUSTER,
            "topic": "The topic that ends.",
            "renamed_to": "The topic that takes its place; empty where none does.",
            "step": "The step that it stands at.",
            "proof": "What proves the steps that are done, as text.",
            "since": "When it came to this step.",
            "checked_at": "When it was looked at last.",
        },
        "trusted": {
            "environment": "Profile of the settings.",
            "cluster_id": "Id of the cluster that is meant there; empty where it reports none.",
            "declared_topics": "Number of declared topics that are meant to be there.",
            "who": "Who was content with that; empty where it was taken over from an older projection.",
            "because": "What made it so: observed, applied or acknowledged.",
            "since": "When it became so.",
        },
        "alerts": {
            "environment": "Profile of the settings.",
            "key": "What is wrong: the same thing has the same key.",
            "kind": "drift, check, run, budget, broker, dead_letters or approvals.",
            "severity": "error or warning.",
            "owner": "The node that answers for it; empty where no node does.",
            "title": "What is wrong, in a line.",
            "text": "What there is to know of it.",
            "since": "When it was noticed.",
            "newest": "When the latest part of it began.",
            "occasion": "What was, or is to be, said last: appeared, grew, reminder or over; nothing of what was only "
            "noticed, or passed before it was told.",
            "decided_at": "When that was decided.",
            "told_at": "When the last channel took it; when it was decided, before one did.",
            "told": "The channels that took it: webhook, topic.",
        },
        "receipts": {
            "id": "Identity of the receipt, 32 hexadecimal digits.",
            "environment": "Profile of the settings that it was made under.",
            "version": "Version of the receipt's schema: docs/schemas has each.",
            "task_id": "The task's id, as it was given.",
            "task_key": "What orders the task among others.",
            "task_class": "The class that it was held to.",
            "task_class_sha256": "SHA-256 in hex of that class as it stood then; NULL where there is no such class.",
            "classified_by": "stated by the task, or who told its class.",
            "classified_confidence": "How sure that was, from 0 to 1.",
            "prompt_version": "Version of the class's prompt; NULL where there was none.",
            "prompt_sha256": "SHA-256 in hex of the prompt that was sent; NULL where there was none.",
            "catalog_sha256": "SHA-256 in hex of the catalog of models as it stood then.",
            "started_at": "When the task was begun.",
            "ended_at": "When it ended.",
            "outcome": "accepted, failed or cancelled.",
            "failure": "The chain of reasons of a task that was not accepted; NULL for others.",
            "model": "Model whose answer was accepted; NULL where none was.",
            "decision": "Why these models were asked in this order, as a clause.",
            "explored": "Whether a model was tried to learn of it.",
            "cost_usd": "Cost of all attempts and of the audit, in US dollars; NULL where one of them is not known.",
            "baseline_model": "The strong model that savings are counted against; NULL where the class names none.",
            "baseline_usd": "What it would have cost on the tokens of the accepted answer, in US dollars; NULL "
            "where that is not known.",
            "saved_usd": _SAVED,
            "audit_model": "Model that answered too, to hold the answer against; NULL where no audit was made.",
            "audit_location": "local or cloud: where that model runs.",
            "audit_input_tokens": "Tokens of the audit's prompt; NULL where they are not known.",
            "audit_output_tokens": "Tokens of the audit's answer; NULL where they are not known.",
            "audit_usd": "Cost of the audit in US dollars; NULL where it is not known.",
            "audit_agrees": "Whether both answers agree; false is a false accept. NULL where they were not compared.",
            "budget_day": "Day (UTC) whose budget paid; NULL where there is no budget.",
            "findings": "JSON list of sentences about what should not have been.",
            "document": "The receipt itself, a JSON object: document ->> '$.prompt_text'.",
        },
        "attempts": {
            "receipt": _RECEIPT,
            "number": "Place among the attempts of the task, from 1.",
            "model": "Model that was asked, by its name in the catalog.",
            "served_name": "What its endpoint calls it.",
            "endpoint": "Endpoint, by its name in the catalog.",
            "location": "local or cloud: where it runs.",
            "started_at": "When it was asked.",
            "latency_seconds": "Seconds until the answer was whole, or the call had failed.",
            "reason": "Why it was asked at that moment: of all but the first, the reason of the escalation or retry.",
            "outcome": "accepted, rejected, failed (there was no output) or cancelled.",
            "input_tokens": "Tokens of the prompt, cached ones included; NULL where they are not known.",
            "output_tokens": "Tokens of the output; NULL where they are not known.",
            "cached_tokens": "Tokens of the prompt that came from the endpoint's cache; NULL where they are not known.",
            "tokens_reported": "Whether the endpoint reported the tokens; false means that they are estimated.",
            "finish_reason": "Why the model stopped; NULL where there was no output.",
            "cost_usd": "Cost in US dollars; NULL where the price or the tokens are not known.",
            "price_source": "genai-prices, catalog, own-hardware or unknown.",
            "price_version": "Version of the price list; empty where it has none.",
            "reserved_usd": "What the budget set aside before the call, in US dollars; NULL where there is no budget.",
            "support": "Chance of being right that the scoring gates gave the output, from 0 to 1; NULL without one.",
            "failure_kind": "Kind of the failure; NULL where there was an output.",
            "failure": "Why there was no output, as a clause; NULL where there was one.",
            "failure_transient": "Whether asking again could help; NULL where there was an output.",
            "output_sha256": "SHA-256 in hex of the output; NULL where there was none.",
            "normalised": "JSON list of what was stripped from the output before the gates saw it.",
            "checks": "JSON list of what each gate said: gate, version, severity, verdict, evidence, score.",
        },
        "publications": {
            "receipt": _RECEIPT,
            "cluster": _CLUSTER,
            "topic": "The ledger's topic.",
            "partition": "Partition of it, from 0.",
            "position": "Offset in that partition.",
            "published_at": "When it was written.",
        },
        "tasks": {
            "id": "The receipt's id, always the same for the same record, node and replay.",
            "environment": "Profile that it was done under.",
            "cluster": _CLUSTER,
            "ledger": "The ledger's topic.",
            "ledger_partition": "Partition of it that the receipt stands in, from 0.",
            "ledger_position": "Offset of the receipt in that partition.",
            "version": "Version of the receipt's schema.",
            "node": "Node that worked on the record.",
            "handler": "llm or python.",
            "topic": "Topic of the record.",
            "partition": "Partition of the record, from 0.",
            "position": "Offset of the record.",
            "key": "Key of the record, as text; empty where it has none.",
            "event_id": "Id of the event that the record carries; empty where it is none.",
            "event_source": "Source of that event.",
            "correlation_id": "The same for all that came of one beginning: the id of the first event.",
            "causation_id": "Id of the event that this task follows from.",
            "started_at": "When work on it began.",
            "ended_at": "When it ended.",
            "outcome": "done, failed, dead-lettered, duplicate, or waiting for a person.",
            "reason": "Why it was not done, as a clause; empty where it was.",
            "duplicate_of": "Receipt of the task that had the same event before; NULL where it is no duplicate.",
            "routing": "Receipt of what models did for it, a row of receipts; NULL where none was asked.",
            "cost_usd": "Cost in US dollars, 0 where no model was asked; NULL where it is not known.",
            "idempotency_key": "Key under which a command counts once; NULL where it has none.",
            "deadline": "When it was due; NULL where it had no deadline.",
            "requeue_of": "Receipt of the task whose dead letter was sent again; NULL where it is none.",
            "replay": "Id of the replay that it belongs to; NULL where it is live work.",
            "replay_of": "Receipt of the task that it repeats; NULL where it is live work.",
            "approval": "Id of the question to a person; NULL where none was asked.",
            "approval_sha256": "SHA-256 in hex of exactly what the person is shown.",
            "approval_answer": "approved or rejected; NULL where the answer is still waited for.",
            "approval_by": "Who answered; empty where nobody has.",
            "document": "The receipt as a JSON object, with the id of the routing receipt in that one's place.",
        },
        "task_repeats": {
            "id": _RECEIPT,
            "cluster": _CLUSTER,
            "ledger": "The ledger's topic.",
            "ledger_partition": "Partition of it that the receipt stands in once more, from 0.",
            "ledger_position": "Offset in that partition.",
            "outcome": "How the task ended by this one.",
        },
        "ledger_positions": {
            "cluster": _CLUSTER,
            "topic": "The ledger's topic.",
            "partition": "Partition of it, from 0.",
            "position": "Next offset that is to be projected.",
            "mark": "Offset and checksum of the record that was read last, to tell another log; empty where none was.",
            "others": "Number of records before it that are no receipts.",
        },
        "journal_position": {
            "file": "Name of the journal.",
            "offset_bytes": "Bytes of it that have been projected.",
            "lines": "Lines of it that have been projected.",
        },
        "projected_rows": {
            "table_name": "The table.",
            "scope": "The cluster whose rows they are; empty where the table has none.",
            "digest": "SHA-256 in hex over the rows.",
        },
        "schema_version": {
            "version": "Number of the migration, from 1.",
            "migrated_at": "When the file took it.",
        },
        "topics": {
            "cluster": _CLUSTER,
            "name": _TOPIC,
            "found": "both, declared only or observed only.",
            "owner": "Node that answers for the topic; NULL where none does.",
            "declared_partitions": "Number of partitions in the contract; NULL leaves it to the broker.",
            "observed_partitions": "Number of partitions on the broker.",
            "declared_replication_factor": "Replicas of each partition in the contract; NULL leaves it to the broker.",
            "observed_replication_factor": "Smallest number of replicas of any partition on the broker.",
            "drifts": "Number of open drifts; NULL where the cluster was not compared with the contracts.",
            "since": "When the oldest of them was seen first; NULL where there is none.",
            "unknown": "What could not be seen and why, as a clause; empty when everything was.",
            "leaderless": "Number of partitions without a leader.",
            "most_records": "At most as many records are in it; NULL where its offsets were not seen.",
            "moved_at": "First observation that saw its latest record; NULL where its offsets were not seen.",
            "reading_groups": "Number of consumer groups with committed offsets; NULL where offsets were not seen.",
            "retiring": "Step that its retirement stands at; NULL where it is not retiring.",
        },
        "readers": {
            "cluster": _CLUSTER,
            "topic": _TOPIC,
            "group_name": "Name of the consumer group.",
            "state": "State as the broker gave it; NULL where the group was not seen.",
            "members": "Number of members that are connected; NULL where the group was not seen.",
            "partitions": "Number of partitions that it has committed offsets of.",
            "behind": "At most as many records of those partitions are unread; NULL where the offsets were not seen.",
            "moved_at": "First observation that saw the present committed offsets.",
        },
        "stranded": {
            "cluster": _CLUSTER,
            "topic": "The orphan's name.",
            "detail": "What else a person needs, as a clause: the topic that was meant.",
            "most_records": "At most as many records are stranded; NULL where the offsets were not seen.",
            "rescued": "Number of records that were brought home.",
            "since": "First observation that saw it.",
        },
        "drift_summary": {
            "day": "The day, in UTC.",
            "cluster": _CLUSTER,
            "kind": "Kind of drift.",
            "opened": "Number of drifts that were seen first on that day.",
            "resolved": "Number of drifts that were resolved on that day.",
            "open_at_its_end": "Number of drifts that were open at the end of that day.",
        },
        "task_costs": {
            "receipt": _RECEIPT,
            "ended_at": "When the task ended.",
            "day": "The day on which it ended, in UTC.",
            "task_class": "The class that it was held to.",
            "model": "Model whose answer was accepted; NULL where none was.",
            "outcome": "accepted, failed or cancelled.",
            "attempts": "Number of calls for its answer, retries included.",
            "escalations": "Number of further models that were asked after the first.",
            "tokens": "Tokens of all calls, audits included, as far as they are known.",
            "local_tokens": "Those of models that run on hardware of one's own.",
            "calls_without_tokens": "Number of calls whose tokens are not known, and not counted.",
            "spent_usd": "Cost of all calls in US dollars, audits included, as far as it is known.",
            "calls_without_cost": "Number of calls whose cost is not known, and not in spent_usd.",
            "baseline_model": "The strong model that savings are counted against; NULL where the class names none.",
            "baseline_usd": "What it would have cost, in US dollars; NULL where that is not known.",
            "saved_usd": _SAVED,
            "audit_agrees": "Whether the audit's answer agreed; false is a false accept. NULL where none was compared.",
        },
        "task_attempts": {
            "task": "The task's id.",
            "number": "Number of the attempt, from 1.",
            "seconds": "How long it took.",
            "reason": "Why it was not the last, as a clause; empty where it did its work.",
        },
        "task_results": {
            "task": "The task's id.",
            "topic": "Topic that the event was published to.",
            "event_id": "Id of the event.",
        },
        "task_effects": {
            "task": "The task's id.",
            "name": "Name of the effect, as in the contract.",
            "key": "Key of its intent, the same for the same step of the same record.",
            "outcome": "done, found (it was there from an earlier try), or unknown: it was begun, and nobody can tell.",
        },
    }
)
"""A clause or two for each column, by table and name, in the order of the columns."""


def comments() -> str:
    """The SQL that writes the descriptions into a file that has all tables."""
    return "\n".join(_statements())


def _statements() -> Iterator[str]:
    for table, description in TABLE_DESCRIPTIONS.items():
        yield f"COMMENT ON {'VIEW' if table in VIEWS else 'TABLE'} {table} IS {_quoted(description)};"
    for table, columns in COLUMN_DESCRIPTIONS.items():
        for column, description in columns.items():
            yield f"COMMENT ON COLUMN {table}.{column} IS {_quoted(description)};"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
