from __future__ import annotations

from pathlib import Path

import pytest

from omni_assets.router.calling.failures import NATURES, OFTEN, Failed, Kind, Nature

ROUTING = Path(__file__).resolve().parents[3] / "docs" / "routing.md"


def test_every_kind_has_its_nature() -> None:
    assert set(NATURES) == set(Kind)


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.OVER_BUDGET, Kind.OVER_CEILING])
def test_a_call_that_is_not_made_costs_nothing_and_is_not_tried_again(kind: Kind) -> None:
    assert NATURES[kind] == Nature(retries=0, charged=False)


def test_the_documentation_tells_of_every_kind_what_it_means_for_another_try_and_for_the_money() -> None:
    again = {0: "no", 1: "once", OFTEN: "yes"}
    for kind, nature in NATURES.items():
        row = next(line for line in ROUTING.read_text("utf-8").splitlines() if line.startswith(f"| `{kind.value}` |"))
        *_, tried_again, cost, _ = (cell.strip() for cell in row.split("|"))
        assert tried_again == again[nature.retries], kind
        assert (cost == "none") is not nature.charged, kind


def test_a_receipt_tells_it_by_name() -> None:
    failure = Failed(Kind.RATE_LIMITED, "HTTP 429", retry_after=2.0).failure
    assert (failure.kind, failure.message, failure.transient) == ("rate-limited", "HTTP 429", True)
