"""Consumer groups and offsets: the last look at them, since when they stand still, and what could not be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_assets.projection.question import ask
from omni_assets.projection.rows import LOG, Drift, EarlierFlows, GroupRow, OffsetRow, RescueRow
from omni_assets.projection.store import Projection

GROUPS = (GroupRow("reader", "Stable", 1), GroupRow("other", "Empty", 0))


def _log(topic: str = "t0", latest: int = 10, earliest: int = 0) -> OffsetRow:
    return OffsetRow(topic, LOG, 0, earliest, latest)


def _read(topic: str = "t0", committed: int = 4, group: str = "reader") -> OffsetRow:
    return OffsetRow(topic, group, 0, committed=committed)


def _since(flows: EarlierFlows) -> dict[tuple[str, str], Any]:
    return {(row.topic, row.group_name): row.changed_at for row in flows.offsets}


def test_the_last_look_is_read_back(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    assert projection.remembered("main").flows == EarlierFlows(None, {}, ())
    assert projection.record_flows("main", sample.at(0), GROUPS, [_log(), _read()]) == 5
    found = projection.remembered("main").flows
    assert found.observed_at == sample.at(0)
    assert found.groups == {row.group_name: row for row in GROUPS}
    assert [row[:6] for row in found.offsets] == [_log(), _read()]
    assert projection.remembered("another").flows == EarlierFlows(None, {}, ())


def test_the_same_again_writes_when_it_was_and_no_more(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_flows("main", sample.at(0), GROUPS, [_log(), _read()])
    assert projection.record_flows("main", sample.at(1), GROUPS, [_log(), _read()]) == 1
    found = projection.remembered("main").flows
    assert (found.observed_at, set(_since(found).values())) == (sample.at(1), {sample.at(0)})


def test_a_reader_that_stands_still_while_the_topic_moves_can_be_told(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    for minutes in range(3):
        projection.record_flows("main", sample.at(minutes), GROUPS, [_log(latest=10 + minutes), _read()])
    assert _since(projection.remembered("main").flows) == {("t0", LOG): sample.at(2), ("t0", "reader"): sample.at(0)}


def test_records_that_retention_takes_away_are_no_sign_of_a_writer(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_flows("main", sample.at(0), [], [_log()])
    assert projection.record_flows("main", sample.at(1), [], [_log(earliest=7)]) == 2
    assert _since(projection.remembered("main").flows) == {("t0", LOG): sample.at(0)}
    assert table(tmp_path, "observed_offsets", "earliest, latest") == [(7, 10)]


def test_what_is_gone_is_gone_and_what_could_not_be_seen_stays(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    rows = [_log("t0"), _log("t1"), _log("t2"), _read("t0"), _read("t0", group="other"), _read("t1"), _read("t2")]
    projection.record_flows("main", sample.at(0), GROUPS, rows)
    projection.record_flows("elsewhere", sample.at(0), [], [_log("t9")])
    hidden = [GroupRow("other", "", 0, "not authorized")]
    projection.record_flows("main", sample.at(1), hidden, [_log("t0", 11)], unseen={"t1"})
    found = projection.remembered("main").flows
    assert found.groups == {"other": hidden[0]}
    assert _since(found) == {
        ("t0", LOG): sample.at(1),
        ("t0", "other"): sample.at(0),
        ("t1", LOG): sample.at(0),
        ("t1", "reader"): sample.at(0),
    }
    assert ask(tmp_path, "SELECT groups, topics FROM observed_flows WHERE cluster = 'main'").rows == ((1, 1),)
    assert _since(projection.remembered("elsewhere").flows) == {("t9", LOG): sample.at(0)}


def test_a_look_that_fails_on_the_way_leaves_everything_as_it_was(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_flows("main", sample.at(0), GROUPS, [_log()])
    before = projection.remembered("main").flows

    def broken() -> Any:
        yield _log("t1")
        raise RuntimeError("no answer")

    with pytest.raises(RuntimeError, match="no answer"):
        projection.record_flows("main", sample.at(1), [], broken())
    assert projection.remembered("main").flows == before


_OFFSETS = st.dictionaries(
    st.tuples(st.sampled_from(["t0", "t1"]), st.sampled_from([LOG, "g0", "g1"]), st.integers(0, 1)),
    st.tuples(st.integers(0, 2), st.integers(3, 4)),
    max_size=6,
)
_LOOKS = st.lists(
    st.tuples(_OFFSETS, st.sets(st.sampled_from(["t0", "t1"])), st.sets(st.sampled_from(["g0", "g1"]))), max_size=4
)


def _row(key: tuple[str, str, int], earliest: int, moved: int) -> OffsetRow:
    return OffsetRow(*key, earliest, moved) if key[1] == LOG else OffsetRow(*key, committed=moved)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=_LOOKS)
def test_any_looks_leave_what_each_row_was_seen_at_last_and_since_when(
    looks: list[Any], tmp_path_factory: pytest.TempPathFactory, sample: Any
) -> None:
    projection = Projection(tmp_path_factory.mktemp("state"))
    expected: dict[tuple[str, str, int], tuple[OffsetRow, Any]] = {}
    for minutes, (offsets, unseen, hidden) in enumerate(looks):
        groups = [GroupRow(name, "", 0, "not authorized") for name in sorted(hidden)]
        rows = [_row(key, *values) for key, values in offsets.items()]
        projection.record_flows("main", sample.at(minutes), groups, rows, unseen)
        stay = {key: known for key, known in expected.items() if key[0] in unseen or key[1] in hidden}
        now = {
            row[:3]: (row, expected[row[:3]][1])
            if row[:3] in expected and expected[row[:3]][0][4:] == row[4:]
            else (row, sample.at(minutes))
            for row in rows
        }
        expected = {**stay, **now}
    found = projection.remembered("main").flows.offsets
    assert {row[:3]: (OffsetRow(*row[:6]), row.changed_at) for row in found} == expected


def test_topics_as_they_were_seen_last(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    assert projection.remembered("main").topics == {}
    seen = sample.observed()
    projection.record_snapshot(seen._replace(topics=[row._replace(topic_id=f"id-{row.name}") for row in seen.topics]))
    found = projection.remembered("main").topics
    assert found["t1"] == ("id-t1", 3, sample.at(0))
    assert found.keys() == {"t0", "t1", "t2"}


def test_a_topic_that_could_not_be_seen_keeps_its_id_and_one_that_went_does_not(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    seen = sample.observed()
    named = [row._replace(topic_id=f"id-{row.name}") for row in seen.topics]
    projection.record_snapshot(seen._replace(topics=named))
    unseen = named[0]._replace(topic_id=None, partitions=0, unknown="not authorized")
    without_id = named[1]._replace(topic_id=None)
    projection.record_snapshot(sample.observed(1)._replace(topics=[unseen, without_id]))
    assert {name: row.topic_id for name, row in projection.remembered("main").topics.items()} == {
        "t0": "id-t0",
        "t1": None,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Path:
    """An orphan `t3` with records, of which some were rescued, beside a topic with a reader that is behind."""
    folder: Path = tmp_path_factory.mktemp("state")
    projection = Projection(folder)
    stranded = Drift("t3", "stranded", "", "t0", "<=10", "needs_approval", "code", detail="`t0` was meant")
    projection.record_observation(sample.declared(), sample.observed(topics=4), [stranded, sample.drift("t1")])
    offsets = [_log("t0", 10, 6), _read("t0", 4), _log("t3")]
    projection.record_flows("main", sample.at(0), GROUPS, offsets)
    projection.record_rescue([RescueRow("main", "t3", "t0", 0, 7, 7, "begun", sample.at(1))])
    projection.record_observation(sample.declared(), sample.observed(60 * 24), [stranded])
    return folder


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            "SELECT name, most_records, reading_groups, moved_at FROM topics ORDER BY name",
            [
                ("t0", 4, 1, "2026-01-01T00:00:00+00:00"),
                ("t1", None, None, None),
                ("t2", None, None, None),
            ],
        ),
        (
            "FROM readers",
            [("main", "t0", "reader", "Stable", 1, 1, 4, "2026-01-01T00:00:00+00:00")],
        ),
        ("FROM stranded", [("main", "t3", "`t0` was meant", 3, 7, "2026-01-01T00:00:00+00:00")]),
        (
            "FROM drift_summary ORDER BY day, kind",
            [
                ("2026-01-01", "main", "config", 1, 0, 1),
                ("2026-01-01", "main", "stranded", 1, 0, 1),
                ("2026-01-02", "main", "config", 0, 1, 0),
            ],
        ),
    ],
)
def test_views_say_it_in_one_line(folder: Path, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert list(ask(folder, sql).rows) == rows
