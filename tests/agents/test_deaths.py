"""What a worker died of, from the log of its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.deaths import MOST_SUSPECTS, Calls, suspects


def log(deaths: dict[str, int] | None = None) -> tuple[Calls, list[str]]:
    lines: list[str] = []
    return Calls(deaths or {}, lines.append), lines


def test_all_that_was_under_way_is_suspect():
    calls, lines = log()
    with calls.under_way("done"):
        pass
    with calls.under_way("a"), calls.under_way("b"):
        assert suspects(lines) == {"a": 1, "b": 1}


def test_who_is_alone_leaves_no_doubt():
    calls, lines = log({"a": 1, "b": 1})
    whole = [*calls.lines()]
    with calls.under_way("b"):
        pass
    with calls.under_way("a"):
        assert suspects(whole + lines) == {"a": 2}


def test_other_suspects_stay_what_they_were_when_one_is_found_alone():
    calls, lines = log({"a": 1, "b": 1})
    whole = [*calls.lines()]
    with calls.under_way("a"):
        assert suspects(whole + lines) == {"a": 2, "b": 1}


def test_a_call_that_raises_did_not_end_the_process():
    calls, lines = log()
    with pytest.raises(ZeroDivisionError), calls.under_way("a"):
        1 / 0  # noqa: B018 - it raises
    assert suspects(lines) == {}


def test_lines_that_are_cut_off_or_say_something_else_are_passed_over():
    assert suspects(["", "begu", "begun", "died a", "died b x", "died c 2", "process 1 x", "begun d extra"]) == {"c": 2}


def test_the_latest_suspects_are_remembered():
    found = suspects([f"died t{number} 1" for number in range(MOST_SUSPECTS + 5)])
    assert len(found) == MOST_SUSPECTS
    assert "t0" not in found


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), max_size=40))
def test_a_log_that_is_begun_anew_says_the_same(steps):
    """Wherever it is begun anew, whoever dies then leaves the same suspects."""
    calls, lines = log({"a": 1})
    lines.extend(calls.lines())
    running = {}
    for begins, task in steps:
        if begins and task not in running:
            running[task] = calls.under_way(task)
            running[task].__enter__()
        elif not begins and task in running:
            running.pop(task).__exit__(None, None, None)
    assert suspects(calls.lines()) == suspects(lines)
