"""Topics as Dagster shows them: declared, provisioned, observed, and what differs."""
