"""The job that works on what waits: one run, all tasks, and Dagster knows each of them once."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from confluent_kafka import Producer

from omni_assets.agents.task_receipt import TaskOutcome, TaskReceipt
from omni_assets.operations.agents.working import work
from omni_assets.pipeline.agents import telling
from omni_assets.pipeline.agents.drain import RecordsToReplay, TasksToWorkOn
from omni_assets.pipeline.agents.keys import TASKS
from omni_assets.pipeline.agents.telling import LEDGER_PARTITIONS
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from tests.pipeline.agents.conftest import ANSWERED, ASKED, LEDGER, PARTITIONS, Ask, Events, assert_told_once
from tests.support.stranded import committed

pytestmark = [pytest.mark.dagster, pytest.mark.broker]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "dagster.md"
Drain = Callable[..., dg.ExecuteInProcessResult]
Ledger = Callable[[], dict[tuple[int, int], TaskReceipt]]


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def test_a_run_works_on_all_that_waits_and_each_receipt_is_a_materialization(
    drain: Drain, ask: Ask, events: Events, ledger: Ledger, instance: dg.DagsterInstance, broker: Any
) -> None:
    ask(*range(40))
    result = drain()
    assert result.success
    assert checks(result) == {
        "every_task_ended_once": True,
        "no_dead_letters_lately": True,
        "nothing_waits_for_a_person_for_long": True,
    }
    told = {each["receipt"]: each for each in events()}
    receipts = {each.id: (place, each) for place, each in ledger().items()}
    assert len(receipts) == 40
    assert told.keys() == receipts.keys()
    assert_told_once(events(), ledger())
    for id_, (place, receipt) in receipts.items():
        event = told[id_]
        assert (event["ledger"], event["ledger_position"]) == (f"{LEDGER}/{place[0]}", place[1])
        assert (event["node"], event["outcome"], event["key"]) == ("echo", "done", receipt.key)
        assert event["record"] == f"{ASKED}/{receipt.partition}/{receipt.offset}"
        assert (event["event"], event["attempts"], event["cost_usd"]) == (receipt.event_id, 1, 0.0)
        assert event["whole_task"] == f"`omni task show {id_}`"
    assert len(instance.get_dynamic_partitions(LEDGER_PARTITIONS.name or "")) == PARTITIONS
    assert len(committed(broker.bootstrap_servers, ANSWERED, PARTITIONS)) == 40


@pytest.mark.slow
def test_nothing_is_told_twice_whoever_works(
    drain: Drain, ask: Ask, events: Events, ledger: Ledger, agents: ProjectResource
) -> None:
    ask(*range(5))
    assert drain().success
    assert drain().success
    assert len(events()) == 5
    ask(*range(5, 9))
    asyncio.run(work(agents.context(), drain=True))  # as `omni worker --drain` does
    assert len(events()) == 5
    assert drain().success
    assert len(events()) == 9
    assert_told_once(events(), ledger())


def test_what_is_more_than_a_run_tells_one_by_one_is_summed_up(
    drain: Drain, ask: Ask, events: Events, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, broker: Any
) -> None:
    monkeypatch.setattr(telling, "MOST_TASKS", 4)
    ask(*range(60))
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    producer.produce(ASKED, b"no event", b"k1")
    producer.flush(10)
    result = drain()
    assert result.success
    assert checks(result)["no_dead_letters_lately"] is False
    assert_told_once(events(), ledger())
    sums = [each for each in events() if "tasks" in each]
    receipts = ledger()
    sizes = Counter(partition for partition, _ in receipts)
    assert {each["partition"].split("@")[0]: each["tasks"] for each in sums} == {
        str(number): size - 4 for number, size in sizes.items() if size > 4
    }
    assert sum(each["done"] for each in sums) + sum(each["dead-lettered"] for each in sums) == 61 - 4 * len(sizes)
    ask(60)
    assert drain().success
    assert_told_once(events(), ledger())


def test_what_was_committed_before_work_came_to_a_bad_end_is_told(
    drain: Drain, ask: Ask, events: Events, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omni_assets.errors import WorkerReplaced
    from omni_assets.pipeline.agents import drain as job

    async def replaced(*given: Any, **more: Any) -> Any:
        await work(*given, **more)
        raise WorkerReplaced("echo", 0)

    monkeypatch.setattr(job, "work", replaced)
    ask(*range(3))
    result = drain()
    assert not result.success
    assert len(events()) == 3
    assert_told_once(events(), ledger())


def test_a_node_that_no_contract_names_fails_the_run_in_one_sentence(drain: Drain) -> None:
    result = drain(nodes=["ecko"])
    assert not result.success
    failure = next(each for each in result.all_events if each.is_step_failure).step_failure_data
    assert failure.user_failure_data.description.startswith("no contract names a node or a topic `ecko`.")


def test_a_run_says_for_which_group_it_works_and_in_which_process(drain: Drain, instance: dg.DagsterInstance) -> None:
    result = drain(slot=2)
    tags = instance.get_run_by_id(result.run_id).tags
    assert (tags["omni.agents/others"], tags["omni/slot"]) == ("worked", "2")
    assert tags["omni/lives_as"] == result.run_id


def test_a_run_that_is_over_its_time_ends_well_and_the_next_one_goes_on(
    drain: Drain, ask: Ask, events: Events, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omni_assets.pipeline.agents import drain as job

    async def never_idle(*given: Any, **more: Any) -> Any:
        return await work(*given, **{**more, "drain": False})

    monkeypatch.setattr(job, "_SECONDS_IN_A_MINUTE", 3)
    monkeypatch.setattr(job, "work", never_idle)
    ask(*range(10))
    assert drain(minutes=1).success
    assert len(events()) == len(ledger()) == 10


def test_records_are_replayed_from_the_launchpad(
    drain: Drain, ask: Ask, events: Events, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    ask(*range(12))
    assert drain().success
    result = drain(replay={"topic": ASKED})
    assert result.success
    assert_told_once(events(), ledger())
    receipts = ledger().values()
    again = [each for each in receipts if each.replay]
    assert {each.replay_of for each in again} == {each.id for each in receipts if not each.replay}
    tag = instance.get_run_by_id(result.run_id).tags["omni/replay"]
    assert {each.replay for each in again} == {tag}
    told = [each for each in events() if "replay" in each]
    assert sorted(each["replay_of"] for each in told) == sorted(each.replay_of for each in again)


def test_a_replay_that_has_ended_is_not_done_again(drain: Drain, ask: Ask, ledger: Ledger) -> None:
    ask(1)
    assert drain().success
    result = drain(replay={"resume": "0123456789ab"})
    assert not result.success
    failure = next(each for each in result.all_events if each.is_step_failure).step_failure_data
    assert "no replay `0123456789ab` is unfinished" in failure.user_failure_data.description
    assert len(ledger()) == 1


def test_a_record_of_the_job_says_what_every_field_takes() -> None:
    for config in (RecordsToReplay, TasksToWorkOn):
        assert not [name for name, field in config.model_fields.items() if not field.description]


def test_two_runs_that_tell_at_once_tell_each_receipt_once(
    agents: ProjectResource, ask: Ask, events: Events, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    ask(*range(30))
    where = agents.context()
    asyncio.run(work(where, drain=True))
    manifest = where.manifest()
    failed: list[BaseException] = []

    def tell() -> None:
        try:
            telling.tell(where, manifest, instance, instance.report_runless_asset_event)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=tell) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    assert_told_once(events(), ledger())


@pytest.mark.parametrize("most", [2, 50])
def test_whoever_is_stopped_while_telling_is_gone_on_behind(
    most: int,
    agents: ProjectResource,
    ask: Ask,
    events: Events,
    ledger: Ledger,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stopped(BaseException):
        pass

    monkeypatch.setattr(telling, "MOST_TASKS", most)
    ask(*range(20))
    where = agents.context()
    asyncio.run(work(where, drain=True))
    for room in (0, 1, 2):
        left = [room]

        def log(event: Any, left: list[int] = left) -> None:
            if not left[0]:
                raise Stopped
            left[0] -= 1
            instance.report_runless_asset_event(event)

        with pytest.raises(Stopped):
            telling.tell(where, where.manifest(), instance, log)
    telling.tell(where, where.manifest(), instance, instance.report_runless_asset_event)
    assert_told_once(events(), ledger())
    assert {each.outcome for each in ledger().values()} == {TaskOutcome.DONE}
    assert instance.get_latest_materialization_event(TASKS) is not None


def test_a_ledger_is_told_anew_where_another_log_has_its_name(
    agents: ProjectResource, ask: Ask, events: Events, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """What Dagster was told last is another receipt than the one that stands there."""
    ask(*range(6))
    where = agents.context()
    asyncio.run(work(where, drain=True))
    partition = telling.LedgerPartition("c", LEDGER, 0)
    assert telling._last_told(where, partition, instance) == -1
    telling.tell(where, where.manifest(), instance, instance.report_runless_asset_event)
    told = events()[-1]
    cluster = told["cluster"]
    number = int(told["ledger"].rpartition("/")[2])
    known = telling.LedgerPartition(cluster, LEDGER, number)
    assert telling._last_told(where, known, instance) == told["ledger_position"]
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            TASKS,
            partition=known.key,
            metadata={"receipt": "of another log", "ledger_position": told["ledger_position"]},
        )
    )
    assert telling._last_told(where, known, instance) == -1


def test_what_the_page_writes_into_the_launchpad_is_taken(agents: ProjectResource) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (shown,) = [yaml.safe_load(each) for each in blocks if "work_on_tasks" in each]
    job = build(agents).resolve_job_def("agent_tasks")
    dg.validate_run_config(job, shown)
    config = shown["ops"]["work_on_tasks"]["config"]
    given = TasksToWorkOn(**config)
    assert set(config) == set(TasksToWorkOn.model_fields)
    assert set(config["replay"]) == set(RecordsToReplay.model_fields)
    assert given.replay.asked
    assert (given.minutes, given.concurrency) == (TasksToWorkOn().minutes, TasksToWorkOn().concurrency)
    assert f"A run writes {telling.MOST_TASKS} of a partition at most" in PAGE.read_text(encoding="utf-8")
