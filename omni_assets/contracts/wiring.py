"""Who feeds whom: the graph over all contracts, and what is wrong with it."""

from __future__ import annotations

from omni_assets.contracts.model import Finding, Manifest
from omni_assets.contracts.naming import Grammar


def wiring_findings(manifest: Manifest, grammar: Grammar) -> tuple[Finding, ...]:
    """Every finding that takes more than one contract: dangling topics, near misses, dead ends and cycles."""
    raise NotImplementedError
