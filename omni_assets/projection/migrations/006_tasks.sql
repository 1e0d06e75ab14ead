-- What became of each task on the bus: a row for each receipt that a ledger has, what stands there a second time, and how
-- far each partition of a ledger has been projected. The parts of a receipt are views: they follow from it alone.

CREATE TABLE tasks (
    id VARCHAR,
    environment VARCHAR,
    cluster VARCHAR,
    ledger VARCHAR,
    ledger_partition INTEGER,
    ledger_position BIGINT,
    version INTEGER,
    node VARCHAR,
    handler VARCHAR,
    topic VARCHAR,
    partition INTEGER,
    position BIGINT,
    key VARCHAR,
    event_id VARCHAR,
    event_source VARCHAR,
    correlation_id VARCHAR,
    causation_id VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    outcome VARCHAR,
    reason VARCHAR,
    duplicate_of VARCHAR,
    routing VARCHAR,
    cost_usd DECIMAL(18, 9),
    idempotency_key VARCHAR,
    deadline TIMESTAMPTZ,
    requeue_of VARCHAR,
    replay VARCHAR,
    replay_of VARCHAR,
    approval VARCHAR,
    approval_sha256 VARCHAR,
    approval_answer VARCHAR,
    approval_by VARCHAR,
    document VARCHAR
);

CREATE TABLE task_repeats (
    id VARCHAR,
    cluster VARCHAR,
    ledger VARCHAR,
    ledger_partition INTEGER,
    ledger_position BIGINT,
    outcome VARCHAR
);

CREATE TABLE ledger_positions (
    cluster VARCHAR,
    topic VARCHAR,
    partition INTEGER,
    position BIGINT,
    mark VARCHAR,
    others BIGINT
);

CREATE VIEW task_attempts AS
SELECT task, (part ->> 'number')::INTEGER AS number, (part ->> 'seconds')::DOUBLE AS seconds, part ->> 'reason' AS reason
FROM (SELECT id AS task, unnest((document -> 'attempts')::JSON[]) AS part FROM tasks);

CREATE VIEW task_results AS
SELECT task, part ->> 'topic' AS topic, part ->> 'event_id' AS event_id
FROM (SELECT id AS task, unnest((document -> 'results')::JSON[]) AS part FROM tasks);

CREATE VIEW task_effects AS
SELECT task, part ->> 'name' AS name, part ->> 'key' AS key, part ->> 'outcome' AS outcome
FROM (SELECT id AS task, unnest((document -> 'effects')::JSON[]) AS part FROM tasks);
