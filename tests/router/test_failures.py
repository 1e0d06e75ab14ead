from __future__ import annotations

from omni_assets.router.failures import NATURES, Failed, Kind


def test_every_kind_has_its_nature() -> None:
    assert set(NATURES) == set(Kind)


def test_what_was_not_called_costs_nothing_and_is_not_tried_again() -> None:
    for nature in NATURES.values():
        assert nature.called or not (nature.charged or nature.transient)


def test_a_receipt_tells_it_by_name() -> None:
    failure = Failed(Kind.RATE_LIMITED, "HTTP 429", retry_after=2.0).failure
    assert (failure.kind, failure.message, failure.transient) == ("rate-limited", "HTTP 429", True)
