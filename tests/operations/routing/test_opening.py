"""A project's router as it is opened: what its receipts teach it, the scorer included."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from omni_assets.operations.context import Context, resolve
from omni_assets.operations.routing import opening
from omni_assets.operations.routing.opening import planner, taught
from omni_assets.operations.routing.recording import record
from omni_assets.operations.routing.running import run_tasks
from omni_assets.operations.routing.tasks import read_tasks
from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.learning.training import LEAST_EXAMPLES
from omni_assets.router.receipt import Receipt
from omni_assets.router.task_class import Severity
from tests.support import receipts as made
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV, task_lines, write_routed_project

GATES = "gates:\n  - {gate: agreement, severity: warning}\n  - {gate: learned-scorer, severity: warning}\n"


def answered(number: int, *, right: bool) -> Receipt:
    """A receipt of an answer by the small model, which an audit held against the baseline's."""
    agreement = Check(gate="agreement", version=1, severity=Severity.WARNING, verdict=Verdict.UNKNOWN, agrees_with=())
    attempt = made.local(model="small", checks=(made.check(), made.check("valid-json"), agreement))
    return made.receipt(number, attempt, task_class="sorting", audit=made.audit(agrees=right))


@pytest.fixture
def endpoint() -> Iterator[ModelEndpoint]:
    with ModelEndpoint(otherwise=answers(LABELLED)) as both:
        yield both


@pytest.fixture
def context(endpoint: ModelEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    write_routed_project(tmp_path, endpoint.base_url)
    file = tmp_path / "contracts/task_classes/sorting.yaml"
    file.write_text(file.read_text().replace("gates:\n", GATES))
    monkeypatch.chdir(tmp_path)
    return resolve(environ={"OMNI_HOME": str(tmp_path / "state")}, folder=tmp_path)


def test_what_audits_proved_teaches_the_scorer_that_the_next_run_asks(
    context: Context, endpoint: ModelEndpoint, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn", reason="the extra `learn` is not installed")
    record(context, [answered(number, right=number % 4 != 0) for number in range(LEAST_EXAMPLES)])
    (tmp_path / "tasks.jsonl").write_text(task_lines("a"))
    environ = {SMALL_ENV: endpoint.base_url, KEY_ENV: KEY}
    ran = asyncio.run(run_tasks(context, read_tasks([str(tmp_path / "tasks.jsonl")]), environ=environ))
    (check,) = [each for each in ran.done[0].receipt.attempts[0].checks if each.gate == "learned-scorer"]
    assert check.verdict is Verdict.PASSED
    assert check.score == pytest.approx(0.75, abs=0.1)


@pytest.mark.parametrize("wrong", [0, 1])
def test_where_audits_hardly_ever_disagree_nothing_is_learnt_of_it_and_the_router_opens(
    context: Context, wrong: int
) -> None:
    record(context, [answered(number, right=number >= wrong) for number in range(LEAST_EXAMPLES)])
    assert taught(context, planner(context).classes.values()).scorer is None


def test_little_that_is_known_is_not_trained_on(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "train", lambda *_: pytest.fail("it was"))
    record(context, [answered(number, right=True) for number in range(LEAST_EXAMPLES - 1)])
    known = taught(context, planner(context).classes.values())
    assert (len(known.examples()), known.scorer) == (LEAST_EXAMPLES - 1, None)
