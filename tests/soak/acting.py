"""What each action of a soak does, and whether it was done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.local import lifecycle
from omni_assets.errors import EngineFailed
from tests.soak import clock
from tests.soak.cast import DAGSTER, PROJECTOR, RECONCILE, SUBMITTER, WRITER, YOUNGER, Cast, child_of
from tests.soak.plan import Action, Step
from tests.soak.project import ANSWERED, ASKED, COUNTED, LEDGER, PARTITIONS, STRAY, Project
from tests.support import tampering
from tests.support.stranded import committed

KEYS = 20
MOST_TASKS = 60
"""Tasks of one submission."""

QUIET_SECONDS = 3.0
"""The embedded broker writes its data about once a second: killed any earlier, it loses what it had acknowledged."""

BROKER_SECONDS = 45.0
"""Most seconds until the broker must answer: a machine with much else to do takes its time."""

_SUBMIT_SECONDS, _SETTLE_SECONDS = 120.0, 90.0
_LATEST_DEATH_SECONDS = 6.0
_JUMPS = (-7200, -90, -1, 0, 1, 90, 7200)
"""Seconds that a clock is off by."""


@dataclass
class Stage:
    """The project, its processes, and what was done so far."""

    project: Project
    cast: Cast
    residents: Mapping[str, list[str]]
    errands: Mapping[str, list[str]]
    port: int
    submitted: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    done: Counter[Action] = field(default_factory=Counter)
    left_out: Counter[Action] = field(default_factory=Counter)
    hangs: int = 0

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def keep_up(self) -> None:
        """The broker, and whoever is always there, again where they have ended. A broker that hangs is ended first."""
        try:
            lifecycle.start(self.project.home, port=self.port, timeout=BROKER_SECONDS)
        except EngineFailed:
            self.hangs += 1
            lifecycle.stop(self.project.home)
            lifecycle.start(self.project.home, port=self.port, timeout=BROKER_SECONDS)
        for name, command in self.residents.items():
            self.cast.start(name, command)

    def act(self, step: Step) -> None:
        """Do it; what could not be done is counted as left out."""
        time.sleep(step.pause)
        (self.done if _ACTS[step.action](self, step.chance) else self.left_out)[step.action] += 1

    def submit_again(self) -> bool:
        """What was not surely taken goes once more, under the same ids."""
        lines = [
            json.dumps({"topic": ASKED, "key": f"key-{int(each[1:]) % KEYS}", "id": each, "data": int(each[1:])})
            for each in self.unsure
        ]
        if not lines:
            return True
        said = self.project.logs / "submit.log"
        with said.open("wb") as output:
            ran = subprocess.run(
                self.project.command("omni", "task", "submit", "-"),
                input="\n".join(lines).encode(),
                stdout=subprocess.DEVNULL,
                stderr=output,
                timeout=_SUBMIT_SECONDS,
                check=False,
            )
        self.cast.note(SUBMITTER, ran.returncode, said)
        if ran.returncode == 0:
            self.submitted += self.unsure
            self.unsure = []
        return ran.returncode == 0

    def settled(self, seconds: float = _SETTLE_SECONDS) -> bool:
        """Whether all that was submitted was worked on by both nodes within some seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.keep_up()
            if self.submit_again():
                with suppress(AssertionError, KafkaException):
                    if len(committed(self.bootstrap_servers, COUNTED, PARTITIONS)) >= len(self.submitted):
                        return True
            time.sleep(1)
        return False


def _submit(stage: Stage, chance: float) -> bool:
    first = len(stage.submitted) + len(stage.unsure)
    stage.unsure += [f"t{number}" for number in range(first, first + 1 + int(chance * MOST_TASKS))]
    return stage.submit_again()


def _disturb(stage: Stage, chance: float) -> bool:
    def change(client: AdminClient) -> None:
        if chance < 0.4:
            tampering.set_config(client, _topic(chance), "retention.ms", "3600000")
        elif chance < 0.7:
            tampering.set_config(client, LEDGER, "retention.ms", "86400000000")
        else:
            tampering.create(client, STRAY)

    return _by_somebody_else(stage, change)


def _calm(stage: Stage, chance: float) -> bool:
    def change(client: AdminClient) -> None:
        tampering.set_config(client, _topic(chance), "retention.ms", "604800000")
        tampering.set_config(client, LEDGER, "retention.ms", "-1")
        if STRAY in tampering.partitions_of(client):
            tampering.delete(client, STRAY)

    return _by_somebody_else(stage, change)


def _topic(chance: float) -> str:
    return ANSWERED if chance < 0.2 else COUNTED


def _by_somebody_else(stage: Stage, change: Callable[[AdminClient], None]) -> bool:
    try:
        change(open_client(AdminClient, Connection(stage.bootstrap_servers, timeout=5)))
    except (KafkaException, TimeoutError):
        return False
    return True


def _runs(name: str) -> Callable[[Stage, float], bool]:
    def act(stage: Stage, _chance: float) -> bool:
        stage.cast.await_end(name)
        stage.cast.start(name, stage.errands[name])
        return True

    return act


def _dies(name: str) -> Callable[[Stage, float], bool]:
    def act(stage: Stage, chance: float) -> bool:
        stage.cast.start(name, stage.errands[name])
        time.sleep(chance * _LATEST_DEATH_SECONDS)
        return stage.cast.kill(name)

    return act


def _kill_worker(stage: Stage, _chance: float) -> bool:
    return stage.cast.kill(YOUNGER)


def _kill_dagster(stage: Stage, chance: float) -> bool:
    program = "dagster-daemon" if chance < 0.5 else "dagster-webserver"
    pid = child_of(stage.project.folder, program) if stage.cast.runs(DAGSTER) else None
    if pid is None:
        return False
    os.kill(pid, signal.SIGKILL)
    return True


def _kill_broker(stage: Stage, _chance: float) -> bool:
    """Only when all is done: it loses what it took within the last second."""
    if not stage.settled():
        return False
    time.sleep(QUIET_SECONDS)
    record = lifecycle.running(stage.project.home)
    if record is None or record.pid is None:
        return False
    os.kill(record.pid, signal.SIGKILL)
    return True


def _restart_broker(stage: Stage, chance: float) -> bool:
    """Only when all is done: a transaction that is open then may stay open for ever, or count without its positions."""
    if not stage.settled() or lifecycle.stop(stage.project.home) is None:
        return False
    time.sleep(chance * _LATEST_DEATH_SECONDS)
    return True


def _jump(stage: Stage, chance: float) -> bool:
    return clock.set_to(stage.project.folder, _JUMPS[int(chance * len(_JUMPS))])


_ACTS: Mapping[Action, Callable[[Stage, float], bool]] = {
    Action.SUBMIT: _submit,
    Action.DISTURB: _disturb,
    Action.CALM: _calm,
    Action.RECONCILE: _runs(RECONCILE),
    Action.LOOK: _runs(PROJECTOR),
    Action.REPORT: _runs(WRITER),
    Action.KILL_WORKER: _kill_worker,
    Action.KILL_RECONCILE: _dies(RECONCILE),
    Action.KILL_PROJECTOR: _dies(PROJECTOR),
    Action.KILL_REPORT: _dies(WRITER),
    Action.KILL_DAGSTER: _kill_dagster,
    Action.KILL_BROKER: _kill_broker,
    Action.RESTART_BROKER: _restart_broker,
    Action.JUMP: _jump,
}
