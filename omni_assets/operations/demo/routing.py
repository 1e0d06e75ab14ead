"""The second chapter: tasks on the cheapest model that can do them, and what their receipts say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

from omni_assets.contracts.text import count
from omni_assets.errors import ExtraMissing
from omni_assets.operations.demo.stage import Stage
from omni_assets.operations.demo.story import Chapter, Economy, Expected, LeftOut, Listed, Opened, Said, Scene
from omni_assets.operations.demo.tasks import RIGHT_LABELS, TASKS
from omni_assets.operations.provision import provision
from omni_assets.operations.routing.remembered import receipt, receipts
from omni_assets.operations.routing.running import Ran, run_tasks, run_to_end
from omni_assets.operations.routing.savings import savings
from omni_assets.router.local import lifecycle
from omni_assets.router.local.weights import Serving, built_in
from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.router.values import Location


def tell(stage: Stage) -> Iterator[Scene]:
    """Serve, route, and open the books."""
    try:
        yield from _routed(stage)
    except ExtraMissing as error:
        yield LeftOut(str(error))


ROUTING = Chapter("routing", "What the cheapest model can do, and what its answers are worth", tell)


def _routed(stage: Stage) -> Iterator[Scene]:
    home = stage.context.home
    serving = Serving(built_in())
    started = time.monotonic()
    served = lifecycle.start(home, serving)
    megabytes = serving.weights.file.stat().st_size / 1e6
    yield Said(
        f"`omni model serve`: {serving.weights.file.stem} answers at {served.base_url} after "
        f"{time.monotonic() - started:.1f} s, on one thread. {megabytes:.0f} MB of weights cannot do everything, so "
        "every answer goes through the gates of its task's class before it counts."
    )
    provision(stage.context, stage.context.manifest(), trigger="demo")
    started = time.monotonic()
    ran = run_to_end(run_tasks(stage.context, TASKS, concurrency=1, environ=stage.environ))
    made = tuple(done.receipt for done in ran.done)
    yield Said(f"`omni route run` takes {len(TASKS)} tasks to it in {time.monotonic() - started:.1f} s:")
    yield Listed(receipts(home))
    accepted, caught = _ends(made)
    yield Expected(
        f"the local model's answers to {count(len(accepted), 'task')} passed every gate, those to {len(caught)} were "
        "caught",
        bool(accepted) and bool(caught),
    )
    yield from _wrong(ran)
    if shown := [each for each in made if each.task_id == "write-to-celsius"] or caught:
        yield Said("One of those that were caught, as `omni receipts show` tells it:")
        yield Opened(receipt(home, shown[0].id))
    yield Said("And `omni savings`, from the same receipts:")
    yield Economy(savings(home))
    yield from _held(ran, made)


def _wrong(ran: Ran) -> Iterator[Scene]:
    """Labels that passed every gate and are wrong: gates are no oracle."""
    for done in ran.done:
        label = json.loads(done.text)["label"] if done.text and done.receipt.task_id in RIGHT_LABELS else None
        if label and label != RIGHT_LABELS[done.receipt.task_id]:
            yield Said(
                f"`{done.receipt.task_id}` is wrong, and counts: `{label}` is one of the labels that are allowed, and "
                f"only who understands the text knows that it should be `{RIGHT_LABELS[done.receipt.task_id]}`. For "
                "such answers a share of what is accepted is audited by a stronger model, where one can be reached."
            )


def _held(ran: Ran, made: Sequence[Receipt]) -> Iterator[Scene]:
    """What has to be so, whatever the model answered."""
    counted = [attempt for each in made for attempt in each.attempts if attempt.outcome is Outcome.ACCEPTED]
    failed = [each for each in made if each.outcome is not Outcome.ACCEPTED]
    yield Expected(
        "every task has one receipt, and no answer counts that a gate barred",
        sorted(each.task_id for each in made) == sorted(task.id for task in TASKS)
        and not any(check.bars for attempt in counted for check in attempt.checks),
    )
    yield Expected(
        f"the {count(len(failed), 'task')} that no model here could do say why, and saved nothing",
        all(each.failure and each.saved_usd is None for each in failed),
    )
    yield Expected(
        f"the ledger `{ran.publishing.topic}` has all {len(made)} receipts",
        (ran.publishing.published, ran.publishing.waiting) == (len(made), 0),
    )


def _ends(made: Sequence[Receipt]) -> tuple[list[Receipt], list[Receipt]]:
    """The tasks whose local answers were accepted, and those whose local answers gates caught."""
    ended: dict[Outcome, list[Receipt]] = {Outcome.ACCEPTED: [], Outcome.REJECTED: []}
    for each in made:
        for outcome in {attempt.outcome for attempt in each.attempts if attempt.location is Location.LOCAL}:
            ended.setdefault(outcome, []).append(each)
    return ended[Outcome.ACCEPTED], ended[Outcome.REJECTED]
