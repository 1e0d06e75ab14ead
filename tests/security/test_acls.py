"""The rights that docs/security.md lists are enough, and each of them is needed: without it nothing is half done, and
what is said names what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from omni_assets.agents.task_receipt import Answer, TaskOutcome
from omni_assets.broker.connection import Connection
from omni_assets.errors import OmniError
from omni_assets.operations import observe
from omni_assets.operations.agents import approving
from omni_assets.operations.agents.dead_letters import Filter, requeue_all
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.agents.ranges import read_bound
from omni_assets.operations.agents.replaying import ReplayRequest, replay
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.tasks import caught_up
from omni_assets.operations.agents.working import Worked, work
from omni_assets.operations.apply import apply_safe
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from omni_assets.projection.store import Projection
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_rights import Right, given, listed_in
from tests.support.kafka_secured import ADMIN, LIMITED, connection_of, variables

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
NODE, RECORDER = "echo", "receipt-recorder"
ASKED, ANSWERED = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
LETTERS, LEDGER = "onex.dlq.echo.dead-letter.v1", "onex.evt.receipt-recorder.receipt-recorded.v1"
LATE = "onex.evt.late.came-late.v1"
ASKER, WONDERED, FOUND = "asker", "onex.cmd.asker.wonder.v1", "onex.evt.asker.found.v1"
QUESTIONS, ANSWERS = "onex.evt.asker.approval-requested.v1", "onex.cmd.asker.answer-approval.v1"
MERGER, TO_MERGE, MERGED = "merger", "onex.cmd.merger.merge.v1", "onex.evt.merger.merged.v1"
INTENTS = "onex.intent.merger.merge-intended.v1"
CREATED = (
    *(ASKED, ANSWERED, LETTERS, LEDGER, LATE),
    *(WONDERED, FOUND, QUESTIONS, ANSWERS),
    *(TO_MERGE, MERGED, INTENTS),
)
NAMES = {
    "each declared topic": "onex.*",
    "what is asked": ASKED,
    "what is answered": ANSWERED,
    "dead letters": LETTERS,
    "the ledger": LEDGER,
    "what is wondered": WONDERED,
    "what is found": FOUND,
    "the asking node": ASKER,
    "the asking worker": f"omni-worker.{ASKER}-*",
    "questions": QUESTIONS,
    "answers": ANSWERS,
    "what is to be merged": TO_MERGE,
    "what is merged": MERGED,
    "intents": INTENTS,
    "the merging node": MERGER,
    "the merging worker": f"omni-worker.{MERGER}-*",
    "the node": NODE,
    "the worker": f"omni-worker.{NODE}-*",
    "plans of replays": "omni-replay.*",
    "its replays": f"{NODE}.replay.*",
    "the worker of a replay": f"omni-worker.{NODE}.replay.*",
}
CONTRACTS = {
    NODE: f"""\
handler: {{kind: python, entry: "tests.support.echo_node:live"}}
event_bus:
  subscribe_topics: [{{topic: {ASKED}, partitions: 1}}]
  publish_topics: [{{topic: {ANSWERED}, partitions: 1}}]
  dlq_topics: [{LETTERS}]
""",
    ASKER: f"""\
handler:
  kind: python
  entry: "tests.support.echo_node:live"
  approvals: {{requests: {QUESTIONS}, answers: {ANSWERS}}}
event_bus:
  subscribe_topics: [{WONDERED}]
  publish_topics: [{FOUND}]
""",
    MERGER: f"""\
handler: {{kind: python, entry: "tests.support.echo_node:live", effects: [merge]}}
event_bus:
  subscribe_topics: [{{topic: {TO_MERGE}, partitions: 1}}]
  publish_topics: [{MERGED}, {{topic: {INTENTS}, partitions: 1}}]
""",
    RECORDER: f"event_bus:\n  publish_topics: [{{topic: {LEDGER}, partitions: 1}}]\n",
    "late": f"event_bus:\n  publish_topics: [{{topic: {LATE}, partitions: 2, retention: 7d, keyed: false}}]\n",
}

# Half of all tasks here end as dead letters, as they are meant to.
_SETTINGS = "[reconcile]\nprobe = false\n\n[agents.breaker]\nleast = 1000\n"


@dataclass
class World:
    """A project on a broker that has ACLs, of a user who may do nothing yet. ``limited`` is how that one comes in."""

    cluster: KafkaCluster
    folder: Path
    limited: Connection
    numbers: Iterator[int] = field(default_factory=count)

    def context(self, user: str = LIMITED) -> Context:
        """As who never was here before."""
        reached = self.limited if user == LIMITED else self.cluster.connection
        environ = {
            "OMNI_BOOTSTRAP_SERVERS": reached.bootstrap_servers,
            "OMNI_HOME": str(self.folder / f"state-{next(self.numbers)}"),
            "OMNI_CONTRACTS": str(self.folder / "contracts"),
            **variables(reached.properties),
        }
        return resolve(environ=environ, folder=self.folder)

    @property
    def client(self) -> AdminClient:
        return self.cluster.client

    def as_declared(self) -> int:
        """Every topic, by somebody who may; how many were not there."""
        context = self.context(ADMIN)
        done = provision(context, context.manifest())
        assert done.clean
        return done.counts["created"]

    def begin(self) -> None:
        """Every topic, and something in each of those that are read: who may not read nothing is refused nothing."""
        self.as_declared()
        if not self._noted():
            self._hand_in((ASKED, "hello"), (ASKED, "fail"), (WONDERED, "ask"), (TO_MERGE, "act"))
            asyncio.run(work(self.context(ADMIN), drain=True))
            self._answer()

    def _noted(self) -> bool:
        """Whether the ledger holds anything."""
        latest = {TopicPartition(LEDGER, 0): OffsetSpec.latest()}
        (end,) = self.client.list_offsets(latest).values()
        return bool(end.result(20).offset)

    def ask(self) -> None:
        """One task that can be done, and one that cannot, by somebody who may."""
        self.begin()
        self._hand_in((ASKED, "hello"), (ASKED, "fail"))

    def be_asked(self) -> None:
        """A question that waits."""
        self.begin()
        self._hand_in((WONDERED, "ask"))
        asyncio.run(work(self.context(ADMIN), nodes=[ASKER], drain=True))

    def converse(self) -> None:
        """An answer that is to be read, and a task that takes another question."""
        self.be_asked()
        self._answer()
        self._hand_in((WONDERED, "ask"))

    def intend(self) -> None:
        """A task that does something outside."""
        self.begin()
        self._hand_in((TO_MERGE, "act"))

    def fail(self) -> None:
        """A dead letter that nobody has sent again."""
        self.ask()
        asyncio.run(work(self.context(ADMIN), nodes=[NODE], drain=True))

    def _answer(self) -> None:
        assert answer_it(replace(self, limited=self.cluster.connection)) == ""

    def _hand_in(self, *tasks: tuple[str, str]) -> None:
        wanted = [Submission(topic=topic, data=data, key="k") for topic, data in tasks]
        assert submit(self.context(ADMIN), wanted).failed == ()

    def gone(self, *topics: str) -> None:
        """Topics that are missing, from now on."""
        there = set(self.client.list_topics(timeout=20).topics) & set(topics)
        for deleted in (self.client.delete_topics(list(there)) if there else {}).values():
            deleted.result(20)
        wait_until(lambda: not set(self.client.list_topics(timeout=20).topics) & set(topics), 20, "topics to be gone")

    def disturb(self) -> None:
        """A topic that is missing, and one with fewer partitions and a shorter retention than declared."""
        self.as_declared()
        self.gone(ANSWERED, LATE)
        made = NewTopic(LATE, 1, 1, config={"retention.ms": "3600000"})
        self.client.create_topics([made])[LATE].result(20)
        wait_until(lambda: LATE in self.client.list_topics(timeout=20).topics, 20, "the topic to be listed")


def look(world: World) -> str:
    """What was not seen, as it is told; empty where everything was."""
    context = world.context()
    with context.admin() as admin:
        seen = observe.look(context, admin, context.manifest())
    told = [(name, each.unknown) for name, each in seen.snapshot.topics.items()]
    told += [(name, each.unknown) for name, each in seen.flows.offsets.items()]
    told += [(name, each.unknown) for name, each in seen.flows.groups.items()]
    return "; ".join(f"{name}: {why}" for name, why in [*told, ("groups", seen.flows.unknown)] if why)


def create(world: World) -> str:
    """What was not created, and why."""
    context = world.context()
    done = provision(context, context.manifest())
    return "; ".join(f"{each.topic}: {each.error}" for each in done.topics if each.error)


def correct(world: World) -> str:
    """What was not corrected, and why."""
    context = world.context()
    done = apply_safe(context, context.manifest())
    snapshot = done.after.snapshot if done.after is not None else done.seen.snapshot if done.seen is not None else None
    assert snapshot is not None
    told = [f"{each.step.topic}: {each.detail}" for each in done.carried if each.detail]
    told += [f"{name}: {each.unknown}" for name, each in snapshot.topics.items() if each.unknown]
    return "; ".join([*told, *(f"{each.topic}: left" for each in done.left)])


def hand_in(world: World) -> str:
    """Why a task was not taken."""
    done = submit(world.context(), [Submission(topic=ASKED, data="hello")])
    return "; ".join(why for _, why in done.failed)


def do(world: World) -> str:
    """Why the tasks were not worked on."""
    context, began = world.context(), datetime.now(UTC)
    worked = asyncio.run(asyncio.wait_for(work(context, nodes=[NODE], drain=True), 120))
    return _undone(context, worked, began, TaskOutcome.DONE, TaskOutcome.DEAD_LETTERED)


def do_and_ask(world: World) -> str:
    """Why nobody was asked."""
    context, began = world.context(), datetime.now(UTC)
    worked = asyncio.run(asyncio.wait_for(work(context, nodes=[ASKER], drain=True), 120))
    return _undone(context, worked, began, TaskOutcome.WAITING, TaskOutcome.DONE)


def do_outside(world: World) -> str:
    """Why nothing was done outside."""
    context, began = world.context(), datetime.now(UTC)
    worked = asyncio.run(asyncio.wait_for(work(context, nodes=[MERGER], drain=True), 120))
    return _undone(context, worked, began, TaskOutcome.DONE)


def do_again(world: World) -> str:
    """Why the tasks were not worked on again."""
    context, began = world.context(), datetime.now(UTC)
    wanted = ReplayRequest(ASKED, read_bound("start", began))
    done = asyncio.run(asyncio.wait_for(replay(context, wanted), 120))
    return done.kept or _undone(context, done.worked, began, TaskOutcome.DONE, TaskOutcome.DEAD_LETTERED)


def catch_up(world: World) -> str:
    """Why the ledger was not read."""
    return str(caught_up(world.context()) or "")


def answer_it(world: World) -> str:
    """Why the newest question was not answered."""
    context = world.context()
    found = approving.waiting(context)
    assert found.asked
    return str(approving.answer(context, found.asked[-1], Answer.APPROVED, "ada") and "")


def send_again(world: World) -> str:
    """Why dead letters were not sent again."""
    done = requeue_all(world.context(), Filter())
    return "; ".join(each.reason for each in done.left) or ("" if done.sent else "nothing was sent")


def _undone(context: Context, worked: tuple[Worked, ...], began: datetime, *wanted: TaskOutcome) -> str:
    """What receipts say of tasks that failed; empty where none did, and tasks ended in each of the ``wanted`` ways."""
    (one,) = worked
    if not {*wanted} - one.tasks.keys() and TaskOutcome.FAILED not in one.tasks:
        return ""
    project_ledger(context, context.manifest())
    reasons = {row.reason for row in Projection(context.home).tasks_failed(began)}
    return "; ".join([str(dict(one.tasks)), *sorted(reasons)])


@dataclass(frozen=True)
class Operation:
    """What is done, and what has to be there before."""

    attempt: Callable[[World], str]
    before: Callable[[World], None]


def nothing_there(world: World) -> None:
    world.gone(*CREATED)


OPERATIONS = {
    "To look": Operation(look, World.as_declared),
    "To provision": Operation(create, nothing_there),
    "To reconcile": Operation(correct, World.disturb),
    "To submit tasks": Operation(hand_in, World.as_declared),
    "To work": Operation(do, World.ask),
    "To work and ask people": Operation(do_and_ask, World.converse),
    "To work with effects outside": Operation(do_outside, World.intend),
    "To read what became of tasks": Operation(catch_up, World.ask),
    "To answer questions": Operation(answer_it, World.be_asked),
    "To send dead letters again": Operation(send_again, World.fail),
    "To replay": Operation(do_again, World.ask),
}
SETS = {under: tuple(listed_in(DOCS, NAMES, under=under)) for under in OPERATIONS}


def begun(cluster: KafkaCluster, folder: Path) -> World:
    """The project, whose broker has worked for somebody before: it has groups, and what keeps them."""
    made = World(cluster, folder, connection_of(cluster, LIMITED))
    (made.folder / "omni.toml").write_text(_SETTINGS, encoding="utf-8")
    for node, text in CONTRACTS.items():
        contract = made.folder / "contracts" / node / "contract.yaml"
        contract.parent.mkdir(parents=True)
        contract.write_text(f"name: {node}\n{text}", encoding="utf-8")
    made.begin()
    return made


@pytest.fixture(scope="module")
def world(one_secured_broker: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = begun(one_secured_broker, tmp_path_factory.mktemp("acls"))
    yield made
    made.gone(*CREATED)


@pytest.mark.parametrize("under", SETS)
def test_what_the_docs_list_is_enough(under: str, world: World) -> None:
    OPERATIONS[under].before(world)
    with given(world.cluster, SETS[under]):
        assert OPERATIONS[under].attempt(world) == ""


@pytest.mark.parametrize(
    ("under", "missing"),
    [
        pytest.param(under, each, id=f"{under}, not {each.operation.name} on {each.resource.name} {each.name}")
        for under, rights in SETS.items()
        for each in rights
    ],
)
def test_without_any_one_of_them_it_is_said_what_is_missing(under: str, missing: Right, world: World) -> None:
    OPERATIONS[under].before(world)
    with given(world.cluster, [each for each in SETS[under] if each != missing]):
        try:
            said = OPERATIONS[under].attempt(world)
        except OmniError as error:
            said = str(error)
    assert "not authorised" in said or "lacks" in said, said
    assert missing.name.removesuffix("*") in said, said


def test_every_set_is_tried() -> None:
    headings = [line.removeprefix("### ") for line in DOCS.read_text().splitlines() if line.startswith("### ")]
    assert headings == list(SETS)
    assert all(SETS.values())
