"""Telling people what is wrong: decided and noted first, then told, then noted as told.

A process that is killed between the last two tells it once more: a topic's readers know it by the event's id, and a
webhook has it twice. What a channel did not take is told to it the next time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from filelock import FileLock, Timeout

from omni_assets.errors import OmniError, ProjectionBusy, StateFolderUnusable, reason
from omni_assets.operations.alerts import slack, topic, webhook
from omni_assets.operations.alerts.alert import Look
from omni_assets.operations.alerts.deciding import decide, heard, is_wanted, untold
from omni_assets.operations.context import Context
from omni_assets.projection.rows import AlertRow
from omni_assets.projection.store import Projection
from omni_assets.settings import alert_webhook

LOCK_SECONDS = 10.0
"""Most seconds that one process waits for another one that tells."""

MOST_AT_ONCE = 200
"""Most alerts that a channel is told of at once; the others come the next time."""

WEBHOOK, TOPIC = "webhook", "topic"

_LOCK_FILE = "alerts.lock"

Tell = Callable[[Sequence[AlertRow]], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told, for each channel, and what kept a channel from taking it, as sentences."""

    rows: Mapping[str, tuple[AlertRow, ...]]
    troubles: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """How many alerts were told, those counted once that several channels took."""
        return len({row.key for rows in self.rows.values() for row in rows})


def channels(context: Context, environ: Mapping[str, str] = os.environ) -> Mapping[str, Tell]:
    """Where alerts go, by name; none where nobody asked for any. Raises ``SettingsError``."""
    found: dict[str, Tell] = {}
    address = alert_webhook(environ)
    if address is not None:
        found[WEBHOOK] = partial(_to_webhook, address)
    node = context.settings.alerts.node
    if node is not None:
        found[TOPIC] = partial(_to_topic, context, node)
    return found


def tell(context: Context, look: Look, to: Mapping[str, Tell], now: datetime) -> Told:
    """Tell all channels what they have still to hear of what was looked at. Raises ``StateError``.

    What is wrong with a channel is part of what is returned: the others are told all the same.
    """
    projection, wanted = Projection(context.home), context.settings.alerts
    with _alone(context):
        known = [row for row in projection.alerts(context.environment) if is_wanted(wanted, row.kind, row.severity)]
        alerts = tuple(each for each in look.alerts if is_wanted(wanted, each.kind, each.severity))
        decided = decide(Look(look.kinds, alerts), known, context.environment, now)
        projection.record_alerts(decided)
        rows = {row.key: row for row in (*known, *decided)}
        told: dict[str, tuple[AlertRow, ...]] = {}
        troubles = []
        for name, channel in to.items():
            due = untold([row for row in rows.values() if row.kind in look.kinds], name, now)[:MOST_AT_ONCE]
            if not due:
                continue
            try:
                channel(due)
            except OmniError as error:
                troubles.append(str(error))
                continue
            told[name] = due
            rows |= {row.key: heard(rows[row.key], name, now) for row in due}
            projection.record_alerts(rows[row.key] for row in due)
    return Told(told, tuple(troubles))


def _to_webhook(address: str, rows: Sequence[AlertRow]) -> None:
    webhook.post(address, slack.message(rows))


def _to_topic(context: Context, node: str, rows: Sequence[AlertRow]) -> None:
    topic.append(context, topic.alert_topic(context.manifest(), node), node, rows)


class _alone:  # noqa: N801 - a context manager that reads as a word
    """The only one of a state folder that tells. Raises ``StateError``."""

    def __init__(self, context: Context) -> None:
        self._home = context.home
        self._lock = FileLock(context.home / _LOCK_FILE)

    def __enter__(self) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise ProjectionBusy(self._lock.lock_file, LOCK_SECONDS) from None
        except OSError as error:
            raise StateFolderUnusable(str(self._home), reason(error)) from None

    def __exit__(self, *_: object) -> None:
        self._lock.release()
