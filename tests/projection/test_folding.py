"""A journal that is folded says the same: by replaying it, and by every position that was taken in it before."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_assets.errors import JournalDamaged, JournalVersion, StateError
from omni_assets.projection.episodes import Episodes
from omni_assets.projection.events import ObservedEvent, observed_event, observed_record
from omni_assets.projection.folding import open_episodes, retold
from omni_assets.projection.journal import Journal, Position
from omni_assets.projection.rows import HistoryRow
from tests.projection.test_episodes import _looks

ANY_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def history(events: list[ObservedEvent]) -> list[HistoryRow]:
    """Every drift that these observations tell of, open ones last seen when they were."""
    episodes, closed, known = Episodes(), list[HistoryRow](), dict[tuple[Any, ...], HistoryRow]()
    for event in events:
        episodes.apply(event)
        for each in episodes.take_unwritten():
            if each.row.resolved:
                closed.append(each.row)
                known.pop((each.row.cluster, each.row.key), None)
            else:
                known[each.row.cluster, each.row.key] = each.row
    return sorted([*closed, *known.values()], key=repr)


@given(_looks(), st.integers(0, 8))
def test_what_is_retold_and_what_follows_is_the_same_but_for_what_was_resolved_before(looks: Any, cut: int) -> None:
    episodes, events = Episodes(), list[ObservedEvent]()
    for look in looks:
        events.append(episodes.decide(*look))
        episodes.apply(events[-1])
    first, rest = events[:cut], events[cut:]
    shorter = [observed_event(observed_record(each)) for each in retold(open_episodes(first))]
    forgotten = [row for row in history(first) if row.resolved]
    assert sorted([*history([*shorter, *rest]), *forgotten], key=repr) == history(events)
    assert list(retold(open_episodes(shorter))) == shorter, "to fold again changes nothing"


def journal_at(folder: Path) -> Journal[int]:
    def decode(record: Mapping[str, Any]) -> int:
        if not isinstance(record.get("number"), int):
            raise ValueError("it holds no number")  # noqa: TRY004 - what a journal takes for damage
        return int(record["number"])

    return Journal(folder / "numbers.jsonl", decode)


def records(numbers: list[int]) -> list[Mapping[str, object]]:
    return [{"number": number} for number in numbers]


@ANY_TMP
@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(0, 10**6), min_size=1, max_size=4),  # append
            st.tuples(st.floats(0, 1), st.booleans()),  # fold up to there, and keep every other or none
        ),
        max_size=12,
    )
)
def test_positions_stay_what_they_were(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal, end = journal_at(folder), Position()
    kept: list[int] = []
    behind: list[tuple[int, Position]] = []
    for step in steps:
        if isinstance(step, list):
            end = journal.append(records(step), journal.end() if len(step) % 2 else end)
            fresh = list(journal.read())[len(kept) + len(behind) :]
            behind += [(entry.value, entry.end) for entry in fresh]
            end = behind[-1][1]
        elif behind:
            cut = round(step[0] * (len(behind) - 1))
            before, upto = [*kept, *(value for value, _ in behind[: cut + 1])], behind[cut][1]
            kept, behind = before[::2] if step[1] else [], behind[cut + 1 :]
            journal.fold(records(kept), upto, folder / "archive" / f"{upto.lines}.gz")
            with gzip.open(folder / "archive" / f"{upto.lines}.gz", "rt") as archive:
                assert [json.loads(line)["number"] for line in archive] == before
        found = list(journal.read())
        assert [entry.value for entry in found] == [*kept, *(value for value, _ in behind)]
        assert [entry.end for entry in found[len(kept) :]] == [position for _, position in behind]
        assert journal.end().offset == end.offset
        for index, (_, position) in enumerate(behind):
            assert [entry.value for entry in journal.read(position)] == [value for value, _ in behind[index + 1 :]]


def folded(folder: Path) -> Journal[int]:
    """A journal of five lines, of which the first three became one."""
    journal = journal_at(folder)
    journal.append(records([1, 2, 3, 4, 5]), Position())
    third = list(journal.read())[2].end
    journal.fold(records([3]), third, folder / "archive" / "first.gz")
    return journal


def test_a_position_in_front_of_the_fold_is_refused(tmp_path: Path) -> None:
    journal = folded(tmp_path)
    with pytest.raises(StateError, match="is not the journal that was projected"):
        list(journal.read(Position(13, 1)))


def test_a_line_behind_a_fold_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    journal = folded(tmp_path)
    with journal.path.open("a") as file:
        file.write("{}\n")
    lines = journal.path.read_text().splitlines()
    assert (len(lines), lines[4]) == (5, "{}")
    reader = journal.read()
    behind = [next(reader).end for _ in range(3)][-1]
    for start in (Position(), behind):
        with pytest.raises(JournalDamaged, match=r"numbers\.jsonl:5 cannot be read"):
            list(journal.read(start))


def test_a_fold_that_was_ended_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_at(tmp_path)
    journal.append(records([1, 2, 3]), Position())
    before, upto = journal.path.read_bytes(), list(journal.read())[1].end

    def killed() -> Any:
        yield {"number": 2}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.fold(killed(), upto, tmp_path / "archive" / "a.gz")
    assert journal.path.read_bytes() == before
    journal.fold(records([2]), upto, tmp_path / "archive" / "a.gz")
    assert [entry.value for entry in journal.read()] == [2, 3]
    assert {each.name for each in tmp_path.iterdir()} == {"archive", "numbers.jsonl"}


def test_a_line_of_a_newer_omni_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "drift.jsonl"
    path.write_text('{"format":2,"event":"observed"}\n')
    with pytest.raises(JournalVersion, match="has lines of format 2, and this omni knows 1"):
        list(Journal(path, observed_event).read())
    path.write_text('{"format":2,"event":"folded","offset":1}\n{"format":1}\n')
    with pytest.raises(JournalVersion, match="has lines of format 2"):
        Journal(path, observed_event).end()
    path.write_text('{"format":1,"event":"folded","offset":"a"}\n')
    with pytest.raises(JournalDamaged, match=r"drift\.jsonl:1 "):
        list(Journal(path, observed_event).read())
