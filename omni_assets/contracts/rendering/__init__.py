"""Findings and manifests for people, CI and machines."""
