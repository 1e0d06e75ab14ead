"""A stream in a real Redis, and the topic that it becomes on an embedded broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.migrated import Migrating


@pytest.fixture
def migrating(tmp_path: Path, module_broker, redis) -> Callable[..., Migrating]:
    """Makes a stream and its topic; each has names of its own."""
    return lambda **topic: Migrating(tmp_path, module_broker, redis, **topic)
