-- What reconciliation needs to know and must not forget: consumer groups and offsets (from the broker, as observed_*),
-- audit, capabilities, rescues and retirements (each from its own journal).

ALTER TABLE observed_topics ADD COLUMN in_sync VARCHAR;
ALTER TABLE observed_topics ADD COLUMN leaderless INTEGER;
DELETE FROM projected_rows WHERE table_name = 'observed_topics';

CREATE TABLE observed_flows (
    cluster VARCHAR,
    observed_at TIMESTAMPTZ,
    groups INTEGER,
    topics INTEGER
);

CREATE TABLE observed_groups (
    cluster VARCHAR,
    group_name VARCHAR,
    state VARCHAR,
    members INTEGER,
    unknown VARCHAR,
    changed_at TIMESTAMPTZ
);

CREATE TABLE observed_offsets (
    cluster VARCHAR,
    topic VARCHAR,
    group_name VARCHAR,
    partition INTEGER,
    earliest BIGINT,
    latest BIGINT,
    committed BIGINT,
    changed_at TIMESTAMPTZ
);

CREATE TABLE audit (
    id VARCHAR,
    acted_at TIMESTAMPTZ,
    who VARCHAR,
    host VARCHAR,
    cluster VARCHAR,
    environment VARCHAR,
    plan VARCHAR,
    event VARCHAR,
    step VARCHAR,
    topic VARCHAR,
    action VARCHAR,
    outcome VARCHAR,
    detail VARCHAR
);

CREATE TABLE capabilities (
    cluster VARCHAR,
    version VARCHAR,
    probed_at TIMESTAMPTZ,
    document VARCHAR
);

CREATE TABLE rescues (
    cluster VARCHAR,
    source VARCHAR,
    target VARCHAR,
    partition INTEGER,
    position BIGINT,
    records BIGINT,
    state VARCHAR,
    rescued_at TIMESTAMPTZ
);

CREATE TABLE retirements (
    cluster VARCHAR,
    topic VARCHAR,
    renamed_to VARCHAR,
    step VARCHAR,
    proof VARCHAR,
    since TIMESTAMPTZ,
    checked_at TIMESTAMPTZ
);

CREATE OR REPLACE VIEW topics AS
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
),
logs AS (
    SELECT cluster, topic, sum(latest - earliest)::BIGINT AS most_records, max(changed_at) AS moved_at
    FROM observed_offsets WHERE group_name = '' GROUP BY cluster, topic
),
readers AS (
    SELECT cluster, topic, count(DISTINCT group_name) AS reading_groups
    FROM observed_offsets WHERE group_name <> '' GROUP BY cluster, topic
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
    coalesce(observed.unknown, '') AS unknown,
    observed.leaderless,
    logs.most_records,
    logs.moved_at,
    coalesce(readers.reading_groups, CASE WHEN logs.topic IS NOT NULL THEN 0 END) AS reading_groups,
    retirements.step AS retiring
FROM pairs
LEFT JOIN observations ON observations.cluster = pairs.cluster
LEFT JOIN declared_topics AS declared ON declared.name = pairs.name
LEFT JOIN observed_topics AS observed ON observed.cluster = pairs.cluster AND observed.name = pairs.name
LEFT JOIN open_drift ON open_drift.cluster = pairs.cluster AND open_drift.topic = pairs.name
LEFT JOIN logs ON logs.cluster = pairs.cluster AND logs.topic = pairs.name
LEFT JOIN readers ON readers.cluster = pairs.cluster AND readers.topic = pairs.name
LEFT JOIN retirements ON retirements.cluster = pairs.cluster AND retirements.topic = pairs.name;

CREATE VIEW readers AS
SELECT
    read.cluster,
    read.topic,
    read.group_name,
    any_value(observed_groups.state) AS state,
    any_value(observed_groups.members) AS members,
    count(*) AS partitions,
    sum(greatest(log.latest - greatest(read.committed, log.earliest), 0))::BIGINT AS behind,
    max(read.changed_at) AS moved_at
FROM observed_offsets AS read
LEFT JOIN observed_offsets AS log
    ON log.cluster = read.cluster AND log.topic = read.topic AND log.partition = read.partition AND log.group_name = ''
LEFT JOIN observed_groups ON observed_groups.cluster = read.cluster AND observed_groups.group_name = read.group_name
WHERE read.group_name <> ''
GROUP BY read.cluster, read.topic, read.group_name;

CREATE VIEW stranded AS
WITH rescued AS (
    SELECT cluster, source, partition, max(position) AS position, sum(records) AS records
    FROM rescues GROUP BY cluster, source, partition
),
logs AS (
    SELECT
        log.cluster,
        log.topic,
        sum(greatest(log.latest - greatest(log.earliest, coalesce(rescued.position, 0)), 0))::BIGINT AS most_records,
        coalesce(sum(rescued.records), 0)::BIGINT AS rescued
    FROM observed_offsets AS log
    LEFT JOIN rescued
        ON rescued.cluster = log.cluster AND rescued.source = log.topic AND rescued.partition = log.partition
    WHERE log.group_name = '' GROUP BY log.cluster, log.topic
)
SELECT drift.cluster, drift.topic, drift.detail, logs.most_records, logs.rescued, drift.first_seen AS since
FROM drift LEFT JOIN logs ON logs.cluster = drift.cluster AND logs.topic = drift.topic
WHERE drift.kind = 'stranded';

CREATE VIEW drift_summary AS
WITH turns AS (
    SELECT (first_seen AT TIME ZONE 'UTC')::DATE AS day, cluster, kind, 1 AS opened, 0 AS resolved FROM drift_history
    UNION ALL
    SELECT (resolved AT TIME ZONE 'UTC')::DATE, cluster, kind, 0, 1 FROM drift_history WHERE resolved IS NOT NULL
),
days AS (
    SELECT day, cluster, kind, sum(opened)::BIGINT AS opened, sum(resolved)::BIGINT AS resolved
    FROM turns GROUP BY day, cluster, kind
)
SELECT
    day,
    cluster,
    kind,
    opened,
    resolved,
    sum(opened - resolved) OVER (PARTITION BY cluster, kind ORDER BY day)::BIGINT AS open_at_its_end
FROM days;
