"""A soak from beginning to end: steps until the time is over, samples meanwhile, and what is there at last."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from omni_assets.agents.task_receipt import read_task_receipt
from omni_assets.broker.local import lifecycle
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import Context
from omni_assets.operations.rebuild import rebuild
from omni_assets.projection.store import Projection
from tests.soak import clock, sampling, verdict
from tests.soak.acting import BROKER_SECONDS, Stage
from tests.soak.cast import Cast, errands, residents
from tests.soak.plan import steps
from tests.soak.project import ANSWERED, COUNTED, LEDGER, PARTITIONS, Project
from tests.soak.sampling import Sample, Whole
from tests.soak.verdict import Books, Ended, Left, Noted
from tests.support.stranded import committed

DAGSTER_FROM_SECONDS = 300.0
"""A shorter soak has no room for Dagster's daemon and UI, which take half a minute to begin."""

SAMPLE_SECONDS = 3.0
_PROGRESS_SECONDS = 15.0
_SETTLE_SECONDS = 240.0
_MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class Soaked:
    """What was done and seen, and what was wrong with it, in sentences."""

    stage: Stage
    samples: list[Sample]
    wholes: list[Whole]
    ended: list[Ended]
    books: Books
    left: Left
    wrong: list[str]


def soak(folder: Path, seconds: float, seed: int, tell: Callable[[str], None]) -> Soaked:
    """Soak a project in ``folder``, which is made, for so long; ``tell`` hears how it goes."""
    project = Project(folder)
    project.write()
    timed = clock.variables(folder)
    if not timed:
        tell("no clock is set: there is no compiler of C here")
    with_dagster = seconds >= DAGSTER_FROM_SECONDS
    if not with_dagster:
        tell(f"Dagster's daemon and UI take part from {DAGSTER_FROM_SECONDS:g} s on")
    record = lifecycle.start(project.home, port=0, timeout=BROKER_SECONDS)
    cast = Cast(project)
    stage = Stage(project, cast, residents(project, timed, with_dagster), errands(project, timed), record.port)
    sampler = _Sampler(stage)
    try:
        _run(project, "omni", "provision")
        sampler.start()
        _through(stage, seconds, seed, tell)
        tell("nothing more is done; what was submitted comes to its end")
        settled = stage.settled(_SETTLE_SECONDS)
        sampler.stop()
        for name in stage.errands:
            cast.await_end(name)
        for name in stage.residents:
            cast.stop(name)
        lifecycle.start(project.home, port=stage.port, timeout=BROKER_SECONDS)
        books = _books(stage)
    finally:
        sampler.stop()
        for name in list(cast.pids()):
            cast.kill(name)
        lifecycle.stop(project.home)
    left = Left(sampling.processes_of(folder), sampling.locked(folder), _temporary(project))
    wrong = [
        *([] if settled else [f"what was submitted was not worked on within {_SETTLE_SECONDS:g} s"]),
        *verdict.of_books(books),
        *verdict.of_ends(cast.ended),
        *verdict.of_samples(sampler.samples),
        *verdict.of_left(left),
    ]
    return Soaked(stage, sampler.samples, sampler.wholes, cast.ended, books, left, wrong)


def _through(stage: Stage, seconds: float, seed: int, tell: Callable[[str], None]) -> None:
    began = told = time.monotonic()
    for step in steps(seed):
        if (now := time.monotonic()) - began > seconds:
            return
        stage.keep_up()
        stage.act(step)
        if now - told > _PROGRESS_SECONDS:
            told = now
            tell(
                f"{now - began:5.0f} s: {stage.done.total()} steps, {len(stage.submitted):,} tasks submitted, "
                f"{len(stage.cast.ended)} processes have ended, last: {step.action}"
            )


class _Sampler:
    """A thread that looks at processes every few seconds."""

    def __init__(self, stage: Stage) -> None:
        self.samples: list[Sample] = []
        self.wholes: list[Whole] = []
        self._stage = stage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look(self) -> None:
        began = time.monotonic()
        while not self._over.wait(SAMPLE_SECONDS):
            at = time.monotonic() - began
            pids = {name: pid for name, pid in self._stage.cast.pids().items() if name in self._stage.residents}
            found = (sampling.sample(at, name, pid) for name, pid in pids.items())
            self.samples += [each for each in found if each is not None]
            with suppress(OSError):
                self.wholes.append(sampling.whole(at, self._stage.project.folder, self._stage.port))


def _books(stage: Stage) -> Books:
    broker = stage.bootstrap_servers
    ledger = [
        Noted(each.id, each.node, each.event_id, each.outcome.value, tuple(result.event_id for result in each.results))
        for each in (read_task_receipt(record.value() or b"") for record in committed(broker, LEDGER, PARTITIONS))
    ]
    here = stage.project.context()
    project_ledger(here, here.manifest())
    anew = stage.project.context(stage.project.folder / "anew", broker)
    rebuild(anew)
    return Books(
        stage.submitted,
        ledger,
        _rows(here),
        _rows(anew),
        _events(broker, ANSWERED),
        _events(broker, COUNTED),
    )


def _rows(context: Context) -> list[str]:
    return [each.id for each in Projection(context.home).tasks(limit=_MANY)]


def _events(broker: str, topic: str) -> list[str]:
    return [dict(record.headers() or ())["ce_id"].decode() for record in committed(broker, topic, PARTITIONS)]


def _run(project: Project, *command: str) -> None:
    subprocess.run(project.command(*command), check=True, stdout=subprocess.DEVNULL)


def _temporary(project: Project) -> list[str]:
    """Files that nobody comes back to: under the folder for them, and halves of what was to be written whole."""
    known = itertools.chain(project.temporary.rglob("*"), project.home.rglob("*.tmp*"), project.home.rglob(".*.new"))
    return sorted(str(each) for each in known if each.is_file())
