"""Laws of the life of a drift, against a model that looks at each drift's time line on its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.projection.episodes import Episodes
from omni_assets.projection.events import ObservedEvent, observed_event, observed_record
from omni_assets.projection.rows import Drift, DriftKey, HistoryRow

START = datetime(2026, 1, 1, tzinfo=UTC)


class Look(NamedTuple):
    cluster: str
    at: datetime
    drift: tuple[Drift, ...]


def _drifts() -> st.SearchStrategy[tuple[Drift, ...]]:
    one = st.builds(
        Drift,
        topic=st.sampled_from(["a", "b"]),
        kind=st.sampled_from(["missing", "silent_reader", "unknown"]),
        field=st.sampled_from(["", "flows"]),
        declared=st.sampled_from([None, "7d"]),
        observed=st.sampled_from(["1d", "2d"]),
        verdict=st.sampled_from(["auto_fixable", "unknown"]),
        reason=st.just("code"),
        owner=st.just("node"),
        path=st.just("c.yaml"),
        line=st.integers(1, 2),
    )
    return st.lists(one, max_size=5, unique_by=lambda each: each.key).map(tuple)


def _looks() -> st.SearchStrategy[list[Look]]:
    steps = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.integers(0, 90), _drifts()), max_size=8)

    def timed(steps: list[tuple[str, int, tuple[Drift, ...]]]) -> list[Look]:
        at, looks = START, []
        for cluster, minutes, drift in steps:
            at += timedelta(minutes=minutes)
            looks.append(Look(cluster, at, drift))
        return looks

    return steps.map(timed)


def _model(looks: list[Look]) -> list[HistoryRow]:
    rows = []
    for cluster, key in sorted({(look.cluster, each.key) for look in looks for each in look.drift}):
        current: HistoryRow | None = None
        for _, at, drift in (look for look in looks if look.cluster == cluster):
            found = next((each for each in drift if each.key == key), None)
            unknown = {each.field for each in drift if each.topic == key.topic and each.kind == "unknown"}
            unseen = (key.kind == "missing" and "" in unknown) or (key.kind == "silent_reader" and unknown)
            if found:
                same = current and current.drift[3:7] == found[3:7]
                words = current.drift if current and same else found
                first = current.first_seen if current else at
                current = HistoryRow(cluster, *words[:-1], first_seen=first, last_seen=at, resolved=None)
            elif current and not unseen:
                rows.append(current._replace(resolved=at))
                current = None
        if current:
            rows.append(current)
    return sorted(rows, key=repr)


def _played(looks: list[Look]) -> tuple[list[HistoryRow], list[ObservedEvent]]:
    episodes, table, events = Episodes(), list[HistoryRow](), []
    for look in looks:
        events.append(episodes.decide(*look))
        episodes.apply(events[-1])
        _write(episodes, table)
    return sorted(table, key=repr), events


def _write(episodes: Episodes, table: list[HistoryRow]) -> None:
    for row, replaces_open in episodes.take_unwritten():
        if replaces_open:
            [before] = [
                each for each in table if each.resolved is None and (each.cluster, each.key) == (row.cluster, row.key)
            ]
            table.remove(before)
        table.append(row)


@given(_looks())
def test_history_is_what_each_drifts_own_time_line_says(looks: list[Look]) -> None:
    assert _played(looks)[0] == _model(looks)


@given(_looks(), st.integers(1, 4))
def test_a_replay_in_chunks_gives_the_same_history(looks: list[Look], chunk: int) -> None:
    written, events = _played(looks)
    episodes, table = Episodes(), list[HistoryRow]()
    for number, event in enumerate(events, 1):
        episodes.apply(observed_event(observed_record(event)))
        if number % chunk == 0:
            _write(episodes, table)
    _write(episodes, table)
    assert sorted(table, key=repr) == written


@given(_looks(), _drifts())
def test_the_same_drift_again_is_no_news(looks: list[Look], drift: tuple[Drift, ...]) -> None:
    episodes = Episodes()
    at = START
    for look in looks:
        episodes.apply(episodes.decide(*look))
        at = look.at
    episodes.apply(episodes.decide("one", at, drift))
    again = episodes.decide("one", at, drift)
    assert (again.opened, again.changed, again.resolved) == ((), (), ())


def test_an_unseen_topic_keeps_its_drift_and_a_seen_one_does_not() -> None:
    retention = Drift("a", "config", "retention.ms", "7d", "1d", "auto_fixable", "code")
    other = retention._replace(topic="b")
    unknown = Drift("a", "unknown", "configs", None, None, "unknown", "not-authorized")
    episodes = Episodes()
    episodes.apply(episodes.decide("one", START, [retention, other]))
    event = episodes.decide("one", START + timedelta(hours=1), [unknown])
    episodes.apply(event)
    assert event.kept == (retention.key,)
    assert event.resolved == (other.key,)
    assert [(row.key, row.last_seen) for row in episodes.open_in("one")] == [
        (retention.key, START),
        (unknown.key, START + timedelta(hours=1)),
    ]


def test_unseen_offsets_keep_what_is_told_from_them_and_hide_nothing_else() -> None:
    retention = Drift("a", "config", "retention.ms", "7d", "1d", "auto_fixable", "code")
    stuck = retention._replace(kind="silent_reader", field="node")
    episodes = Episodes()
    episodes.apply(episodes.decide("one", START, [retention, stuck]))
    unseen = Drift("a", "unknown", "flows", None, None, "unknown", "not-observed")
    event = episodes.decide("one", START + timedelta(hours=1), [unseen])
    assert (event.kept, event.resolved) == ((stuck.key,), (retention.key,))


def test_a_drift_given_twice_is_refused() -> None:
    drift = Drift("a", "missing", "", "1", None, "auto_fixable", "code")
    with pytest.raises(ValueError, match="given twice"):
        Episodes().decide("one", START, [drift, drift._replace(observed="2")])


def test_a_journal_with_a_line_missing_is_mended_by_the_next_observation() -> None:
    drift = Drift("a", "config", "retention.ms", "7d", "1d", "auto_fixable", "code")
    episodes = Episodes()
    episodes.apply(ObservedEvent("one", START, changed=(drift,), resolved=(DriftKey("b", "missing", ""),)))
    assert [row.first_seen for row in episodes.open_in("one")] == [START]
    assert episodes.decide("one", START, []).resolved == (drift.key,)
