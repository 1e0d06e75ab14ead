"""Tasks on the bus in Dagster: runs that work through what waits, and what became of each task."""
