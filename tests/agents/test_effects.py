"""Effects outside the bus: written down before they happen, and found instead of repeated."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.attempts import Hopeless, Patience
from omni_assets.agents.daemons import Daemons
from omni_assets.agents.effects import NO_EFFECTS, Effects, EffectUnclear, Recalled, Sink
from omni_assets.agents.events import Event, from_record, to_record
from omni_assets.agents.exchange import Ended
from omni_assets.agents.handlers import Handle, Handled, Said, python_handler
from omni_assets.agents.room import Room
from omni_assets.agents.seen import Seen
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.agents.working import Post, Working
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.worker import Outgoing, Received
from omni_assets.contracts.model import HandlerKind
from omni_assets.errors import BrokerTimeout

ASKED, INTENTS, LEDGER = "onex.cmd.merger.merge.v1", "onex.intent.merger.merge.v1", "onex.evt.ledger.noted.v1"
LETTERS = "onex.dlq.merger.dead-letter.v1"
POST = Post("merger", HandlerKind.PYTHON, "cluster", LEDGER, LETTERS)
QUICK = Patience(attempts=3, seconds=5, first_pause=0.001, longest_pause=0.001)
KEY = f"{ASKED}/2/7/1"


class World:
    """What is outside the bus, and the topic of intents: both outlive a worker."""

    def __init__(self) -> None:
        self.merged: list[str] = []
        self.intents: list[Outgoing] = []
        self.sight = True

    def append(self, record: Outgoing) -> None:
        self.intents.append(record)

    def find(self, name: str) -> Any:
        if not self.sight:
            raise ConnectionError("nobody answers")
        return {"merged": name} if name in self.merged else None

    def merge(self, name: str) -> Any:
        self.merged.append(name)
        return {"merged": name}

    def effects(self, *declared: str, most: int = 100, session: float = 0.0) -> Effects:
        """Those of a new worker, which has read what stands in the topic of intents."""
        effects = Effects(declared or ("merge",), Sink(INTENTS, publish, self.append), most, session)
        names = {(each.key or b"").decode(): json.loads(each.value or b"")["effect"] for each in self.intents}
        effects.recall(Recalled(names, whole=True))
        return effects


class Open:
    """Lets everything through."""

    def accept(self, topic: str, event: Event) -> None: ...

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        return publish(said, cause, event_id, key)


def publish(said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
    event = Event(event_id, "/merger", said.topic, causation_id=cause.id, data=json.dumps(said.data).encode())
    return Outgoing(said.topic, *to_record(event, key))


def asked(**extensions: str) -> Received:
    event = Event("e1", "/tests", ASKED, data=b"{}", extensions=extensions)
    return Received(Place(Partition(ASKED, 2, 1), 7), *to_record(event, b"k"), 0)


def work(handle: Handle, effects: Effects, received: Received | None = None, patience: Patience = QUICK) -> Ended:
    async def to_its_end() -> Ended:
        working = Working(POST, handle, Open(), Seen(), patience, Room(4), effects)
        return await working.work(received or asked())

    return asyncio.run(to_its_end())


def receipt_of(ended: Ended) -> TaskReceipt:
    return TaskReceipt.model_validate_json(ended.records[-1].value or b"")


def outcomes(ended: Ended) -> list[tuple[str, str]]:
    return [(each.key, each.outcome) for each in receipt_of(ended).effects]


def handler(act: Callable[[TaskContext], Any]) -> Handle:
    """One that is not asynchronous, and so runs in a thread."""

    async def handle(event: Event, context: TaskContext) -> Handled:
        await asyncio.get_running_loop().run_in_executor(Daemons(), act, context)
        return Handled(())

    return handle


def merging(world: World, then: Callable[[], object] = lambda: None) -> Handle:
    def act(context: TaskContext) -> None:
        context.effect("merge", lambda: world.merge("a"), lambda: world.find("a"), {"branch": "a"})
        then()

    return handler(act)


def dies(world: World, handle: Handle) -> None:
    """The worker of that handler ends without having committed anything."""
    ended = work(handle, world.effects(), patience=Patience(attempts=1, seconds=5))
    assert receipt_of(ended).outcome == "dead-lettered"


def dead(*_: object) -> Any:
    raise RuntimeError("killed")


def test_an_effect_is_written_down_and_then_had() -> None:
    world = World()
    ended = work(merging(world), world.effects())
    (intent,) = world.intents
    stated = from_record(intent.key, intent.value, intent.headers)
    assert json.loads(stated.data) == {
        "effect": "merge",
        "key": KEY,
        "task": receipt_of(ended).id,
        "node": "merger",
        "about": {"branch": "a"},
    }
    assert (intent.topic, intent.key, stated.causation_id) == (INTENTS, KEY.encode(), "e1")
    assert world.merged == ["a"]
    assert outcomes(ended) == [(KEY, "done")]


def test_one_that_was_never_begun_happens_after_its_intent_was_found() -> None:
    world = World()
    dies(world, handler(lambda context: context.effect("merge", dead, lambda: world.find("a"))))
    assert (len(world.intents), world.merged) == (1, [])
    ended = work(merging(world), world.effects())
    assert (len(world.intents), world.merged) == (1, ["a"])
    assert outcomes(ended) == [(KEY, "done")]


def test_one_that_happened_before_is_found_and_not_repeated() -> None:
    world = World()
    dies(world, merging(world, dead))
    assert world.merged == ["a"]
    ended = work(merging(world), world.effects())
    assert world.merged == ["a"]
    assert outcomes(ended) == [(KEY, "found")]
    assert receipt_of(ended).outcome == "done"


def test_another_attempt_of_the_same_worker_finds_it_too() -> None:
    world = World()
    tries: list[int] = []

    def once() -> None:
        tries.append(1)
        if len(tries) == 1:
            dead()

    ended = work(merging(world, once), world.effects())
    assert (len(tries), world.merged, len(world.intents)) == (2, ["a"], 1)
    assert outcomes(ended) == [(KEY, "found")]


def test_where_nobody_can_tell_it_ends_as_a_dead_letter_and_is_not_repeated() -> None:
    world = World()
    dies(world, merging(world, dead))
    world.sight = False
    ended = work(merging(world), world.effects())
    receipt = receipt_of(ended)
    assert world.merged == ["a"]
    assert (receipt.outcome, len(receipt.attempts)) == ("dead-lettered", 3)
    assert receipt.reason == (
        "EffectUnclear: whether its effect `merge` happened when it was tried before cannot be told, so it is not "
        "repeated: ConnectionError: nobody answers"
    )
    assert outcomes(ended) == [(KEY, "unknown")]
    assert ended.records[0].topic == LETTERS


def test_an_effect_that_fails_is_not_known_to_have_happened() -> None:
    world = World()

    def act(context: TaskContext) -> None:
        context.effect("merge", dead, lambda: None)

    ended = work(handler(act), world.effects())
    assert receipt_of(ended).outcome == "dead-lettered"
    assert outcomes(ended) == [(KEY, "unknown")]


def test_the_first_try_asks_nobody() -> None:
    world = World()
    world.sight = False
    assert outcomes(work(merging(world), world.effects())) == [(KEY, "done")]


@pytest.mark.parametrize("forgotten", ["a newer one", "not all of them", "sent again"])
def test_where_it_may_have_been_tried_before_the_effect_is_asked_after_first(forgotten: str) -> None:
    """A first try by all that is known; but intents were forgotten, or the record is a letter that was sent again."""
    world = World()
    world.merged.append("a")
    effects = world.effects(most=2)
    if forgotten == "a newer one":
        effects.recall(Recalled({str(number): "merge" for number in range(3)}, whole=True))
    elif forgotten == "not all of them":
        effects.recall(Recalled({}, whole=False))
    ended = work(merging(world), effects, asked(requeueof="0" * 32) if forgotten == "sent again" else None)
    assert world.merged == ["a"]
    assert outcomes(ended) == [(KEY, "found")]


def test_effects_are_told_apart_by_their_number() -> None:
    world = World()

    def act(context: TaskContext) -> None:
        for name in ("a", "b"):
            context.effect("merge", lambda name=name: world.merge(name), lambda name=name: world.find(name))
        if len(world.merged) < 3:
            world.merged.append("c")
            dead()

    ended = work(handler(act), world.effects())
    assert world.merged == ["a", "b", "c"]
    assert outcomes(ended) == [(KEY, "found"), (f"{ASKED}/2/7/2", "found")]


def test_another_effect_in_the_place_of_one_is_not_had() -> None:
    world = World()
    dies(world, merging(world, dead))

    def other(context: TaskContext) -> None:
        context.effect("push", lambda: world.merge("pushed"), lambda: None)

    ended = work(handler(other), world.effects("merge", "push"))
    assert receipt_of(ended).reason == "its effect 1 was `merge` when it was tried before, and is `push` now"
    assert (world.merged, len(receipt_of(ended).attempts)) == (["a"], 1)


@pytest.mark.parametrize(("effects", "named"), [(NO_EFFECTS, "none"), (World().effects("push"), "`push`")])
def test_an_effect_that_the_contract_does_not_declare_is_refused(effects: Effects, named: str) -> None:
    world = World()
    receipt = receipt_of(work(merging(world), effects))
    assert world.merged == []
    assert receipt.reason == f"it may not have the effect `merge`: `handler.effects` of its contract names {named}"
    assert len(receipt.attempts) == 1


def test_nothing_happens_where_the_intent_cannot_be_written() -> None:
    world = World()
    left = [1, 1]

    def append(record: Outgoing) -> None:
        if left:
            left.pop()
            raise BrokerTimeout("to take an intent", 1)
        world.append(record)

    ended = work(merging(world), Effects(("merge",), Sink(INTENTS, publish, append)))
    assert (world.merged, len(world.intents)) == (["a"], 1)
    assert outcomes(ended) == [(KEY, "done")]
    assert len(receipt_of(ended).attempts) == 3


def test_an_asynchronous_handler_waits_for_its_effect() -> None:
    world = World()

    async def merge() -> Any:
        await asyncio.sleep(0)
        return world.merge("a")

    async def find() -> Any:
        return world.find("a")

    async def handle(event: Event, context: TaskContext) -> Handled:
        facts = await context.effect_async("merge", merge, find)
        if len(world.merged) == 1 and not world.sight:
            world.sight = True
            dead()
        return Handled((Said(facts, "onex.evt.merger.merged.v1"),))

    world.sight = False
    ended = work(handle, world.effects())
    assert world.merged == ["a"]
    assert outcomes(ended) == [(KEY, "found")]
    assert json.loads(ended.records[0].value or b"") == {"merged": "a"}


def test_an_asynchronous_handler_may_not_hold_up_all_others() -> None:
    world = World()

    async def handle(event: Event, context: TaskContext) -> Handled:
        context.effect("merge", lambda: world.merge("a"), lambda: None)
        return Handled(())

    receipt = receipt_of(work(handle, world.effects()))
    assert receipt.reason == "it is asynchronous, and has to write `await context.effect_async` for `merge`"
    assert world.merged == []


def test_an_attempt_that_is_out_of_time_and_still_runs_is_waited_for_before_another_asks() -> None:
    """Nothing can end a thread: while it is within its effect, whether that happened cannot be told."""
    world = World()
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Any:
        begun.set()
        go_on.wait(10)
        return world.merge("a")

    def act(context: TaskContext) -> None:
        if begun.is_set():
            go_on.set()
        context.effect("merge", slow, lambda: world.find("a"))

    ended = work(handler(act), world.effects(), patience=Patience(attempts=5, seconds=0.5, first_pause=0.001))
    assert begun.is_set()
    assert world.merged == ["a"]
    assert outcomes(ended) == [(KEY, "found")]


def test_an_attempt_that_is_out_of_time_begins_no_effect_any_more() -> None:
    world = World()
    go_on, came = threading.Event(), threading.Event()

    def act(context: TaskContext) -> None:
        go_on.wait(10)
        try:
            context.effect("merge", lambda: world.merge("late"), lambda: None)
        finally:
            came.set()

    ended = work(handler(act), world.effects(), patience=Patience(attempts=1, seconds=0.05))
    assert receipt_of(ended).reason == "it did not end within 0.05 s"
    go_on.set()
    assert came.wait(10)
    assert (world.merged, world.intents) == ([], [])


def test_a_partition_is_left_once_its_effects_have_ended_and_none_begins_any_more() -> None:
    world, steps_of = World(), World().effects()
    place = Place(Partition(ASKED, 2, 1), 7)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Any:
        begun.set()
        go_on.wait(10)
        return world.merge("a")

    def context(offset: int) -> TaskContext:
        return TaskContext("0" * 32, "merger", place._replace(offset=offset))

    first = steps_of.begin(Event("e1", "/tests", ASKED), context(7), {})
    thread = threading.Thread(target=first.perform, args=("merge", slow, lambda: None, None))
    thread.start()
    assert begun.wait(10)
    steps_of.leave([place.partition], 0.01)  # it takes longer than anybody waits
    second = steps_of.begin(Event("e2", "/tests", ASKED), context(8), {})
    with pytest.raises(EffectUnclear, match="its partition was given back before the effect began"):
        second.perform("merge", lambda: world.merge("b"), lambda: None, None)
    threading.Timer(0.05, go_on.set).start()
    steps_of.leave([place.partition], 10)
    assert world.merged == ["a"]
    thread.join()
    again = TaskContext("0" * 32, "merger", place._replace(partition=Partition(ASKED, 2, 2), offset=8))
    steps_of.begin(Event("e2", "/tests", ASKED), again, {}).perform(
        "merge", lambda: world.merge("b"), lambda: None, None
    )
    assert world.merged == ["a", "b"]


def test_what_another_worker_began_is_done_again_only_once_that_one_cannot_be_within_it_any_more() -> None:
    """It was fenced off, and nothing told it so yet: it comes to the end of its effect while its successor asks."""
    world = World()
    dies(world, handler(lambda context: context.effect("merge", dead, lambda: None)))
    asked_after: list[int] = []

    def find() -> Any:
        asked_after.append(len(world.merged))
        if len(asked_after) == 1:
            threading.Timer(0.05, world.merge, ["a"]).start()
            return None
        return world.find("a")

    def act(context: TaskContext) -> None:
        context.effect("merge", lambda: world.merge("a"), find)

    ended = work(handler(act), world.effects(session=0.5))
    assert (asked_after, world.merged) == ([0, 1], ["a"])
    assert outcomes(ended) == [(KEY, "found")]


def test_a_worker_that_stood_still_asks_whether_another_one_came_before_it() -> None:
    world = World()
    effects = world.effects(session=0.05)
    effects.alive()
    time.sleep(0.1)  # as long as its partitions were held for it, and longer
    world.merged.append("a")
    ended = work(merging(world), effects)
    assert world.merged == ["a"]
    assert outcomes(ended) == [(KEY, "found")]
    effects.recall(Recalled({}, whole=True))
    assert effects.undisturbed()


def test_an_asynchronous_effect_that_nobody_waits_for_any_more_comes_to_its_end() -> None:
    world = World()

    async def cancelled() -> None:
        effects, begun = world.effects(), asyncio.Event()

        async def slow() -> Any:
            begun.set()
            await asyncio.sleep(0.05)
            return world.merge("a")

        async def find() -> Any:
            return world.find("a")

        async def handle(event: Event, context: TaskContext) -> Handled:
            await context.effect_async("merge", slow, find)
            return Handled(())

        working = Working(POST, handle, Open(), Seen(), QUICK, Room(1), effects)
        task = asyncio.create_task(working.work(asked()))
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert world.merged == []
        await asyncio.to_thread(effects.leave, [Partition(ASKED, 2, 1)], 10)

    asyncio.run(cancelled())
    assert world.merged == ["a"]


def test_find_may_say_that_it_is_hopeless() -> None:
    world = World()
    dies(world, merging(world, dead))

    def act(context: TaskContext) -> None:
        def find() -> Any:
            raise Hopeless("the repository is gone")

        context.effect("merge", lambda: world.merge("a"), find)

    receipt = receipt_of(work(handler(act), world.effects()))
    assert (world.merged, len(receipt.attempts)) == (["a"], 1)
    assert receipt.reason.endswith("cannot be told, so it is not repeated: the repository is gone")


@given(st.lists(st.sampled_from(["before", "after", "outside", "well"]), max_size=6))
def test_however_often_a_worker_dies_and_wherever_each_effect_happens_once(ends: list[str]) -> None:
    world = World()

    def life(end: str) -> Handle:
        def act(context: TaskContext) -> None:
            for name in ("a", "b"):
                here = end if name == "b" else "well"

                def do(name: str = name, here: str = here) -> Any:
                    if here == "before":
                        dead()
                    facts = world.merge(name)
                    return dead() if here == "outside" else facts

                context.effect("merge", do, lambda name=name: world.find(name))
            if end == "after":
                dead()

        return handler(act)

    for end in ends:
        work(life(end), world.effects(), patience=Patience(attempts=1, seconds=5))
    ended = work(life("well"), world.effects())
    assert receipt_of(ended).outcome == "done"
    assert world.merged == ["a", "b"]
    assert len({each.key for each in world.intents}) == len(world.intents) == 2


def test_a_function_that_is_found_by_its_name_has_effects_by_its_context() -> None:
    ended = work(python_handler("tests.agents.test_effects:notes", Daemons()), World().effects())
    assert outcomes(ended) == [(KEY, "done")]


def notes(_: Event, context: TaskContext) -> None:
    context.effect("merge", lambda: None, lambda: None)
