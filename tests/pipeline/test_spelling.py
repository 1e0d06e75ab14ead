"""Names of any spelling as keys."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._core.definitions.partitions.utils.base import raise_error_on_invalid_partition_key_substring
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.pipeline.topics.spelling import spelt

pytestmark = pytest.mark.dagster

NAMES = st.text(max_size=300) | st.text("ab._-", max_size=300)


@given(NAMES)
def test_dagster_takes_any_name(name: str) -> None:
    raise_error_on_invalid_partition_key_substring([spelt(name)])
    dg.AssetSpec(dg.AssetKey(["topics", spelt(name)]))


@given(st.lists(NAMES, unique=True, max_size=5))
def test_names_that_differ_have_keys_that_differ(names: list[str]) -> None:
    assert len({spelt(name) for name in names}) == len(names)


def test_a_name_that_is_well_stays_as_it_is() -> None:
    assert spelt("onex.evt.router.routing-complete.v1") == "onex.evt.router.routing-complete.v1"
