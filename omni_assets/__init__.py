"""Omni Assets: topic contracts, observed broker state and drift as Dagster assets."""
