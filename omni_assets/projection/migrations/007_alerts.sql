-- What is wrong and was told to people, from a journal of its own: nothing is told twice, and its end is told, too.

CREATE TABLE alerts (
    environment VARCHAR,
    key VARCHAR,
    kind VARCHAR,
    severity VARCHAR,
    owner VARCHAR,
    title VARCHAR,
    "text" VARCHAR,
    since TIMESTAMPTZ,
    newest TIMESTAMPTZ,
    occasion VARCHAR,
    decided_at TIMESTAMPTZ,
    told_at TIMESTAMPTZ,
    told VARCHAR
);
