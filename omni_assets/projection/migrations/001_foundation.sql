-- Everything here can be made again: declared_* from the contracts, observed_* from the broker, drift_history and
-- provision_log from the journal. No statement relies on a constraint, an index or a sequence, so that the tables can
-- move to another engine as they are.

CREATE TABLE manifest (
    digest VARCHAR,
    topics INTEGER,
    declared_at TIMESTAMPTZ
);
COMMENT ON TABLE manifest IS 'The manifest that declared_topics and declarations were projected from: one row.';
COMMENT ON COLUMN manifest.digest IS 'SHA-256 in hex over all contracts: equal when and only when the same bytes were read.';
COMMENT ON COLUMN manifest.topics IS 'Number of declared topics.';
COMMENT ON COLUMN manifest.declared_at IS 'When a manifest of this digest was projected first. Later than an observation: its drift is older than the contracts.';

CREATE TABLE declared_topics (
    name VARCHAR,
    kind VARCHAR,
    producer VARCHAR,
    event VARCHAR,
    version INTEGER,
    partitions INTEGER,
    replication_factor INTEGER,
    keyed BOOLEAN,
    config VARCHAR,
    owner VARCHAR,
    path VARCHAR,
    line INTEGER,
    publishers INTEGER,
    subscribers INTEGER,
    blocked VARCHAR,
    updated_at TIMESTAMPTZ
);
COMMENT ON TABLE declared_topics IS 'What should exist: one row for each topic that a contract declares.';
COMMENT ON COLUMN declared_topics.name IS 'The topic''s name.';
COMMENT ON COLUMN declared_topics.kind IS 'Kind of the name: cmd, evt, intent, dlq or snapshot, unless the settings say otherwise.';
COMMENT ON COLUMN declared_topics.producer IS 'Producer segment of the name.';
COMMENT ON COLUMN declared_topics.event IS 'Event segment of the name.';
COMMENT ON COLUMN declared_topics.version IS 'Version of the name, from 1.';
COMMENT ON COLUMN declared_topics.partitions IS 'Number of partitions; NULL leaves it to the broker.';
COMMENT ON COLUMN declared_topics.replication_factor IS 'Replicas of each partition; NULL leaves it to the broker.';
COMMENT ON COLUMN declared_topics.keyed IS 'Whether records carry a key; NULL is not stated.';
COMMENT ON COLUMN declared_topics.config IS 'JSON object of the declared config keys, values as text: config ->> ''$."retention.ms"''.';
COMMENT ON COLUMN declared_topics.owner IS 'Node that answers for the topic: its first publisher, or its first subscriber if it has none.';
COMMENT ON COLUMN declared_topics.path IS 'Contract of the owner''s declaration.';
COMMENT ON COLUMN declared_topics.line IS 'Line of the owner''s declaration, from 1.';
COMMENT ON COLUMN declared_topics.publishers IS 'Number of declarations that publish it; declarations names them.';
COMMENT ON COLUMN declared_topics.subscribers IS 'Number of declarations that subscribe it; declarations names them.';
COMMENT ON COLUMN declared_topics.blocked IS 'Why nothing may touch the topic, as a clause; empty when all is well.';
COMMENT ON COLUMN declared_topics.updated_at IS 'When the row took its present values.';

CREATE TABLE declarations (
    topic VARCHAR,
    node VARCHAR,
    role VARCHAR,
    form VARCHAR,
    path VARCHAR,
    line INTEGER,
    column_number INTEGER
);
COMMENT ON TABLE declarations IS 'Who publishes and subscribes what: one row for each place in a contract that names a topic.';
COMMENT ON COLUMN declarations.role IS 'publishes or subscribes.';
COMMENT ON COLUMN declarations.form IS 'Key path in the contract that declares it.';
COMMENT ON COLUMN declarations.line IS 'Line in the contract, from 1.';
COMMENT ON COLUMN declarations.column_number IS 'Column in the contract, from 1.';

CREATE TABLE observations (
    cluster VARCHAR,
    environment VARCHAR,
    bootstrap_servers VARCHAR,
    observed_at TIMESTAMPTZ,
    topics INTEGER,
    calls INTEGER,
    seconds DOUBLE
);
COMMENT ON TABLE observations IS 'The last observation of each cluster that was compared with the contracts: drift is what it found.';
COMMENT ON COLUMN observations.cluster IS 'Cluster id, or the bootstrap address where the broker reports none.';
COMMENT ON COLUMN observations.environment IS 'Profile of the settings that it was observed with.';
COMMENT ON COLUMN observations.bootstrap_servers IS 'Address that it was reached at, host:port[,host:port].';
COMMENT ON COLUMN observations.topics IS 'Number of topics that were seen.';
COMMENT ON COLUMN observations.calls IS 'Number of requests to the broker.';
COMMENT ON COLUMN observations.seconds IS 'Duration in seconds.';

CREATE TABLE observed_topics (
    cluster VARCHAR,
    name VARCHAR,
    topic_id VARCHAR,
    partitions INTEGER,
    replication_factor INTEGER,
    replicas VARCHAR,
    internal BOOLEAN,
    unknown VARCHAR,
    changed_at TIMESTAMPTZ
);
COMMENT ON TABLE observed_topics IS 'What does exist: one row for each topic that the last observation of a cluster saw.';
COMMENT ON COLUMN observed_topics.cluster IS 'Cluster id, as in observations.';
COMMENT ON COLUMN observed_topics.topic_id IS 'Identity that changes when a topic is deleted and created again; NULL where the broker reports none.';
COMMENT ON COLUMN observed_topics.replication_factor IS 'Smallest number of replicas of any partition; 0 where no partition was seen.';
COMMENT ON COLUMN observed_topics.replicas IS 'Number of assigned replicas of each partition, in order of partition.';
COMMENT ON COLUMN observed_topics.internal IS 'Whether the broker keeps the topic for itself.';
COMMENT ON COLUMN observed_topics.unknown IS 'What could not be seen and why, as a clause; empty when everything was. Other columns then prove nothing.';
COMMENT ON COLUMN observed_topics.changed_at IS 'First observation that saw the present values; observations says when they were confirmed last.';

CREATE TABLE observed_configs (
    cluster VARCHAR,
    topic VARCHAR,
    key VARCHAR,
    value VARCHAR,
    source VARCHAR,
    default_value VARCHAR,
    changed_at TIMESTAMPTZ
);
COMMENT ON TABLE observed_configs IS 'Effective configuration of the observed topics: one row for each topic and key.';
COMMENT ON COLUMN observed_configs.cluster IS 'Cluster id, as in observations.';
COMMENT ON COLUMN observed_configs.value IS 'Raw text as the broker gave it; NULL where the broker hides it.';
COMMENT ON COLUMN observed_configs.source IS 'Where the value comes from: topic (set on the topic itself), broker, default or unknown.';
COMMENT ON COLUMN observed_configs.default_value IS 'What would hold without the topic''s own value; NULL where the broker does not report it.';
COMMENT ON COLUMN observed_configs.changed_at IS 'First observation that saw the present values.';

CREATE TABLE drift (
    cluster VARCHAR,
    topic VARCHAR,
    kind VARCHAR,
    field VARCHAR,
    declared VARCHAR,
    observed VARCHAR,
    verdict VARCHAR,
    reason VARCHAR,
    owner VARCHAR,
    path VARCHAR,
    line INTEGER,
    detail VARCHAR,
    first_seen TIMESTAMPTZ,
    last_seen TIMESTAMPTZ
);
COMMENT ON TABLE drift IS 'The drift that is open now. The same identity (cluster, topic, kind, field) is an open row of drift_history.';
COMMENT ON COLUMN drift.cluster IS 'Cluster id, as in observations.';
COMMENT ON COLUMN drift.kind IS 'missing, orphan, partitions, replication, a kind of config, or unknown: its state could not be seen.';
COMMENT ON COLUMN drift.field IS 'What differs within the kind, such as a config key; empty where the kind says it all.';
COMMENT ON COLUMN drift.declared IS 'Value in the contract, readable; NULL where nothing is declared.';
COMMENT ON COLUMN drift.observed IS 'Value on the broker, readable; NULL where nothing was seen.';
COMMENT ON COLUMN drift.verdict IS 'in_sync, auto_fixable, needs_approval, unfixable or unknown.';
COMMENT ON COLUMN drift.reason IS 'Code of the reason for the verdict.';
COMMENT ON COLUMN drift.owner IS 'Node that answers for the topic; NULL where none does.';
COMMENT ON COLUMN drift.path IS 'Contract that declares the topic; NULL where none does.';
COMMENT ON COLUMN drift.line IS 'Line in the contract, from 1.';
COMMENT ON COLUMN drift.detail IS 'A sentence for people.';
COMMENT ON COLUMN drift.first_seen IS 'First observation that saw it, whatever its values were.';
COMMENT ON COLUMN drift.last_seen IS 'Last observation that saw it. Earlier than observations.observed_at: the topic could not be seen since.';

CREATE TABLE drift_history (
    cluster VARCHAR,
    topic VARCHAR,
    kind VARCHAR,
    field VARCHAR,
    declared VARCHAR,
    observed VARCHAR,
    verdict VARCHAR,
    reason VARCHAR,
    owner VARCHAR,
    path VARCHAR,
    line INTEGER,
    first_seen TIMESTAMPTZ,
    last_seen TIMESTAMPTZ,
    resolved TIMESTAMPTZ
);
COMMENT ON TABLE drift_history IS 'Every drift from the observation that opened it to the one that resolved it. Projected from journal/drift.jsonl, which keeps each change of value too.';
COMMENT ON COLUMN drift_history.cluster IS 'Cluster id, as in observations.';
COMMENT ON COLUMN drift_history.declared IS 'Value in the contract when it opened or changed last.';
COMMENT ON COLUMN drift_history.observed IS 'Value on the broker when it opened or changed last.';
COMMENT ON COLUMN drift_history.first_seen IS 'Observation that opened it.';
COMMENT ON COLUMN drift_history.last_seen IS 'Last observation of that cluster that saw it.';
COMMENT ON COLUMN drift_history.resolved IS 'First observation that saw the topic without it; NULL while it is open.';

CREATE TABLE provision_log (
    id VARCHAR,
    attempted_at TIMESTAMPTZ,
    cluster VARCHAR,
    bootstrap_servers VARCHAR,
    trigger VARCHAR,
    topic VARCHAR,
    outcome VARCHAR,
    error VARCHAR
);
COMMENT ON TABLE provision_log IS 'What provisioning did, a row for each topic and attempt. Projected from journal/provisioning.jsonl.';
COMMENT ON COLUMN provision_log.cluster IS 'Cluster id, as in observations.';
COMMENT ON COLUMN provision_log.trigger IS 'What asked for it: a command, boot, a sensor.';
COMMENT ON COLUMN provision_log.outcome IS 'created, existed or failed, as read back from the broker.';
COMMENT ON COLUMN provision_log.error IS 'Why it failed; empty when it did not.';

CREATE TABLE journal_position (
    file VARCHAR,
    offset_bytes BIGINT,
    lines BIGINT
);
COMMENT ON TABLE journal_position IS 'How far each journal has been projected, committed together with its rows.';

CREATE VIEW topics AS
WITH open_drift AS (
    SELECT cluster, topic, count(*) AS drifts, min(first_seen) AS since FROM drift GROUP BY cluster, topic
),
pairs AS (
    SELECT observations.cluster, declared_topics.name FROM observations CROSS JOIN declared_topics
    UNION
    SELECT cluster, name FROM observed_topics
)
SELECT
    pairs.cluster,
    pairs.name,
    CASE
        WHEN observed.name IS NULL THEN 'declared only'
        WHEN declared.name IS NULL THEN 'observed only'
        ELSE 'both'
    END AS found,
    declared.owner,
    declared.partitions AS declared_partitions,
    observed.partitions AS observed_partitions,
    declared.replication_factor AS declared_replication_factor,
    observed.replication_factor AS observed_replication_factor,
    coalesce(open_drift.drifts, 0) AS drifts,
    open_drift.since,
    coalesce(observed.unknown, '') AS unknown
FROM pairs
LEFT JOIN declared_topics AS declared ON declared.name = pairs.name
LEFT JOIN observed_topics AS observed ON observed.cluster = pairs.cluster AND observed.name = pairs.name
LEFT JOIN open_drift ON open_drift.cluster = pairs.cluster AND open_drift.topic = pairs.name;
COMMENT ON VIEW topics IS 'Declared beside observed: one row for each observed cluster and topic, with the number of open drifts and since when.';
