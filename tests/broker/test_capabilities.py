"""Capabilities as they are remembered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.capabilities import Capabilities, fingerprint, from_document

KEYS = st.frozensets(st.text(max_size=8), max_size=4)
TRUTHS = st.sampled_from([True, False, None])


@given(
    st.builds(
        Capabilities,
        cluster_id=st.text(max_size=8),
        version=st.text(max_size=8),
        probed_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        no_effect_keys=KEYS,
        rejected_keys=KEYS,
        topic_ids=TRUTHS,
        replication_by_config=TRUTHS,
        max_timestamp=TRUTHS,
        unknown=st.text(max_size=8),
    )
)
def test_what_is_written_is_read_back(capabilities: Capabilities) -> None:
    assert from_document(capabilities.document()) == capabilities


def test_only_what_has_a_time_was_probed() -> None:
    assert Capabilities("c", probed_at=datetime(2026, 1, 1, tzinfo=UTC)).probed
    assert not Capabilities("c", unknown="not probed, since nobody asked").probed


@pytest.mark.parametrize(
    "spoilt",
    [{"topic_ids": "yes"}, {"probed_at": "yesterday"}, {"probed_at": 7}, {"no_effect_keys": None}],
)
def test_what_was_not_written_by_us_is_refused(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"capabilities|isoformat"):
        from_document(Capabilities("c").document() | spoilt)


def test_a_document_without_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match="cluster_id"):
        from_document({"probed_at": None})


def test_a_broker_that_reports_other_keys_is_another_version() -> None:
    assert fingerprint(["a", "b"]) == fingerprint(["b", "a", "a"])
    assert fingerprint(["a", "b"]) != fingerprint(["a", "c"])
    assert fingerprint(["ab"]) != fingerprint(["a", "b"])
