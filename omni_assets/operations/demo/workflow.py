"""The third chapter: three pull requests through the workflow of the agents, on a real repository with real tests."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from omni_assets.agents.task_receipt import Answer, EffectOutcome, TaskOutcome, TaskReceipt
from omni_assets.agents.workflow.git import why_unfit
from omni_assets.agents.workflow.messages import About, Ran, Review
from omni_assets.agents.workflow.pull_requests import PullRequest, State, every, find, status
from omni_assets.agents.workflow.repository import FOLDER, Repository
from omni_assets.agents.workflow.reviewing import STATUS as REVIEW
from omni_assets.agents.workflow.sample import BRANCHES, CLASHING, FAILING, GOOD, NAME, Branch, make
from omni_assets.agents.workflow.topics import Topic
from omni_assets.agents.workflow.watching import STATUS as PIPELINE
from omni_assets.contracts.text import count
from omni_assets.errors import ExtraMissing, ServiceFailed
from omni_assets.operations import services
from omni_assets.operations.agents import approving
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.tasks import caught_up, chain
from omni_assets.operations.demo.stage import Stage
from omni_assets.operations.demo.story import Chapter, Expected, Followed, LeftOut, Said, Scene
from omni_assets.operations.provision import provision

PERSON = "a person"
SECONDS = 90.0
"""Most that the agents may take until they are quiet, before and after the person's answers each."""

_POLL_SECONDS = 0.25


def tell(stage: Stage) -> Iterator[Scene]:
    """Make a repository, ask for three merges, answer what only a person can, and look at what became of them. Raises
    ``ServiceFailed`` where the agents do not come to an end.
    """
    try:
        yield from _told(stage)
    except ExtraMissing as error:
        yield LeftOut(str(error))


WORKFLOW = Chapter("workflow", "What agents make of three pull requests", tell)


def _told(stage: Stage) -> Iterator[Scene]:
    folder = stage.context.home / "repositories"
    folder.mkdir(parents=True)
    if unfit := why_unfit(folder):
        yield LeftOut(unfit)
        return
    there = make(folder)
    yield Said(
        f"`{NAME}.git` is a bare repository of a small project with tests. Three branches of it are to be merged: "
        f"`{GOOD.name}` is good, the tests of `{FAILING.name}` fail, and `{CLASHING.name}` renames a function that the "
        "first one calls. Each of these two is green by itself."
    )
    provision(stage.context, stage.context.manifest(), trigger="demo")
    with _worker(stage, folder) as working:
        submitted = submit(stage.context, [_command(each) for each in BRANCHES])
        yield Said(
            "`omni task submit` asks for three pull requests, and `omni worker` begins. No model is served in this "
            "chapter: whatever agents ask of one comes back as not done."
        )
        started = time.monotonic()
        _until(working, lambda: all(_rests(stage, there, each) for each in BRANCHES))
        yield from _asked(stage, there, working)
        _until(working, lambda: all(_ended(there, each) for each in BRANCHES))
        yield Said(f"After {time.monotonic() - started:.1f} s the agents are done. What stands in the repository:")
    yield from _ends(there)
    yield from _counted(stage, submitted.ids)


def _command(branch: Branch) -> Submission:
    return Submission(
        topic=Topic.CMD_PULL_REQUEST_OPENER_OPEN_PULL_REQUEST_V1, key=f"{NAME}/{branch.name}", data=branch.wish
    )


@contextmanager
def _worker(stage: Stage, repositories: Path) -> Iterator[services.Service]:
    """`omni worker`, for all nodes, as a process that does not outlive this one."""
    context = stage.context
    contracts = os.pathsep.join(os.path.abspath(each) for each in context.sources)
    environ = {**stage.environ, "OMNI_CONTRACTS": contracts, FOLDER: str(repositories)}
    command = [sys.executable, "-m", "omni_assets.cli.main", "worker"]
    service = services.start(
        "omni worker", command, context.settings.root, environ, context.home / "logs" / "worker.log"
    )
    try:
        yield service
    finally:
        services.stop([service])


def _until(working: services.Service, settled: Callable[[], bool]) -> None:
    """Wait for it. Raises ``ServiceFailed`` where the worker ends meanwhile, or it takes too long."""
    deadline = time.monotonic() + SECONDS
    while not settled():
        if not working.running:
            raise working.failure()
        if time.monotonic() > deadline:
            raise ServiceFailed(f"the agents were not done within {SECONDS:g} s.", f"Their log is {working.log}.")
        time.sleep(_POLL_SECONDS)


def _rests(stage: Stage, there: Repository, branch: Branch) -> bool:
    return _ended(there, branch) or branch.name in _questions(stage)


def _questions(stage: Stage) -> dict[str, approving.Asked]:
    """What waits for a person, by the branch that it is about."""
    asked = approving.waiting(stage.context).asked
    return {branch.name: each for branch in BRANCHES for each in asked if branch.title in str(each.question.content)}


def _ended(there: Repository, branch: Branch) -> bool:
    """Whether a pull request is merged with its pipeline run, closed, or says why it cannot be merged."""
    found = _pull_request(there, branch)
    if found is None or (found.state is State.OPEN and not found.reason):
        return False
    return found.state is not State.MERGED or status(there, _about(there, found), PIPELINE, Ran) is not None


def _pull_request(there: Repository, branch: Branch) -> PullRequest | None:
    return next((each.pull_request for each in every(there) if each.pull_request.branch == branch.name), None)


def _asked(stage: Stage, there: Repository, working: services.Service) -> Iterator[Scene]:
    """A person answers what no model could, one question after the other."""
    questions = _questions(stage)
    for branch in (GOOD, CLASHING):
        asked = questions.get(branch.name)
        if asked is None:
            yield Said(f"A model has reviewed `{branch.name}`, and its review passed the gates.")
            continue
        yield Said(
            f"No model could review `{branch.name}`, so a person is asked, and shown the whole change. What "
            "`omni task approve` says yes to is exactly that."
        )
        approving.answer(stage.context, asked, Answer.APPROVED, PERSON)
        _until(working, lambda branch=branch: _ended(there, branch))  # type: ignore[misc]


def _ends(there: Repository) -> Iterator[Scene]:
    """How each of the three came out."""
    good, failing, clashing = (_pull_request(there, each) for each in BRANCHES)
    merged = [each for each in (good, clashing) if each is not None and each.state is State.MERGED]
    stopped = [each for each in (good, clashing) if each is not None and each.state is State.OPEN and each.reason]
    head = there.branch("main")
    for each in merged:
        review = status(there, _about(there, each), REVIEW, Review)
        by = review.by if review else "nobody"
        yield Expected(
            f"`{each.branch}` is merged after {by} reviewed it, and its pipeline passed",
            head == each.merge and bool(review and review.accepted) and _passed(there, each),
        )
    if failing is not None:
        yield Expected(
            f"`{failing.branch}` is closed: {_first(failing.reason)}",
            failing.state is State.CLOSED and bool(failing.reason),
        )
    for each in stopped:
        yield Expected(
            f"`{each.branch}` was caught at the merge: {_first(each.reason)}", "merged into `main`" in each.reason
        )
    yield Expected(
        "of the two that do not go together one is merged, and `main` is green",
        (len(merged), len(stopped)) == (1, 1) and head == merged[0].merge and _passed(there, merged[0]),
    )


def _passed(there: Repository, pull_request: PullRequest) -> bool:
    ran = status(there, _about(there, pull_request), PIPELINE, Ran)
    return ran is not None and ran.green


def _about(there: Repository, pull_request: PullRequest) -> About:
    return About(repository=there.name, number=pull_request.number, head=find(there, pull_request.number).head)


def _first(reason: str) -> str:
    line = reason.strip().splitlines()[0]
    return f"{line[:157]}..." if len(line) > 160 else line.rstrip(".")


def _counted(stage: Stage, ids: tuple[str, ...]) -> Iterator[Scene]:
    """The chain of the first, and what the receipts of all three say."""
    caught_up(stage.context)
    chains = [chain(stage.context.home, each) for each in ids]
    receipts = [receipt for each in chains for receipt in each.receipts]
    yield Said("`omni task show` tells how the first one came to its end:")
    yield Followed(chains[0])
    merges = [effect for each in receipts for effect in each.effects if effect.name == "merge"]
    yield Expected(
        f"{count(len(receipts), 'task')} ended once each, none as a dead letter, and one merge was done",
        len({_place(each) for each in receipts}) == len(receipts)
        and {each.outcome for each in receipts} <= {TaskOutcome.DONE, TaskOutcome.WAITING}
        and [each.outcome for each in merges] == [EffectOutcome.DONE],
    )


def _place(receipt: TaskReceipt) -> tuple[str, str, int, int]:
    return receipt.node, receipt.topic, receipt.partition, receipt.offset
