-- What became of each task: receipts, a row each, and their attempts, from journal/receipts.jsonl and the ledger; and
-- which of them the ledger has, from journal/publications.jsonl.

CREATE TABLE receipts (
    id VARCHAR,
    environment VARCHAR,
    version INTEGER,
    task_id VARCHAR,
    task_key VARCHAR,
    task_class VARCHAR,
    task_class_sha256 VARCHAR,
    classified_by VARCHAR,
    classified_confidence DOUBLE,
    prompt_version INTEGER,
    prompt_sha256 VARCHAR,
    catalog_sha256 VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    outcome VARCHAR,
    failure VARCHAR,
    model VARCHAR,
    decision VARCHAR,
    explored BOOLEAN,
    cost_usd DECIMAL(18, 9),
    baseline_model VARCHAR,
    baseline_usd DECIMAL(18, 9),
    saved_usd DECIMAL(18, 9),
    audit_model VARCHAR,
    audit_location VARCHAR,
    audit_input_tokens BIGINT,
    audit_output_tokens BIGINT,
    audit_usd DECIMAL(18, 9),
    audit_agrees BOOLEAN,
    budget_day VARCHAR,
    findings VARCHAR,
    document VARCHAR
);

CREATE TABLE attempts (
    receipt VARCHAR,
    number INTEGER,
    model VARCHAR,
    served_name VARCHAR,
    endpoint VARCHAR,
    location VARCHAR,
    started_at TIMESTAMPTZ,
    latency_seconds DOUBLE,
    reason VARCHAR,
    outcome VARCHAR,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cached_tokens BIGINT,
    tokens_reported BOOLEAN,
    finish_reason VARCHAR,
    cost_usd DECIMAL(18, 9),
    price_source VARCHAR,
    price_version VARCHAR,
    reserved_usd DECIMAL(18, 9),
    support DOUBLE,
    failure_kind VARCHAR,
    failure VARCHAR,
    failure_transient BOOLEAN,
    output_sha256 VARCHAR,
    normalised VARCHAR,
    checks VARCHAR
);

CREATE TABLE publications (
    receipt VARCHAR,
    cluster VARCHAR,
    topic VARCHAR,
    partition INTEGER,
    position BIGINT,
    published_at TIMESTAMPTZ
);

CREATE VIEW task_costs AS
WITH calls AS (
    SELECT receipt, location, input_tokens + output_tokens AS tokens, cost_usd FROM attempts
    UNION ALL
    SELECT id, audit_location, audit_input_tokens + audit_output_tokens, audit_usd
    FROM receipts WHERE audit_model IS NOT NULL
),
sums AS (
    SELECT
        receipt,
        coalesce(sum(tokens), 0)::BIGINT AS tokens,
        coalesce(sum(tokens) FILTER (location = 'local'), 0)::BIGINT AS local_tokens,
        count(*) FILTER (tokens IS NULL) AS calls_without_tokens,
        coalesce(sum(cost_usd), 0)::DECIMAL(18, 9) AS spent_usd,
        count(*) FILTER (cost_usd IS NULL) AS calls_without_cost
    FROM calls GROUP BY receipt
),
models AS (
    SELECT receipt, count(*) AS attempts, count(DISTINCT model) - 1 AS escalations FROM attempts GROUP BY receipt
)
SELECT
    receipts.id AS receipt,
    receipts.ended_at,
    (receipts.ended_at AT TIME ZONE 'UTC')::DATE AS day,
    receipts.task_class,
    receipts.model,
    receipts.outcome,
    coalesce(models.attempts, 0) AS attempts,
    coalesce(models.escalations, 0) AS escalations,
    coalesce(sums.tokens, 0) AS tokens,
    coalesce(sums.local_tokens, 0) AS local_tokens,
    coalesce(sums.calls_without_tokens, 0) AS calls_without_tokens,
    coalesce(sums.spent_usd, 0)::DECIMAL(18, 9) AS spent_usd,
    coalesce(sums.calls_without_cost, 0) AS calls_without_cost,
    receipts.baseline_model,
    receipts.baseline_usd,
    receipts.saved_usd,
    receipts.audit_agrees
FROM receipts
LEFT JOIN sums ON sums.receipt = receipts.id
LEFT JOIN models ON models.receipt = receipts.id;
