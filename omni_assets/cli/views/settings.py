"""Settings of topics as people call them."""

from __future__ import annotations

from collections.abc import Mapping

from omni_assets.contracts.values import readable

_NAMES = {"retention.ms": "retention", "replication_factor": "replication"}


def setting_name(field: str) -> str:
    """A setting as people call it: ``retention`` for ``retention.ms``."""
    return _NAMES.get(field, field)


def settings_text(config: Mapping[str, str]) -> str:
    """Settings as a list: ``retention 7d, cleanup.policy compact``; ``-`` for none."""
    return ", ".join(f"{setting_name(key)} {readable(key, value)}" for key, value in config.items()) or "-"
