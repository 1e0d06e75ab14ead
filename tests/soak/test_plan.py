from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.soak.plan import DECK, LONGEST_PAUSE, Action, steps

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
def test_the_same_seed_gives_the_same_steps(seed: int) -> None:
    assert list(islice(steps(seed), 100)) == list(islice(steps(seed), 100))


@given(SEEDS, st.integers(1, 5))
def test_each_deck_holds_every_action_as_often_as_it_says(seed: int, decks: int) -> None:
    found = list(islice(steps(seed), decks * sum(DECK.values())))
    assert Counter(each.action for each in found) == {action: decks * times for action, times in DECK.items()}
    assert all(0 <= each.pause <= LONGEST_PAUSE and 0 <= each.chance < 1 for each in found)


@pytest.mark.parametrize("action", Action)
def test_every_action_comes(action: Action) -> None:
    assert DECK[action] > 0
