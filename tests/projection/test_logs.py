"""Rows that come from journals of their own: in the journal first, once each, and back from it alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from omni_assets.errors import JournalDamaged, ProjectionDamaged
from omni_assets.projection.question import ask
from omni_assets.projection.rows import (
    AlertRow,
    AuditRow,
    CapabilitiesRow,
    Rebuilt,
    RescueRow,
    RetirementRow,
    TrustedRow,
)
from omni_assets.projection.store import Projection


class Kept(NamedTuple):
    """A table that is kept in a journal: a row, its later state, another row, and how they are recorded and read."""

    table: str
    journal: str
    first: Any
    later: Any
    other: Any
    record: Callable[[Projection, Any], None]
    read: Callable[[Projection], tuple[Any, ...]]


def _kept(sample: Any) -> tuple[Kept, ...]:
    begun = AuditRow(
        "1", sample.at(0), "ada", "desk", "main", "local", "p1", "step", "s1", "t0", "set_config", "begun", '{"a": "ü"}'
    )
    probed = CapabilitiesRow("main", "1.0", sample.at(0), "{}")
    rescue = RescueRow("main", "t1", "t0", 0, 5, 5, "begun", sample.at(0))
    meant = TrustedRow("local", "main", 7, "ada", "observed", sample.at(0))
    wrong = AlertRow(
        "local",
        "run/a",
        "run",
        "error",
        "",
        "ü",
        "",
        sample.at(0),
        sample.at(0),
        "appeared",
        sample.at(0),
        sample.at(0),
    )
    ending = RetirementRow("main", "t0", "t1", "drained", "no group is behind", sample.at(0), sample.at(0))
    return (
        Kept(
            "audit",
            "audit.jsonl",
            begun,
            begun._replace(outcome="applied", acted_at=sample.at(1)),
            begun._replace(id="2", acted_at=sample.at(2), topic="t1"),
            lambda projection, row: projection.record_audit([row]),
            lambda projection: projection.audited()[::-1],
        ),
        Kept(
            "capabilities",
            "capabilities.jsonl",
            probed,
            probed._replace(document='{"topic_ids": true}', probed_at=sample.at(1)),
            probed._replace(cluster="another"),
            lambda projection, row: projection.record_capabilities(row),
            lambda projection: tuple(filter(None, map(projection.capabilities, ("main", "another")))),
        ),
        Kept(
            "rescues",
            "rescues.jsonl",
            rescue,
            rescue._replace(position=2**40, records=9, state="done"),
            rescue._replace(partition=1),
            lambda projection, row: projection.record_rescue([row]),
            lambda projection: projection.rescued("main", "t1"),
        ),
        Kept(
            "retirements",
            "retirements.jsonl",
            ending,
            ending._replace(step="deleted", since=sample.at(1), checked_at=sample.at(1)),
            ending._replace(topic="t2", renamed_to=""),
            lambda projection, row: projection.record_retirement([row]),
            lambda projection: projection.retirements("main"),
        ),
        Kept(
            "trusted",
            "trusted.jsonl",
            meant,
            meant._replace(declared_topics=4, because="acknowledged", since=sample.at(1)),
            meant._replace(environment="staging", cluster_id=""),
            lambda projection, row: projection.record_trusted(row),
            lambda projection: projection.trusted(),
        ),
        Kept(
            "alerts",
            "alerts.jsonl",
            wrong,
            wrong._replace(occasion="over", decided_at=sample.at(1), told="topic webhook"),
            wrong._replace(key="run/b"),
            lambda projection, row: projection.record_alerts([row]),
            lambda projection: projection.alerts("local"),
        ),
    )


@pytest.fixture(params=range(6), ids=("audit", "capabilities", "rescues", "retirements", "trusted", "alerts"))
def kept(request: pytest.FixtureRequest, sample: Any) -> Kept:
    return _kept(sample)[request.param]


def test_nothing_kept_is_nothing_read(tmp_path: Path, kept: Kept) -> None:
    assert kept.read(Projection(tmp_path)) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_later_row_takes_the_place_of_the_earlier_one_and_the_journal_has_both(tmp_path: Path, kept: Kept) -> None:
    projection = Projection(tmp_path)
    for row in (kept.first, kept.other, kept.later):
        kept.record(projection, row)
    assert kept.read(projection) == (kept.later, kept.other)
    assert len((tmp_path / "journal" / kept.journal).read_text().splitlines()) == 3
    assert ask(tmp_path, f"SELECT count(*) FROM {kept.table}").rows == ((2,),)  # noqa: S608


def test_the_journal_alone_brings_it_back(tmp_path: Path, kept: Kept, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    for row in (kept.first, kept.later, kept.other):
        kept.record(projection, row)
    before = table(tmp_path, kept.table), table(tmp_path, "journal_position")
    assert projection.rebuild() == Rebuilt()._replace(**{kept.table: 2})
    assert (table(tmp_path, kept.table), table(tmp_path, "journal_position")) == before
    projection.file.unlink()
    assert kept.read(projection) == (kept.later, kept.other)


def test_a_line_that_was_not_projected_is_read_all_the_same(tmp_path: Path, kept: Kept) -> None:
    projection, aside = Projection(tmp_path / "one"), Projection(tmp_path / "two")
    kept.record(projection, kept.first)
    for row in (kept.first, kept.later, kept.other):
        kept.record(aside, row)
    (tmp_path / "two" / "journal" / kept.journal).rename(tmp_path / "one" / "journal" / kept.journal)
    assert kept.read(projection) == (kept.later, kept.other)


def test_a_line_that_was_cut_off_never_was(tmp_path: Path, kept: Kept) -> None:
    projection = Projection(tmp_path)
    kept.record(projection, kept.first)
    journal = tmp_path / "journal" / kept.journal
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[: len(whole) // 2])
    assert kept.read(projection) == (kept.first,)
    kept.record(projection, kept.other)
    assert kept.read(projection) == (kept.first, kept.other)
    assert len(journal.read_bytes().splitlines()) == 2


def test_a_damaged_file_loses_no_row(tmp_path: Path, kept: Kept) -> None:
    projection = Projection(tmp_path)
    kept.record(projection, kept.first)
    projection.file.write_bytes(b"this is no database\n" * 1000)
    with pytest.raises(ProjectionDamaged):
        kept.record(projection, kept.other)
    projection.rebuild()
    assert kept.read(projection) == (kept.first, kept.other)


@pytest.mark.parametrize("damage", ["a field", "a type", "a zone", "an event"])
def test_a_line_of_something_else_is_named(tmp_path: Path, kept: Kept, damage: str) -> None:
    projection = Projection(tmp_path)
    kept.record(projection, kept.first)
    journal = tmp_path / "journal" / kept.journal
    record = json.loads(journal.read_text())
    time = next(name for name, value in zip(kept.first._fields, kept.first, strict=True) if hasattr(value, "tzinfo"))
    text = next(name for name, value in zip(kept.first._fields, kept.first, strict=True) if isinstance(value, str))
    changes = {
        "a field": {},
        "a type": {text: 7},
        "a zone": {time: "2026-01-01T00:00:00"},
        "an event": {"event": ""},
    }
    record |= changes[damage]
    if damage == "a field":
        del record[text]
    journal.write_text(json.dumps(record) + "\n")
    projection.file.unlink()
    with pytest.raises(JournalDamaged, match=rf"{kept.journal}:1 cannot be read: "):
        kept.read(projection)


@pytest.mark.parametrize("value", [True, 1.5, "1", None])
def test_a_position_is_a_whole_number(tmp_path: Path, sample: Any, value: object) -> None:
    projection = Projection(tmp_path)
    projection.record_rescue([RescueRow("main", "t1", "t0", 0, 5, 5, "begun", sample.at(0))])
    journal = tmp_path / "journal" / "rescues.jsonl"
    journal.write_text(json.dumps({**json.loads(journal.read_text()), "position": value}) + "\n")
    projection.file.unlink()
    with pytest.raises(JournalDamaged, match="`position` is no whole number"):
        projection.rescued("main")


def test_what_was_done_is_found_by_plan_topic_and_cluster(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    made = AuditRow("1", sample.at(0), "ada", "desk", "main", "local", "p1", "planned")
    step = made._replace(id="2", acted_at=sample.at(1), event="step", topic="t0")
    other = step._replace(id="3", acted_at=sample.at(2), plan="p2", cluster="another")
    projection.record_audit([made, step, other])
    assert projection.audited() == (other, step, made)
    assert projection.audited(plan="p1") == (step, made)
    assert projection.audited(topic="t0", cluster="main") == (step,)
    assert projection.audited(limit=1) == (other,)


def test_the_version_that_was_probed_last_is_what_a_broker_honours(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    old, new = (CapabilitiesRow("main", f"{n}", sample.at(n), "{}") for n in (9, 10))
    projection.record_capabilities(new)
    projection.record_capabilities(old)
    assert projection.capabilities("main") == new


def test_recording_nothing_leaves_no_journal(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    projection.record_audit([])
    assert not (tmp_path / "journal" / "audit.jsonl").exists()
    assert projection.audited() == ()


def test_the_rows_of_each_table_are_counted(tmp_path: Path, sample: Any) -> None:
    projection = Projection(tmp_path)
    projection.record_observation(sample.declared(), sample.observed(), [sample.drift()])
    counts = projection.counts()
    assert (counts["declared_topics"], counts["observed_configs"], counts["drift"], counts["audit"]) == (3, 6, 1, 0)
