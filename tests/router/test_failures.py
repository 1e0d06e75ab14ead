from __future__ import annotations

import pytest

from omni_assets.router.failures import NATURES, Failed, Kind, Nature


def test_every_kind_has_its_nature() -> None:
    assert set(NATURES) == set(Kind)


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.OVER_BUDGET, Kind.OVER_CEILING])
def test_a_call_that_is_not_made_costs_nothing_and_is_not_tried_again(kind: Kind) -> None:
    assert NATURES[kind] == Nature(retries=0, charged=False)


def test_a_receipt_tells_it_by_name() -> None:
    failure = Failed(Kind.RATE_LIMITED, "HTTP 429", retry_after=2.0).failure
    assert (failure.kind, failure.message, failure.transient) == ("rate-limited", "HTTP 429", True)
