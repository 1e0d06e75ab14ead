-- How often a record is expected at the latest, as the contracts say.

ALTER TABLE declared_topics ADD COLUMN expected_every_ms BIGINT;
DELETE FROM projected_rows WHERE table_name = 'declared_topics';
