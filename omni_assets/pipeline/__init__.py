"""Dagster as the control plane: assets, checks, lineage, sensors, schedules. The only place that imports dagster."""
