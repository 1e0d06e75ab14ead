"""What a topic takes and keeps, as far as its settings were seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.errors import RescueRefused
from omni_assets.operations.destinations import (
    UNLIMITED,
    is_compacted,
    kept_ms,
    largest_batch,
    present,
    refuse_old,
    stamps_itself,
)

DAY_MS = 86_400_000


def topic(**settings: str) -> ObservedTopic:
    configs = {name.replace("_", "."): ObservedConfig(value, ConfigSource.TOPIC) for name, value in settings.items()}
    return ObservedTopic("home", (1,), configs=configs)


def refuse(why: str, remedy: str) -> RescueRefused:
    return RescueRefused("orphan", why, remedy)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"cleanup_policy": "delete", "retention_ms": "5"}, 5),
        ({"cleanup_policy": "delete", "retention_ms": "-1"}, UNLIMITED),
        ({"cleanup_policy": "compact,delete", "retention_ms": "5"}, 5),
        ({"cleanup_policy": "compact", "retention_ms": "5"}, UNLIMITED),
        ({"retention_ms": "5"}, 5),
        ({"cleanup_policy": "delete"}, None),
    ],
)
def test_how_long_a_record_is_kept(settings, kept):
    assert kept_ms(topic(**settings)) == kept


def test_what_was_not_seen_is_not_guessed_but_for_the_size_of_a_batch():
    unseen = ObservedTopic("home", (1,))
    assert (kept_ms(unseen), is_compacted(unseen), stamps_itself(unseen)) == (None, False, False)
    assert largest_batch(unseen) == 1_048_588
    assert largest_batch(topic(max_message_bytes="2000")) == 2_000


@pytest.mark.parametrize(("age_days", "is_refused"), [(1, False), (3, True)])
def test_what_is_too_old_is_refused_where_the_topic_keeps_its_time(age_days, is_refused):
    oldest = datetime.now(UTC) - timedelta(days=age_days)
    limited = {"message_timestamp_before_max_ms": str(2 * DAY_MS)}
    if is_refused:
        with pytest.raises(RescueRefused, match="its oldest record is 3 days old, and `home` refuses what is older"):
            refuse_old(topic(**limited), oldest, "record", refuse)
    else:
        refuse_old(topic(**limited), oldest, "record", refuse)
    refuse_old(topic(**limited, message_timestamp_type="LogAppendTime"), oldest, "record", refuse)
    refuse_old(topic(), oldest, "record", refuse)
    refuse_old(topic(**limited), None, "record", refuse)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({}, "there is no topic `home` at b:9092. Make it."),
        ({"home": ObservedTopic("home", (), unknown="not authorised")}, "could not be seen whole: not authorised"),
        ({"home": ObservedTopic("home", ())}, "could not be seen whole: no partition was listed"),
        ({"home": ObservedTopic("home", (1,), internal=True)}, "belongs to the broker itself"),
    ],
)
def test_a_topic_that_is_not_there_whole_is_refused(seen, why):
    with pytest.raises(RescueRefused) as refused:
        present(seen, "home", "b:9092", "Make it.", refuse)
    assert why in str(refused.value)
