"""Which declared topics a broker does not have: one listing, bounded in time, and no write."""

from __future__ import annotations

from dataclasses import replace

from omni_assets.contracts.model import Manifest
from omni_assets.operations.context import Context


def missing_topics(context: Context, manifest: Manifest, seconds: float) -> tuple[str, ...]:
    """Declared topics that the broker does not list, without those that nothing may touch, in order.

    Takes at most about ``seconds``. Raises ``BrokerError``.
    """
    limit = min(seconds, context.connection.timeout)
    with replace(context, connection=replace(context.connection, timeout=limit)).admin() as admin:
        present = admin.topic_names()
    return tuple(name for name, topic in manifest.topics.items() if name not in present and not topic.blocked)
