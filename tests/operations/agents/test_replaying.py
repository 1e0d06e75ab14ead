"""Records that are worked on again: once in each replay, beside live work, with receipts that point to earlier ones."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.agents.events import Event, from_record
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.task_receipt import TaskReceipt, read_task_receipt
from omni_assets.broker import replays
from omni_assets.errors import InputError, ReadOnly, ReplayRefused, UnknownName
from omni_assets.operations.agents.replaying import (
    Replayed,
    ReplayRequest,
    begin,
    go_on,
    prepare,
    replay,
    resumable,
)
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from tests.support import outside
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

ASKED, ANSWERED, LETTERS = "onex.cmd.echo.asked.v1", "onex.evt.echo.answered.v1", "onex.dlq.echo.dead-letter.v1"
LEDGER, SHADOW = "onex.evt.recorder.noted.v1", "onex.evt.shadow.seen.v1"
PARTITIONS = 3
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CONTRACTS = {
    "echo": f"""\
name: echo
handler: {{kind: python, entry: "omni_assets.agents.echo:echo"}}
event_bus:
  subscribe_topics:
    - topic: {ASKED}
      schema: {{type: object, required: [text]}}
  publish_topics: [{ANSWERED}]
  dlq_topics: [{LETTERS}]
""",
    "recorder": f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n",
    "listener": f"name: listener\nevent_bus:\n  subscribe_topics: [{ANSWERED}]\n",
}


def write(folder: Path, node: str, text: str) -> None:
    (folder / "contracts" / node).mkdir(parents=True, exist_ok=True)
    (folder / "contracts" / node / "contract.yaml").write_text(text)


def create(client: Any, *topics: str) -> None:
    for future in client.create_topics([NewTopic(each, PARTITIONS, 1) for each in topics]).values():
        future.result(20)


@pytest.fixture
def context(tmp_path: Path, broker: Any) -> Context:
    """A project with the node `echo`, whose broker has its topics and one for shadows."""
    for node, text in CONTRACTS.items():
        write(tmp_path, node, text)
    (tmp_path / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    create(broker.client, ASKED, ANSWERED, LETTERS, LEDGER, SHADOW)
    environ = {"OMNI_HOME": str(tmp_path / "state")}
    return resolve(
        [str(tmp_path / "contracts")], bootstrap_servers=broker.bootstrap_servers, environ=environ, folder=tmp_path
    )


@pytest.fixture
def done(context: Context) -> list[TaskReceipt]:
    """The receipts of thirty tasks over five keys, of which the last one is the first one again."""
    tasks = [
        Submission(topic=ASKED, key=f"k{each % 5}", data={"text": str(each)}, id=f"e{each % 29}") for each in range(30)
    ]
    submit(context, tasks)
    (worked,) = asyncio.run(work(context, drain=True))
    assert worked.tasks == {"done": 29, "duplicate": 1}
    return receipts(context)


def receipts(context: Context, of: str | None = None) -> list[TaskReceipt]:
    found = [
        read_task_receipt(each.value() or b"") for each in committed(context.bootstrap_servers, LEDGER, PARTITIONS)
    ]
    return [each for each in found if each.replay == of]


def events(context: Context, topic: str) -> list[Event]:
    found = committed(context.bootstrap_servers, topic, PARTITIONS)
    return [from_record(each.key(), each.value(), each.headers()) for each in found]


def groups(broker: Any) -> set[str]:
    return {each.group_id for each in broker.client.list_consumer_groups().result().valid}


def again(context: Context, **asked: Any) -> Replayed:
    return asyncio.run(replay(context, ReplayRequest(ASKED, asked.pop("start", BEGINNING), **asked)))


def test_each_record_has_one_receipt_more_that_points_to_the_first_one(context, done, broker):
    first = {each.id: each for each in done}
    replayed = again(context)
    (worked,) = replayed.worked
    assert (worked.node, worked.tasks, replayed.left, replayed.kept) == ("echo", {"done": 29, "duplicate": 1}, 0, "")
    second = receipts(context, replayed.plan.id)
    assert {each.replay_of for each in second} == set(first)
    assert len({each.id for each in second} | set(first)) == 60
    for each in second:
        old = first[each.replay_of]
        assert (each.topic, each.partition, each.offset, each.outcome) == (
            old.topic,
            old.partition,
            old.offset,
            old.outcome,
        )
    (twice,) = [each for each in second if each.duplicate_of]
    assert twice.duplicate_of in {each.id for each in second}
    answers = Counter(each.causation_id for each in events(context, ANSWERED))
    assert answers == {f"e{each}": 2 for each in range(29)}
    assert not any(replayed.plan.id in each for each in groups(broker))


def test_live_work_knows_nothing_of_it(context, done):
    """What was worked on in a replay alone is no duplicate when its turn comes."""
    submit(context, [Submission(topic=ASKED, key="k1", data={"text": "new"}, id="new")])
    assert again(context, key="k1").worked[0].tasks["done"] == 7
    (worked,) = asyncio.run(work(context, drain=True))
    assert worked.tasks == {"done": 1}
    assert again(context, key="k1").worked[0].tasks["done"] == 7


def test_a_key_alone(context, done):
    replayed = again(context, key="k3")
    assert {each.key for each in receipts(context, replayed.plan.id)} == {"k3"}
    assert (replayed.worked[0].tasks, replayed.left) == ({"done": 6}, 0)


def test_a_part_by_time_and_by_offset(context, done, broker):
    time.sleep(0.02)
    between = datetime.now(UTC)
    submit(
        context, [Submission(topic=ASKED, key=f"k{each}", data={"text": "late"}, id=f"late{each}") for each in range(5)]
    )
    late = again(context, start=between)
    assert {each.event_id for each in receipts(context, late.plan.id)} == {f"late{each}" for each in range(5)}
    early = again(context, start=BEGINNING, end=between)
    assert early.worked[0].tasks == {"done": 29, "duplicate": 1}
    one = done[7]
    alone = again(context, start={one.partition: one.offset}, end={one.partition: one.offset + 1})
    assert [each.replay_of for each in receipts(context, alone.plan.id)] == [one.id]


def test_where_nothing_lies_in_the_range_nothing_is_written(context, done, broker):
    before = groups(broker)
    replayed = again(context, start=datetime.now(UTC) + timedelta(days=1))
    assert (replayed.plan.spans, replayed.worked) == ({}, ())
    assert groups(broker) == before
    assert len(receipts(context)) == 30


def test_with_a_shadow_nothing_reaches_anybody_else(context, done):
    submit(context, [Submission(topic=ASKED, key="k1", data={"text": "x"}, id="unfit")])
    answered = len(events(context, ANSWERED))
    broken = CONTRACTS["echo"].replace("[text]", "[other]")
    write(Path(context.sources[0]).parent, "echo", broken)
    replayed = again(context, shadow=SHADOW, key="k1")
    assert replayed.worked[0].tasks == {"failed": 7}
    write(Path(context.sources[0]).parent, "echo", CONTRACTS["echo"])
    replayed = again(context, shadow=SHADOW)
    seen = events(context, SHADOW)
    assert Counter(each.causation_id for each in seen) == {**{f"e{each}": 1 for each in range(29)}, "unfit": 1}
    assert {(each.type, each.extensions["originaltopic"]) for each in seen} == {(ANSWERED, ANSWERED)}
    named = {result.event_id for each in receipts(context, replayed.plan.id) for result in each.results}
    assert named == {each.id for each in seen}
    assert (len(events(context, ANSWERED)), events(context, LETTERS)) == (answered, [])


def test_a_replay_goes_on_where_each_node_stands_and_ends_once(context, done, broker):
    plan = prepare(context, ReplayRequest(ASKED, BEGINNING))
    begin(context, plan)
    submit(context, [Submission(topic=ASKED, data={"text": "behind"}, id="behind")])
    assert resumable(context, plan.id) == plan

    def told(so_far: int) -> None:
        if so_far > 10:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        asyncio.run(go_on(context, plan, told=told))
    assert len(receipts(context, plan.id)) < 30
    replayed = asyncio.run(go_on(context, resumable(context, plan.id)))
    assert replayed.left == 0
    assert Counter(each.outcome for each in receipts(context, plan.id)) == {"done": 29, "duplicate": 1}
    assert not any(plan.id in each for each in groups(broker))
    with pytest.raises(InputError, match="is unfinished"):
        resumable(context, plan.id)
    with pytest.raises(InputError, match="was ended by another process"):
        asyncio.run(go_on(context, plan))
    assert len(receipts(context, plan.id)) == 30


def test_a_replay_of_a_topic_that_was_made_anew_is_not_gone_on_with(context, done, broker):
    plan = prepare(context, ReplayRequest(ASKED, BEGINNING))
    begin(context, plan)
    for future in broker.client.delete_topics([ASKED]).values():
        future.result(20)
    with pytest.raises(ReplayRefused, match="was made anew"):
        resumable(context, plan.id)
    create(broker.client, ASKED)
    with pytest.raises(ReplayRefused, match="was made anew"):
        resumable(context, plan.id)


def test_its_id_is_all_that_whoever_goes_on_with_it_needs(context, done, tmp_path):
    plan = prepare(context, ReplayRequest(ASKED, {0: 0, 1: 0, 2: 0}, nodes=("echo",), key="k1", shadow=SHADOW))
    begin(context, plan)
    elsewhere = replace(context, home=tmp_path / "elsewhere")
    assert resumable(elsewhere, plan.id) == plan
    assert plan.key == "k1"
    assert plan.shadow == SHADOW


@pytest.mark.parametrize("replay_id", ["", "nothing", "0123456789AB", "0123456789ab0", "../../../etc"])
def test_what_is_no_id_is_named(context, replay_id):
    with pytest.raises(InputError, match="is no id of a replay"):
        resumable(context, replay_id)


MERGER = f"""\
name: merger
handler: {{kind: python, entry: "omni_assets.agents.echo:echo", effects: [merge]}}
event_bus:
  subscribe_topics: [{ASKED}]
  publish_topics: [onex.evt.merger.merged.v1, onex.intent.merger.merge-intended.v1]
"""


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"topic": ANSWERED}, "no node that has a handler subscribes it"),
        ({"topic": LEDGER}, "no node that has a handler subscribes it"),
        ({"shadow": ANSWERED}, f"its shadow topic `{ANSWERED}` is subscribed by `listener`"),
        ({"shadow": ASKED}, f"its shadow topic `{ASKED}` is subscribed by `echo`"),
        ({"shadow": LEDGER}, f"its shadow topic `{LEDGER}` is the ledger"),
        ({"shadow": "onex.evt.nobody.saw.v1"}, "its shadow topic `onex.evt.nobody.saw.v1` is not at "),
        ({"start": {3: 0}}, "it has no partition 3"),
        ({"end": {0: 1, 7: 0}}, "it has no partition 7"),
    ],
)
def test_what_must_not_be_done_is_refused(context, asked, why):
    with pytest.raises(ReplayRefused, match=why):
        prepare(context, replace(ReplayRequest(ASKED, BEGINNING), **asked))


def test_nodes_with_effects_take_part_only_where_that_is_said(context, tmp_path, broker):
    write(tmp_path, "merger", MERGER)
    asked = ReplayRequest(ASKED, BEGINNING)
    with pytest.raises(ReplayRefused, match=r"`merger` has effects outside the bus \(`merge`\)"):
        prepare(context, asked)
    assert prepare(context, replace(asked, nodes=("echo",))).nodes == ("echo",)
    assert prepare(context, replace(asked, with_effects=True)).nodes == ("echo", "merger")
    with pytest.raises(ReplayRefused, match="which no shadow topic keeps in"):
        prepare(context, replace(asked, with_effects=True, shadow=SHADOW))


def test_an_effect_that_happened_is_found_and_not_repeated(tmp_path, broker, monkeypatch):
    outside.project(tmp_path)
    monkeypatch.setenv("OUTSIDE", str(tmp_path))
    context = outside.context_of(tmp_path, broker.bootstrap_servers)
    provision(context, context.manifest(), trigger="tests")
    submit(context, [Submission(topic=outside.ASKED, key="k", data={}, id=f"e{each}") for each in range(4)])
    asyncio.run(work(context, drain=True))
    submit(context, [Submission(topic=outside.ASKED, key="k", data={}, id="not worked on yet")])
    replayed = asyncio.run(replay(context, ReplayRequest(outside.ASKED, BEGINNING, with_effects=True)))
    assert replayed.worked[0].tasks == {"done": 4}
    assert (tmp_path / "merged.txt").read_text().split() == [f"e{each}" for each in range(4)]
    found = [read_task_receipt(each.value() or b"") for each in committed(context.bootstrap_servers, outside.LEDGER, 3)]
    effects = {(each.replay is not None, effect.outcome, effect.key) for each in found for effect in each.effects}
    assert Counter((again, outcome) for again, outcome, _ in effects) == {(False, "done"): 4, (True, "found"): 4}
    assert len({key for _, _, key in effects}) == 4


REQUESTS, ANSWERS = "onex.evt.echo.approval-requested.v1", "onex.cmd.echo.answer-approval.v1"
ASKER = f"""\
name: echo
handler:
  kind: python
  entry: "tests.operations.agents.test_replaying:ask_first"
  approvals: {{requests: {REQUESTS}, answers: {ANSWERS}}}
event_bus:
  subscribe_topics: [{ASKED}]
  publish_topics: [{ANSWERED}]
"""


def ask_first(event: Event, context: TaskContext) -> Any:
    return {"by": context.ask({"about": event.id}, "Is this good?").by}


def test_a_person_is_asked_again_and_in_a_shadow_nobody_is(context, tmp_path, broker):
    write(tmp_path, "echo", ASKER)
    create(broker.client, REQUESTS, ANSWERS)
    submit(context, [Submission(topic=ASKED, key="k", data={}, id="e")])
    asyncio.run(work(context, drain=True))
    assert again(context).worked[0].tasks == {"waiting": 1}
    first, second = events(context, REQUESTS)
    assert first.id != second.id
    assert again(context, shadow=SHADOW).worked[0].tasks == {"waiting": 1}
    assert len(events(context, REQUESTS)) == 2
    assert [each.extensions["originaltopic"] for each in events(context, SHADOW)] == [REQUESTS]


def test_names_that_nobody_has_are_named(context):
    with pytest.raises(UnknownName, match="asked"):
        prepare(context, ReplayRequest("onex.cmd.echo.aked.v1", BEGINNING))
    with pytest.raises(UnknownName, match="ecco"):
        prepare(context, ReplayRequest(ASKED, BEGINNING, nodes=("ecco",)))


def test_nothing_is_begun_where_writing_is_forbidden(context, done, broker):
    forbidden = replace(context, connection=replace(context.connection, read_only=True))
    plan = prepare(forbidden, ReplayRequest(ASKED, BEGINNING))
    with pytest.raises(ReadOnly):
        begin(forbidden, plan)
    assert replays.kept(context.connection, plan.id) is None


def test_a_plan_that_is_too_large_is_refused_in_a_sentence(context, done):
    plan = prepare(context, ReplayRequest(ASKED, BEGINNING, key="k" * 5_000))
    with pytest.raises(ReplayRefused, match="more than can be kept"):
        begin(context, plan)
