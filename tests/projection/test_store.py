"""What is recorded is what is read back; only what changed is written; the journal alone gives the same history."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_assets.errors import StateError
from omni_assets.projection.events import ObservedEvent, observed_record
from omni_assets.projection.journal import encoded_json
from omni_assets.projection.rows import Drift, DriftKey, Observed, ObservedConfigRow, ProvisionRow, Rebuilt
from omni_assets.projection.store import Projection

JOURNALLED = ("drift_history", "provision_log", "journal_position")
MANIFEST = "digest, topics, declared_at = TIMESTAMPTZ '2026-01-01 00:00:00+00' AS at_the_start"
DRIFT_WITHOUT_DETAIL = "* EXCLUDE (detail)"


def _entry(sample: Any, topic: str, minutes: float = 0, outcome: str = "created") -> ProvisionRow:
    return ProvisionRow(uuid.uuid4().hex, sample.at(minutes), "main", "127.0.0.1:9092", "test", topic, outcome)


def test_what_is_recorded_is_read_back(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    declared, observed = sample.declared(), sample.observed()
    recorded = projection.record_observation(declared, observed, [sample.drift()])
    stored = projection.stored()
    assert stored.observations == ((*observed.observation, 3),)
    assert stored.drift == recorded.drift
    assert [row.drift for row in stored.drift] == [sample.drift()]
    assert {(row.first_seen, row.last_seen) for row in stored.drift} == {(sample.at(0), sample.at(0))}
    assert recorded.opened == (sample.drift().key,)
    assert table(tmp_path, "declared_topics", "* EXCLUDE (updated_at)") == declared.topics
    assert table(tmp_path, "observed_topics", "* EXCLUDE (cluster, changed_at)") == observed.topics
    assert table(tmp_path, "manifest", MANIFEST) == [("abc", 3, True)]


def test_values_are_kept_to_the_letter(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    odd = ["", " ", "null", "NULL", "1e400", "0x1F", '"', "\\", "\x00", "ü\u2028", "\x1f", "[]", None]
    seen = sample.observed(topics=0)
    seen = seen._replace(configs=[ObservedConfigRow("t", f"k{n}", text, "topic", text) for n, text in enumerate(odd)])
    Projection(tmp_path).record_observation(sample.declared(0), seen, [])
    assert sorted(table(tmp_path, "observed_configs", "key, value, default_value")) == sorted(
        (f"k{n}", text, text) for n, text in enumerate(odd)
    )


def test_text_that_utf8_cannot_hold_does_not_stop_an_observation(tmp_path: Path, sample: Any) -> None:
    drift = sample.drift()._replace(path="caf\udce9/contract.yaml")
    recorded = Projection(tmp_path).record_observation(sample.declared(), sample.observed(), [drift])
    assert [row.path for row in recorded.drift] == ["caf?/contract.yaml"]


def test_times_of_any_zone_are_the_same_instant(tmp_path: Path, sample: Any) -> None:
    seen = sample.observed()
    abroad = seen.observation.observed_at.astimezone(timezone(timedelta(hours=-5)))
    seen = seen._replace(observation=seen.observation._replace(observed_at=abroad))
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), seen, [sample.drift()])
    assert projection.stored().drift[0].first_seen == sample.at(0)
    assert projection.rebuild() == Rebuilt(1, 0)
    assert projection.history()[0].first_seen == sample.at(0)


def test_an_identical_observation_writes_its_own_row_alone(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(50), sample.observed(topics=50, keys=30), [])
    again = projection.record_observation(sample.declared(50), sample.observed(1, topics=50, keys=30), [])
    assert again.written == 1
    assert table(tmp_path, "manifest", MANIFEST) == [("abc", 50, True)]


def test_rows_that_come_back_are_written_again(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    for minutes, value in enumerate(("1", "2", "1")):
        written = projection.record_snapshot(sample.observed(minutes, value=value))
        assert written == (6 if minutes else 9), "two configs of each of three topics, and the topics at first"
        assert table(tmp_path, "observed_configs", "DISTINCT value") == [(value,)]


def test_the_same_rows_in_another_order_are_no_change(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    seen = sample.observed()
    projection.record_snapshot(seen)
    assert projection.record_snapshot(seen._replace(topics=seen.topics[::-1], configs=seen.configs[::-1])) == 0


def test_a_new_file_is_given_rows_that_the_old_one_had(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    assert projection.record_snapshot(sample.observed()) == 9
    projection.file.unlink()
    assert projection.record_snapshot(sample.observed(1)) == 9
    assert len(table(tmp_path, "observed_configs")) == 6


def test_open_drift_costs_its_last_seen_and_no_more(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    again = projection.record_observation(sample.declared(), sample.observed(1), [sample.drift()])
    assert again.written == 3, "the observation, the open drift and its history"
    assert (again.opened, again.changed, again.resolved) == ((), (), ())
    assert (again.drift[0].first_seen, again.drift[0].last_seen) == (sample.at(0), sample.at(1))


def test_only_what_changed_is_written_and_stamped(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [])
    seen = sample.observed(5)
    configs = [row._replace(value="2") if row[:2] == ("t1", "k0") else row for row in seen.configs]
    topics = [row for row in seen.topics if row.name != "t2"]
    recorded = projection.record_observation(
        sample.declared(), seen._replace(topics=topics, configs=[row for row in configs if row.topic != "t2"]), []
    )
    assert recorded.written == 1 + 1 + 3, "the observation; a value; a topic and its two configs gone"
    stamps = dict(table(tmp_path, "observed_configs", "topic || key, epoch_us(changed_at)"))
    changed = {name for name, stamp in stamps.items() if stamp != min(stamps.values())}
    assert (changed, len(stamps)) == ({"t1k0"}, 4)


def test_clusters_do_not_touch_each_other(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(cluster="one"), [sample.drift("t0")])
    projection.record_observation(sample.declared(), sample.observed(1, cluster="two", topics=1), [sample.drift("t1")])
    projection.record_observation(sample.declared(), sample.observed(2, cluster="two", topics=0), [])
    assert table(tmp_path, "observed_topics", "cluster, name") == [("one", f"t{n}") for n in range(3)]
    assert [(row.cluster, row.topic) for row in projection.stored().drift] == [("one", "t0")]
    assert projection.stored("two").drift == ()
    assert [(row.cluster, row.resolved) for row in projection.history()] == [("two", sample.at(2)), ("one", None)]
    assert [row.cluster for row in projection.history(cluster="one")] == ["one"]
    assert [row.cluster for row in projection.history(topic="t1")] == ["two"]


def test_drift_of_a_topic_that_cannot_be_seen_stays_open(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    known, unknown = sample.drift("t0"), sample.drift("t0", "unknown", "", None)
    projection.record_observation(sample.declared(), sample.observed(), [known, sample.drift("t1")])
    blind = projection.record_observation(sample.declared(), sample.observed(1), [unknown])
    assert blind.resolved == (DriftKey("t1", "config", "retention.ms"),)
    assert [(row.drift, row.last_seen) for row in blind.drift] == [(known, sample.at(0)), (unknown, sample.at(1))]
    assert projection.stored().drift == blind.drift
    seen = projection.record_observation(sample.declared(), sample.observed(2), [known])
    assert [(row.drift, row.first_seen, row.last_seen) for row in seen.drift] == [(known, sample.at(0), sample.at(2))]
    assert seen.resolved == (unknown.key,)


def test_a_journalled_observation_whose_commit_was_lost_is_caught_up_by_any_other(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(cluster="two"), [sample.drift("t0")])
    lost = ObservedEvent("two", sample.at(1), opened=(sample.drift("t1"),), resolved=(sample.drift("t0").key,))
    with (tmp_path / "journal" / "drift.jsonl").open("a") as file:
        file.write(encoded_json(observed_record(lost)) + "\n")
    projection.record_observation(sample.declared(), sample.observed(2, cluster="one"), [])
    assert [(row.cluster, row.topic, row.first_seen) for row in projection.stored().drift] == [
        ("two", "t1", sample.at(1))
    ]
    assert [(row.topic, row.resolved) for row in projection.history()] == [("t1", None), ("t0", sample.at(1))]
    assert [row.cluster for row in projection.stored().observations] == ["one"], "the lost one is not the older one"


def test_a_drift_that_changes_keeps_its_first_seen(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift(observed="1d")])
    moved = sample.drift(observed="1d")._replace(line=9, detail="said otherwise")
    recorded = projection.record_observation(sample.declared(), sample.observed(1), [moved])
    assert (recorded.changed, recorded.drift[0].line, recorded.drift[0].detail) == ((), 9, "said otherwise")
    recorded = projection.record_observation(sample.declared(), sample.observed(2), [sample.drift(observed="2d")])
    assert recorded.changed == (sample.drift().key,)
    assert [(row.observed, row.first_seen, row.resolved) for row in projection.history()] == [
        ("2d", sample.at(0), None)
    ]


def test_a_drift_given_twice_leaves_everything_as_it_was(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [])
    journal = (tmp_path / "journal" / "drift.jsonl").read_bytes()
    with pytest.raises(ValueError, match="given twice"):
        projection.record_observation(sample.declared(0), sample.observed(1), [sample.drift(), sample.drift()])
    assert (tmp_path / "journal" / "drift.jsonl").read_bytes() == journal
    assert table(tmp_path, "declared_topics", "name") == [("t0",), ("t1",), ("t2",)]
    assert projection.stored().observations[0].observed_at == sample.at(0)


def test_rows_that_fail_on_the_way_leave_everything_as_it_was(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    before = projection.stored()

    def broken() -> Any:
        yield ObservedConfigRow("t0", "k0", "9", "topic", None)
        raise RuntimeError("the source broke")

    seen = sample.observed(1)
    with pytest.raises(RuntimeError, match="the source broke"):
        projection.record_observation(sample.declared(), Observed(seen.observation, seen.topics, broken()), [])
    assert projection.stored() == before
    assert len((tmp_path / "journal" / "drift.jsonl").read_text().splitlines()) == 1


def test_contracts_change_without_a_broker(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    assert projection.declare(sample.declared(2), sample.at(0)) == 2 + 2 + 1
    assert projection.declare(sample.declared(2), sample.at(1)) == 0
    assert projection.declare(sample.declared(2, digest="new", partitions=6), sample.at(2)) == 2 + 2
    assert table(tmp_path, "manifest", MANIFEST) == [("new", 2, False)]
    assert table(tmp_path, "declared_topics", "name, partitions") == [("t0", 6), ("t1", 6)]
    with pytest.raises(StateError, match="no observation has been projected") as caught:
        projection.stored()
    assert "omni drift" in caught.value.remedy


def test_a_snapshot_alone_changes_what_was_observed_and_nothing_else(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift("t2")])
    projection.record_snapshot(sample.observed(cluster="two", topics=1))
    others = ("manifest", "declared_topics", "declarations", "observations", "drift", *JOURNALLED)
    before = [table(tmp_path, name) for name in others]
    journal = (tmp_path / "journal" / "drift.jsonl").read_bytes()
    seen = sample.observed(1, topics=2)
    configs = [row._replace(value="2") if row[:2] == ("t1", "k0") else row for row in seen.configs]
    assert projection.record_snapshot(seen._replace(configs=configs)) == 1 + 2 + 1, "a topic, its configs; a value"
    assert projection.record_snapshot(seen._replace(configs=configs)) == 0
    assert table(tmp_path, "observed_topics", "cluster, name") == [("main", "t0"), ("main", "t1"), ("two", "t0")]
    late = "observed_configs WHERE changed_at > TIMESTAMPTZ '2026-01-01 00:00:00+00'"
    assert table(tmp_path, late, "topic, key, value") == [("t1", "k0", "2")]
    assert [table(tmp_path, name) for name in others] == before
    assert (tmp_path / "journal" / "drift.jsonl").read_bytes() == journal


def test_a_snapshot_that_fails_on_the_way_leaves_everything_as_it_was(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_snapshot(sample.observed())
    names = ("observed_topics", "observed_configs", "projected_rows")
    before = [table(tmp_path, name) for name in names]

    def broken() -> Any:
        yield ObservedConfigRow("t0", "k0", "9", "topic", None)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        projection.record_snapshot(sample.observed(1, topics=1)._replace(configs=broken()))
    assert [table(tmp_path, name) for name in names] == before
    assert projection.record_snapshot(sample.observed(2)) == 0


def test_drift_is_unknown_where_it_was_not_looked_for(
    tmp_path: Path, sample: Any, table: Callable[..., list[Any]]
) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(2), sample.observed(cluster="one", topics=1), [sample.drift("t0")])
    projection.record_snapshot(sample.observed(cluster="two", topics=1))
    assert table(tmp_path, "topics", "cluster, name, found, drifts") == [
        ("one", "t0", "both", 1),
        ("one", "t1", "declared only", 0),
        ("two", "t0", "both", None),
        ("two", "t1", "declared only", None),
    ]


def test_later_contracts_do_not_change_what_an_observation_was_compared_with(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(3), sample.observed(), [sample.drift("t0"), sample.drift("t1")])
    projection.declare(sample.declared(0, digest="none"), sample.at(1))
    assert [row.declared_topics for row in projection.stored().observations] == [3]


def test_nothing_projected_is_not_nothing_found(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path / "new")
    for read in (projection.stored, projection.history, projection.provisioned):
        with pytest.raises(StateError, match=r"nothing has been projected in .*new yet"):
            read()
    assert not (tmp_path / "new").exists(), "a question leaves no trace"
    projection.record_observation(sample.declared(), sample.observed(cluster="one"), [])
    with pytest.raises(StateError, match="no observation of two"):
        projection.stored("two")


def test_provisioning_is_logged_and_journalled(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    first = (_entry(sample, "t0"), _entry(sample, "t1", outcome="failed"))
    second = (_entry(sample, "t0", 1, "existed"),)
    projection.record_provisioning(first)
    projection.record_provisioning(second)
    assert projection.provisioned() == (*second, *sorted(first, key=lambda row: row.topic))
    assert projection.provisioned(topic="t1") == (first[1],)
    assert projection.provisioned(cluster="other") == ()
    assert len({row.id for row in (*first, *second)}) == 3
    lines = (tmp_path / "journal" / "provisioning.jsonl").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["created", "failed", "existed"]


def test_a_lost_file_comes_back_from_the_journal(tmp_path: Path, sample: Any, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift("t0"), sample.drift("t1")])
    projection.record_observation(sample.declared(), sample.observed(1), [sample.drift("t1")])
    projection.record_provisioning([_entry(sample, "t0")])
    before = [table(tmp_path, name) for name in JOURNALLED]
    drift = table(tmp_path, "drift", DRIFT_WITHOUT_DETAIL)
    projection.file.unlink()
    assert len(projection.history()) == 2
    assert [table(tmp_path, name) for name in JOURNALLED] == before
    assert table(tmp_path, "drift", DRIFT_WITHOUT_DETAIL) == drift
    with pytest.raises(StateError, match="no observation has been projected"):
        projection.stored()
    recorded = projection.record_observation(sample.declared(), sample.observed(2), [sample.drift("t1")])
    assert (recorded.opened, recorded.drift[0].first_seen) == ((), sample.at(0))


def test_the_way_out_of_another_journal_is_one_that_works(tmp_path: Path, sample: Any) -> None:
    projection, other = Projection(tmp_path / "state"), Projection(tmp_path / "other")
    for number in range(3):
        projection.record_observation(sample.declared(), sample.observed(number), [sample.drift()])
    other.record_observation(sample.declared(), sample.observed(), [sample.drift("t1"), sample.drift("t2")])
    shutil.copy(tmp_path / "other" / "journal" / "drift.jsonl", tmp_path / "state" / "journal" / "drift.jsonl")
    with pytest.raises(StateError, match="is not the journal that was projected") as caught:
        projection.record_observation(sample.declared(), sample.observed(3), [])
    assert caught.value.remedy.startswith("Restore it, or move projection.duckdb aside: the next command projects")
    projection.file.rename(tmp_path / "aside")
    assert [row.topic for row in projection.history()] == ["t1", "t2"]
    recorded = projection.record_observation(sample.declared(), sample.observed(3), [sample.drift("t1")])
    assert (recorded.drift[0].first_seen, recorded.resolved) == (sample.at(0), (sample.drift("t2").key,))


def test_a_journal_that_went_missing_is_never_taken_for_no_history(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    (tmp_path / "journal" / "drift.jsonl").rename(tmp_path / "aside")
    with pytest.raises(StateError, match="is not the journal that was projected"):
        projection.record_observation(sample.declared(), sample.observed(1), [])
    assert len(projection.history()) == 1
    assert projection.rebuild() == Rebuilt(0, 0)
    recorded = projection.record_observation(sample.declared(), sample.observed(2), [sample.drift()])
    assert len(recorded.opened) == 1


def test_a_torn_journal_line_is_an_observation_that_never_was(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    journal = tmp_path / "journal" / "drift.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"format":1,"event":"observed","at":"2026-01-01T00')
    recorded = projection.record_observation(sample.declared(), sample.observed(1), [])
    assert recorded.resolved == (sample.drift().key,)
    assert len(journal.read_text().splitlines()) == 2
    assert journal.with_name("drift.jsonl.torn").read_bytes().startswith(b'{"format":1')
    assert projection.rebuild() == Rebuilt(1, 0)


def _drifts() -> st.SearchStrategy[list[Drift]]:
    one = st.builds(
        Drift,
        topic=st.sampled_from(["t0", "t1"]),
        kind=st.sampled_from(["missing", "config", "unknown"]),
        field=st.just(""),
        declared=st.just("7d"),
        observed=st.sampled_from(["1d", None]),
        verdict=st.just("auto_fixable"),
        reason=st.just("code"),
        owner=st.just("node"),
        path=st.just("c.yaml"),
        line=st.just(1),
    )
    return st.lists(one, max_size=4, unique_by=lambda each: each.key)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["one", "two"]), _drifts()), min_size=1, max_size=4))
def test_the_journal_alone_gives_the_same_tables(
    steps: list[tuple[str, list[Drift]]],
    tmp_path_factory: pytest.TempPathFactory,
    sample: Any,
    table: Callable[..., list[Any]],
) -> None:
    written, rebuilt = tmp_path_factory.mktemp("written"), tmp_path_factory.mktemp("rebuilt")
    projection = Projection(written)
    for number, (cluster, drift) in enumerate(steps):
        projection.record_observation(sample.declared(1), sample.observed(number, cluster=cluster, topics=1), drift)
        projection.record_provisioning([_entry(sample, cluster, number)])
        found = {(row.topic, row.kind): row.drift for row in projection.stored(cluster).drift}
        assert {key: found.get(key) for key in ((each.topic, each.kind) for each in drift)} == {
            (each.topic, each.kind): each for each in drift
        }
    shutil.copytree(written / "journal", rebuilt / "journal")
    Projection(rebuilt).rebuild()
    for name in JOURNALLED:
        assert table(rebuilt, name) == table(written, name)
    assert table(rebuilt, "drift", DRIFT_WITHOUT_DETAIL) == table(written, "drift", DRIFT_WITHOUT_DETAIL)
    history = "cluster, topic, kind, field"
    assert table(written, "drift", history) == table(written, "drift_history WHERE resolved IS NULL", history)


_WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from omni_assets.projection.rows import *
from omni_assets.projection.store import Projection
name, projection = sys.argv[2], Projection(Path(sys.argv[1]))
for number in range(5):
    at = datetime(2026, 1, 1, number, tzinfo=UTC)
    observation = Observation(name, "", "h:1", at, 0, 1, 0.1)
    observed = Observed(observation, [], [ObservedConfigRow("t", "k", name, "", None)])
    drift = [Drift("t", "missing", "", "1", str(number), "auto_fixable", "code")]
    projection.record_observation(Declared(name, [], []), observed, drift)
    projection.record_provisioning([ProvisionRow(f"{name}-{number}", at, name, "h:1", "test", "t", "created")])
"""


@pytest.mark.slow
def test_several_processes_write_at_once(
    tmp_path: Path, table: Callable[..., list[Any]], python: Callable[..., subprocess.Popen[str]]
) -> None:
    writers = [python(_WRITER, [tmp_path, f"c{number}"]) for number in range(4)]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, errors
    assert table(tmp_path, "provision_log", "count(*)") == [(20,)]
    assert table(tmp_path, "drift_history", "cluster, observed, resolved") == [(f"c{n}", "4", None) for n in range(4)]
    assert len((tmp_path / "journal" / "drift.jsonl").read_text().splitlines()) == 20


def test_several_threads_write_at_once(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            projection.record_provisioning([_entry(sample, f"t{number}")])
        except BaseException as error:  # noqa: BLE001 - reported by the assertion
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(row.topic for row in projection.provisioned()) == [f"t{number}" for number in range(6)]


def test_a_later_row_of_an_id_takes_the_place_of_the_earlier_one(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    begun = _entry(sample, "t0", outcome="begun")
    projection.record_provisioning([begun])
    projection.record_provisioning([begun._replace(outcome="created")])
    assert [row.outcome for row in projection.provisioned()] == ["created"]
    projection.file.unlink()
    assert [row.outcome for row in projection.provisioned()] == ["created"]


def test_the_newest_drifts_of_each_topic_are_told_together(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    for minutes in range(0, 8, 2):
        projection.record_observation(sample.declared(), sample.observed(minutes), [sample.drift("t0")])
        projection.record_observation(sample.declared(), sample.observed(minutes + 1), [sample.drift("t1")])
    projection.record_observation(sample.declared(), sample.observed(9, cluster="two"), [sample.drift("t2")])
    told = projection.histories("main", ["t0", "t1", "t2", "t9"], 2)
    assert {topic: [row.first_seen for row in rows] for topic, rows in told.items()} == {
        "t0": [sample.at(6), sample.at(4)],
        "t1": [sample.at(7), sample.at(5)],
    }


def test_a_summary_counts_what_is_open_and_what_turned_since(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    old, short, late = sample.drift("t0"), sample.drift("t1"), sample.drift("t2", "orphaned", "")
    projection.record_observation(sample.declared(), sample.observed(0), [old, sample.drift("t2")])
    projection.record_observation(sample.declared(), sample.observed(1), [old])
    projection.record_observation(sample.declared(), sample.observed(10), [old, short, late])
    projection.record_observation(sample.declared(), sample.observed(11), [old, late])
    config, orphaned = projection.summary("main", sample.at(5))
    assert (config.kind, config.open, config.opened, config.resolved, config.oldest) == (
        "config",
        1,
        1,
        1,
        sample.at(0),
    )
    assert (orphaned.kind, orphaned.open, orphaned.opened, orphaned.resolved, orphaned.oldest) == (
        "orphaned",
        1,
        1,
        0,
        sample.at(10),
    )
    assert projection.summary("another", sample.at(5)) == ()
    assert projection.turned("main", sample.at(5)) == ("t1", "t2")
    assert projection.turned("main", sample.at(11)) == ()
