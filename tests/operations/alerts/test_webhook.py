"""Posting to a real server: tried again where that may help, never elsewhere, and never telling the address."""

from __future__ import annotations

import pytest

from omni_assets.errors import WebhookFailed
from omni_assets.operations.alerts.webhook import post
from tests.support.webhook import Webhook


def test_what_is_posted_arrives(webhook: Webhook) -> None:
    post(webhook.address, {"text": "ü \ud800"})
    assert webhook.received == [{"text": "ü ?"}]


@pytest.mark.parametrize(("answers", "attempts"), [([503, 429, 200], 3), ([500, 500, 500], 3), ([404], 1), ([302], 1)])
def test_it_is_tried_again_where_that_may_help(webhook: Webhook, answers: list[int], attempts: int) -> None:
    webhook.answers = [*answers]
    if answers[-1] == 200:
        post(webhook.address, {})
    else:
        with pytest.raises(WebhookFailed, match=f"it answered {answers[-1]}") as error:
            post(webhook.address, {})
        assert "hush" not in str(error.value)
    assert webhook.attempts == ["/services/hush"] * attempts


def test_a_webhook_that_is_not_there(webhook: Webhook) -> None:
    webhook.close()
    with pytest.raises(WebhookFailed, match="refused the connection") as error:
        post(webhook.address, {})
    assert "127.0.0.1" not in str(error.value)
