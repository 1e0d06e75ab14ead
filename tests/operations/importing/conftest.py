"""A project without contracts, and the contexts of the brokers that it meets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.operations.context import Context, resolve


@pytest.fixture
def context_at(tmp_path: Path) -> Callable[..., Context]:
    def build(bootstrap_servers: str, name: str = "state") -> Context:
        """``name`` is that of the state folder: what is remembered of one broker says nothing of another."""
        return resolve(
            bootstrap_servers=bootstrap_servers, environ={"OMNI_HOME": str(tmp_path / name)}, folder=tmp_path
        )

    return build
