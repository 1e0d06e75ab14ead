-- Everything here can be made again: declared_* from the contracts, observed_* from the broker, drift_history and
-- provision_log from the journal. No statement relies on a constraint, an index or a sequence, so that the tables can
-- move to another engine as they are. Comments are written from descriptions.py after the last migration.

CREATE TABLE manifest (
    digest VARCHAR,
    topics INTEGER,
    declared_at TIMESTAMPTZ
);

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

CREATE TABLE declarations (
    topic VARCHAR,
    node VARCHAR,
    role VARCHAR,
    form VARCHAR,
    path VARCHAR,
    line INTEGER,
    column_number INTEGER
);

CREATE TABLE observations (
    cluster VARCHAR,
    environment VARCHAR,
    bootstrap_servers VARCHAR,
    observed_at TIMESTAMPTZ,
    observed_topics INTEGER,
    calls INTEGER,
    seconds DOUBLE,
    declared_topics INTEGER
);

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

CREATE TABLE observed_configs (
    cluster VARCHAR,
    topic VARCHAR,
    key VARCHAR,
    value VARCHAR,
    source VARCHAR,
    default_value VARCHAR,
    changed_at TIMESTAMPTZ
);

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

CREATE TABLE journal_position (
    file VARCHAR,
    offset_bytes BIGINT,
    lines BIGINT
);

-- A migration that changes rows of a table deletes what stands here of it.
CREATE TABLE projected_rows (
    table_name VARCHAR,
    scope VARCHAR,
    digest VARCHAR
);

CREATE VIEW topics AS
WITH open_drift AS (
    SELECT cluster, topic, count(*) AS drifts, min(first_seen) AS since FROM drift GROUP BY cluster, topic
),
clusters AS (
    SELECT cluster FROM observations
    UNION
    SELECT cluster FROM observed_topics
),
pairs AS (
    SELECT clusters.cluster, declared_topics.name FROM clusters CROSS JOIN declared_topics
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
    coalesce(open_drift.drifts, CASE WHEN observations.cluster IS NOT NULL THEN 0 END) AS drifts,
    open_drift.since,
    coalesce(observed.unknown, '') AS unknown
FROM pairs
LEFT JOIN observations ON observations.cluster = pairs.cluster
LEFT JOIN declared_topics AS declared ON declared.name = pairs.name
LEFT JOIN observed_topics AS observed ON observed.cluster = pairs.cluster AND observed.name = pairs.name
LEFT JOIN open_drift ON open_drift.cluster = pairs.cluster AND open_drift.topic = pairs.name;
