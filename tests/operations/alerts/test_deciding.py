"""What is told of what is wrong: when it appears, when it grows, once a day, and when it is over; never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.alerts.alert import Alert, Kind, Look, Occasion, Severity
from omni_assets.operations.alerts.deciding import REMIND_AFTER, decide, heard, is_wanted, untold
from omni_assets.projection.rows import AlertRow
from omni_assets.settings import AlertSettings

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FAILS = Alert(Kind.RUN, "run/a", Severity.ERROR, "a run of a failed", "why")
DRIFTS = Alert(Kind.DRIFT, "drift/x", Severity.WARNING, "1 drift", "- t", newest=START)
AWAY = Alert(Kind.BROKER, "broker", Severity.ERROR, "away", "refused", patience=15 * MINUTE)
ALL = frozenset(Kind)


class People:
    """Who is told: rows as they are remembered, and what was said in which order."""

    def __init__(self, listens: bool = True) -> None:
        self.rows: dict[str, AlertRow] = {}
        self.said: list[tuple[str, str]] = []
        self.listens = listens

    def look(self, now: datetime, *alerts: Alert, kinds: frozenset[Kind] = ALL) -> list[str]:
        self.rows |= {row.key: row for row in decide(Look(kinds, alerts), self.rows.values(), "local", now)}
        due = untold(self.rows.values(), "webhook", now) if self.listens else ()
        self.said += [(row.key, row.occasion) for row in due]
        self.rows |= {row.key: heard(row, "webhook", now) for row in due}
        return [row.occasion for row in due]


def test_it_is_told_once_reminded_of_once_a_day_and_told_when_it_is_over() -> None:
    people = People()
    assert people.look(START, FAILS) == ["appeared"]
    assert people.look(START + MINUTE, replace(FAILS, text="another run")) == []
    assert people.look(START + REMIND_AFTER - MINUTE, FAILS) == []
    assert people.look(START + REMIND_AFTER, FAILS) == ["reminder"]
    assert people.look(START + REMIND_AFTER + MINUTE, FAILS) == []
    assert people.look(START + REMIND_AFTER + 2 * MINUTE) == ["over"]
    assert people.look(START + REMIND_AFTER + 3 * MINUTE) == []
    assert people.look(START + REMIND_AFTER + 4 * MINUTE, FAILS) == ["appeared"]


def test_more_of_it_is_told_and_less_of_it_is_not() -> None:
    people = People()
    assert people.look(START, DRIFTS) == ["appeared"]
    assert people.look(START + MINUTE, replace(DRIFTS, newest=START + MINUTE, title="2 drifts")) == ["grew"]
    assert people.rows["drift/x"].title == "2 drifts"
    assert people.look(START + 2 * MINUTE, DRIFTS) == []


def test_what_may_pass_is_told_once_it_has_lasted_and_else_never() -> None:
    people = People()
    assert people.look(START, AWAY) == people.look(START + 14 * MINUTE, AWAY) == []
    assert people.look(START + 14 * MINUTE) == []
    assert people.rows["broker"].occasion == Occasion.PASSED
    assert people.look(START + 20 * MINUTE, AWAY) == people.look(START + 34 * MINUTE, AWAY) == []
    assert people.look(START + 35 * MINUTE, AWAY) == ["appeared"]
    assert people.look(START + 36 * MINUTE) == ["over"]


def test_what_was_not_looked_at_is_not_over() -> None:
    people = People()
    people.look(START, FAILS, DRIFTS)
    assert people.look(START + MINUTE, kinds=frozenset({Kind.BUDGET})) == []
    assert people.look(START + MINUTE, kinds=frozenset({Kind.RUN})) == ["over"]
    assert people.rows["drift/x"].occasion == Occasion.APPEARED


def test_what_nobody_heard_of_waits_and_its_end_is_told_to_nobody() -> None:
    people = People(listens=False)
    people.look(START, FAILS)
    people.look(START + REMIND_AFTER, FAILS)
    people.listens = True
    assert people.look(START + REMIND_AFTER + MINUTE, FAILS) == ["appeared"]
    deaf = People(listens=False)
    deaf.look(START, FAILS)
    deaf.look(START + MINUTE)
    deaf.listens = True
    assert deaf.look(START + 2 * MINUTE) == []


def test_a_channel_that_comes_later_hears_of_what_is_wrong_and_not_of_what_was() -> None:
    people = People()
    people.look(START, FAILS, DRIFTS)
    people.look(START + MINUTE, DRIFTS)
    later = START + MINUTE + REMIND_AFTER
    assert [row.key for row in untold(people.rows.values(), "topic", later)] == ["drift/x"]
    assert heard(heard(people.rows["drift/x"], "topic", later), "topic", later).told == "topic webhook"


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (AlertSettings(), True),
        (AlertSettings(least="error"), False),
        (AlertSettings(kinds=("run", "budget")), False),
        (AlertSettings(kinds=("drift",)), True),
    ],
)
def test_people_say_what_they_want_to_hear_of(settings: AlertSettings, wanted: bool) -> None:
    assert is_wanted(settings, DRIFTS.kind, DRIFTS.severity) is wanted


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3000),
            st.sets(st.sampled_from([FAILS, DRIFTS, AWAY])),
            st.sets(st.sampled_from([Kind.RUN, Kind.DRIFT, Kind.BROKER])),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_whatever_happens_each_end_has_a_beginning(
    ticks: list[tuple[int, set[Alert], set[Kind], bool]],
) -> None:
    people, now = People(), START
    for minutes, alerts, kinds, listens in ticks:
        now += minutes * MINUTE
        people.listens = listens
        seen = [each for each in (FAILS, DRIFTS, AWAY) if each in alerts and each.kind in kinds]
        before = dict(people.rows)
        people.look(now, *seen, kinds=frozenset(kinds))
        # The same look at the same moment changes nothing, and says nothing.
        after = dict(people.rows)
        assert people.look(now, *seen, kinds=frozenset(kinds)) == []
        assert people.rows == after
        assert {key for key in after if after[key] != before.get(key)} <= {*before, *(each.key for each in seen)}
    for key in people.rows:
        told = [occasion for each, occasion in people.said if each == key]
        stands = False
        for occasion in told:
            # Where an end was not heard of, what is wrong again appears again.
            assert stands or occasion == "appeared"
            stands = occasion != "over"
