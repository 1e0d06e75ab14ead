"""Tasks through the router as Dagster shows them: a run of many, their receipts, what those teach and come to."""
