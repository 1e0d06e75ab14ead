"""Shares after some trials, and chains of models."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.learning.posterior import Beta, Link, outlook

counts = st.integers(0, 500)
betas = st.builds(lambda passed, failed: Beta().after(passed, failed), counts, counts)
links = st.builds(Link, betas, betas, st.floats(0, 1), judged=st.integers(1, 9))


@given(betas)
def test_bounds_enclose_the_mean(beta: Beta) -> None:
    assert 0 <= beta.lower <= beta.mean <= beta.upper <= 1


@given(counts, counts)
def test_more_of_the_same_makes_bounds_narrower(passed: int, failed: int) -> None:
    few, many = Beta(1 + passed, 1 + failed), Beta(10 * (1 + passed), 10 * (1 + failed))
    assert many.mean == pytest.approx(few.mean)
    assert many.variance < few.variance


@given(st.lists(links, min_size=1, max_size=5), st.integers(0, 4), st.floats(0, 1))
def test_a_dearer_model_makes_no_chain_cheaper(chain: list[Link], place: int, more: float) -> None:
    place %= len(chain)
    dearer = [*chain]
    dearer[place] = Link(chain[place].accepted, chain[place].right, chain[place].cost_usd + more)
    assert outlook(dearer).cost_usd >= outlook(chain).cost_usd
    assert outlook(dearer).quality == outlook(chain).quality


@given(st.lists(links, min_size=1, max_size=5))
def test_a_chain_is_a_share(chain: list[Link]) -> None:
    expected = outlook(chain)
    assert expected.bound is not None
    assert 0 <= expected.bound <= expected.quality + 1e-12
    assert expected.quality <= 1


def test_what_was_not_seen_proves_nothing() -> None:
    assert outlook([Link(Beta(), Beta(19, 1), 0.0)]).bound is None


def test_a_chain_by_hand() -> None:
    half, sure = Beta(50, 50), Beta(9999, 1)
    expected = outlook([Link(half, Beta(80, 20), 0.0), Link(sure, Beta(90, 10), 0.01)])
    assert expected.quality == pytest.approx(0.5 * 0.8 + 0.5 * 0.9, abs=1e-3)
    assert expected.cost_usd == pytest.approx(0.005)
