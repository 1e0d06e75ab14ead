"""Alerts in Dagster: sensors that look at what is wrong, and tell people of it."""
