"""Text for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.cli.words import age, spent

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "now"),
        (0, "now"),
        (1, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (7_200, "2 h"),
        (259_200, "3 d"),
    ],
)
def test_age_is_in_the_largest_unit_that_fits(seconds, text):
    assert age(NOW - timedelta(seconds=seconds), NOW) == text


def test_durations_and_the_calls_that_they_took():
    assert spent(0.2049) == "(0.20 s)"
    assert spent(1.5, 1) == "(1.50 s, 1 broker call)"
