-- What brakes compare a plan with, from a journal of its own: looking at a broker no longer moves it. What was compared
-- with so far was the last observation in each environment.

CREATE TABLE trusted (
    environment VARCHAR,
    cluster_id VARCHAR,
    declared_topics INTEGER,
    who VARCHAR,
    because VARCHAR,
    since TIMESTAMPTZ
);

INSERT INTO trusted
SELECT environment, CASE WHEN cluster = bootstrap_servers THEN '' ELSE cluster END, declared_topics, '', 'observed',
    observed_at
FROM observations
QUALIFY row_number() OVER (PARTITION BY environment ORDER BY observed_at DESC) = 1;
