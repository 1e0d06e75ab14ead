"""People who listen: a webhook on this machine, which the environment names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omni_assets.operations.alerts import webhook as posting
from tests.support.webhook import Webhook


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    server = Webhook()
    monkeypatch.setenv("OMNI_ALERT_WEBHOOK", server.address)
    monkeypatch.setattr(posting, "PAUSES", (0.01, 0.01))
    yield server
    server.close()
