"""The job that does a batch of tasks: what it takes, what it tells, and that nothing of it comes twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.routing import receipts
from omni_assets.pipeline.routing.given import GivenConstraints, GivenSource, GivenTask
from omni_assets.pipeline.routing.keys import RECEIPTS
from omni_assets.projection.store import Projection
from omni_assets.router.task import Constraints, Source, Task
from tests.support import receipts as made
from tests.support.model_endpoint import ModelEndpoint, answers, fails, slowly
from tests.support.routed_project import KEY, task_lines

pytestmark = pytest.mark.dagster

Run = Callable[..., dg.JobExecutionResult]
Told = Callable[[dg.JobExecutionResult], list[dict[str, Any]]]


def given(number: int, **fields: Any) -> dict[str, Any]:
    """A task as the launchpad has it."""
    return {"id": f"task-{number}", "task_class": "sorting", "inputs": {"text": f"text {number}"}, **fields}


def some(number: int) -> list[dict[str, Any]]:
    return [given(each) for each in range(1, number + 1)]


def remembered(folder: Path) -> Sequence[Any]:
    return Projection(folder / "state").receipts()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster").mkdir()
    quiet = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster"), overrides=quiet) as found:
        yield found


@pytest.fixture
def told(instance: dg.DagsterInstance) -> Told:
    def of(result: dg.JobExecutionResult) -> list[dict[str, Any]]:
        """The metadata of the receipts in the log of a run, in their order."""
        written = dg.DagsterEventType.ASSET_MATERIALIZATION
        found = [
            each.asset_materialization for each in instance.get_records_for_run(result.run_id, of_type=written).records
        ]
        return [
            {name: getattr(value, "value", value) for name, value in each.metadata.items()}
            for each in found
            if each is not None and each.asset_key == RECEIPTS
        ]

    return of


@pytest.fixture
def run(routed: ProjectResource, instance: dg.DagsterInstance) -> Run:
    job = dg.build_reconstructable_job("tests.support.routed_job", "job_of", (routed.folder, routed.home))

    def launch(repeating: dg.JobExecutionResult | None = None, **config: Any) -> dg.JobExecutionResult:
        options = dg.ReexecutionOptions(repeating.run_id) if repeating else None
        asked = {"ops": {"do_tasks": {"config": config}}}
        return dg.execute_job(job, instance, run_config=asked, reexecution_options=options)

    return launch


def test_a_task_in_the_launchpad_is_a_task() -> None:
    for of_launchpad, of_file in ((GivenTask, Task), (GivenSource, Source), (GivenConstraints, Constraints)):
        assert set(of_launchpad.model_fields) == set(of_file.model_fields)
        least = {name: "x" for name, field in of_launchpad.model_fields.items() if field.is_required()}
        assert of_file.model_validate(of_launchpad(**least).model_dump(exclude_none=True)) == of_file(**least)
        assert not [name for name, field in of_launchpad.model_fields.items() if not field.description]


def test_each_receipt_is_a_materialization(run: Run, told: Told, small: ModelEndpoint, tmp_path: Path) -> None:
    small.otherwise = answers(lambda seen: "no JSON" if "text 2" in seen.prompt else '{"label": "one"}')
    result = run(tasks=some(3))
    assert result.success
    events = {each["task"]: each for each in told(result)}
    kept = {each.task_id: each for each in remembered(tmp_path)}
    assert events.keys() == kept.keys() == {"task-1", "task-2", "task-3"}
    for name, event in events.items():
        row = kept[name]
        assert event["receipt"] == row.id
        assert event["whole_receipt"] == f"`omni receipts show {row.id}`"
        assert (event["tokens"], event["local_tokens"]) == (row.tokens, row.local_tokens)
        assert event["cost_usd"] == float(row.spent_usd)
        assert event["outcome"] == "accepted"
    assert [(events[f"task-{n}"]["model"], events[f"task-{n}"]["escalations"]) for n in (1, 2, 3)] == [
        ("small", 0),
        ("large", 1),
        ("small", 0),
    ]
    assert events["task-1"]["cost_usd"] == 0 < events["task-2"]["cost_usd"]
    assert events["task-2"]["saved_usd"] <= 0 < events["task-1"]["saved_usd"]


def test_tasks_come_from_files_and_the_launchpad_together(run: Run, told: Told, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text(task_lines("a", "b"))
    result = run(files=["tasks.jsonl"], tasks=[given(3)], concurrency=2)
    assert result.success
    assert {each["task"] for each in told(result)} == {"task-1", "task-2", "task-3"}


def test_as_many_tasks_as_asked_for_run_at_once(run: Run, small: ModelEndpoint) -> None:
    small.otherwise = slowly(0.1, small.otherwise)
    assert run(tasks=some(12), concurrency=3).success
    assert small.most_at_once == 3


def test_a_task_that_fails_is_no_failed_run_and_says_why(
    run: Run, told: Told, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    small.otherwise = answers("no JSON")
    large.otherwise = fails(401, "no such key")
    result = run(tasks=some(1))
    assert result.success
    (event,) = told(result)
    assert (event["outcome"], event["model"]) == ("failed", "none")
    assert "valid-json" in event["failure"]
    assert "saved_usd" not in event


def test_those_without_an_answer_come_first_and_the_rest_is_summed_up(
    run: Run, told: Told, small: ModelEndpoint, large: ModelEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "MOST_RECEIPTS", 3)
    bad = answers(lambda seen: "no JSON" if "text 9" in seen.prompt else '{"label": "one"}')
    small.otherwise = large.otherwise = bad
    result = run(tasks=some(10))
    *single, rest = told(result)
    assert [each["outcome"] for each in single] == ["failed", "accepted", "accepted"]
    assert single[0]["task"] == "task-9"
    assert (rest["receipts"], rest["accepted"], rest["failed"], rest["cancelled"]) == (7, 7, 0, 0)
    kept = {each.id: each for each in remembered(tmp_path)}
    others = [kept[each.data["receipt"]] for each in rest["the_others"].records]
    assert len(others) == 7
    assert not {each["receipt"] for each in single} & {each.id for each in others}
    assert rest["tokens"] == sum(each.tokens for each in others)
    assert rest["saved_usd"] == float(sum(each.saved_usd for each in others))


def test_running_it_again_asks_and_tells_nothing_twice(
    run: Run, told: Told, small: ModelEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "MOST_RECEIPTS", 3)
    first = run(tasks=some(8))
    assert len(told(first)) == 4
    assert len(small.chats) == len(remembered(tmp_path)) == 8
    second = run(first, tasks=some(8))
    assert second.success
    assert told(second) == []
    assert len(small.chats) == len(remembered(tmp_path)) == 8


def test_what_was_done_and_not_told_is_told_by_the_next(
    run: Run, told: Told, small: ModelEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "MOST_RECEIPTS", 4)
    whole, number = dg.OpExecutionContext.log_event, iter(range(99))

    def breaks_off(context: dg.OpExecutionContext, event: Any) -> None:
        if next(number) == 2:
            raise OSError("the log is gone")
        whole(context, event)

    with monkeypatch.context() as patched:
        patched.setattr(dg.OpExecutionContext, "log_event", breaks_off)
        first = run(tasks=some(6))
    assert not first.success
    second = run(first, tasks=some(6))
    assert second.success
    assert len(small.chats) == 6, "nothing was asked again"
    *single, rest = [*told(first), *told(second)]
    ids = [each["receipt"] for each in single] + [each.data["receipt"] for each in rest["the_others"].records]
    assert sorted(ids) == sorted(each.id for each in remembered(tmp_path))
    assert told(run(first, tasks=some(6))) == []


def test_a_batch_that_ended_early_goes_on_where_it_was(run: Run, told: Told, small: ModelEndpoint) -> None:
    first = run(tasks=some(2))
    second = run(first, tasks=some(5))
    assert {each["task"] for each in told(second)} == {"task-3", "task-4", "task-5"}
    assert len(small.chats) == 5


def test_what_was_cancelled_is_done_again_and_both_are_told(
    run: Run, told: Told, small: ModelEndpoint, remember: Callable[..., None]
) -> None:
    first = run(tasks=some(1))
    now = datetime.now(UTC)
    remember(made.receipt(2, made.local(outcome="cancelled"), outcome="cancelled", started_at=now, ended_at=now))
    outcomes = {(each["task"], each["outcome"]) for each in told(run(first, tasks=some(2)))}
    assert outcomes == {("task-2", "cancelled"), ("task-2", "accepted")}
    assert len(small.chats) == 2


def sentence(result: dg.JobExecutionResult) -> str:
    """Why a run failed, as it says."""
    assert not result.success
    (failed,) = result.filter_events(lambda each: each.is_step_failure)
    data = failed.step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_two_runs_do_not_do_the_same_tasks_at_once(
    run: Run, small: ModelEndpoint, instance: dg.DagsterInstance
) -> None:
    first = run(tasks=some(1))
    second = run(first, tasks=some(1))
    unfinished = instance.get_run_by_id(second.run_id)
    assert unfinished is not None
    instance.delete_run(second.run_id)
    instance.add_run(unfinished.with_status(dg.DagsterRunStatus.STARTED))
    assert f"run {second.run_id} does the same tasks" in sentence(run(first, tasks=some(2)))
    assert len(small.chats) == 1


def test_a_run_whose_first_one_is_gone_does_nothing(
    run: Run, small: ModelEndpoint, instance: dg.DagsterInstance
) -> None:
    first = run(tasks=some(1))
    second = run(first, tasks=some(1))
    instance.delete_run(first.run_id)
    assert "it is not known what that one did" in sentence(run(second, tasks=some(2)))
    assert len(small.chats) == 1


def test_a_new_run_does_all_of_it_anew(run: Run, told: Told, small: ModelEndpoint) -> None:
    run(tasks=some(2))
    assert len(told(run(tasks=some(2)))) == 2
    assert len(small.chats) == 4


def test_what_the_command_line_did_is_no_part_of_a_run(run: Run, told: Told, remember: Callable[..., None]) -> None:
    remember(made.receipt(1))
    assert [each["task"] for each in told(run(tasks=[given(2)]))] == ["task-2"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "there is no task in what was named"),
        ({"files": ["nowhere.json"]}, "cannot read"),
        ({"tasks": [given(1), given(1)]}, "tasks[1] of the launchpad: `id` is `task-1`, which tasks[0] of the"),
        ({"tasks": [given(1, constraints={"max_output_tokens": 0})]}, "`constraints.max_output_tokens`"),
        ({"files": ["-"]}, "cannot read"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(config: Mapping[str, Any], words: str, run: Run) -> None:
    assert words in sentence(run(**config))


@pytest.mark.parametrize("concurrency", [0, 100_000])
def test_a_concurrency_without_bounds_is_refused(run: Run, concurrency: int, small: ModelEndpoint) -> None:
    with pytest.raises(Exception, match="concurrency"):
        assert run(tasks=some(1), concurrency=concurrency).success
    assert small.chats == []


def test_no_key_is_in_any_event(run: Run, told: Told, instance: dg.DagsterInstance, large: ModelEndpoint) -> None:
    large.otherwise = fails(401, f"the key {KEY} is none")
    result = run(tasks=[given(1, constraints={"model": "large"})])
    entries = "\n".join(f"{entry}" for entry in instance.all_logs(result.run_id))
    assert "401" in entries or "refused" in entries
    assert KEY not in entries
    assert json.dumps(told(result), default=str).count(KEY) == 0
