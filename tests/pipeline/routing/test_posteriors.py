"""What receipts teach, as an asset: a row for each model of a class, and bounds that plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.routing import posteriors
from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.gates.table import gate_named
from omni_assets.router.learning.posterior import Beta
from omni_assets.router.receipt import Receipt
from tests.support import receipts as made

pytestmark = pytest.mark.dagster


def checks(verdict: Verdict = Verdict.PASSED) -> tuple[Check, ...]:
    """What the gates of the class ``sorting`` say, as they are now."""
    first, second = (made.check(name) for name in ("not-empty", "valid-json"))
    versions = {name: gate_named(name).version for name in ("not-empty", "valid-json")}
    return (
        first.model_copy(update={"version": versions["not-empty"]}),
        second.model_copy(update={"version": versions["valid-json"], "verdict": verdict}),
    )


def learnt() -> Iterable[Receipt]:
    """Six answers of the small model, two of them rejected; one accepted one is wrong, two are right. The large one
    answers after it twice."""
    failed = checks(Verdict.FAILED)
    for number, agrees in enumerate((True, True, False, None)):
        audit = None if agrees is None else made.audit(agrees=agrees)
        yield made.receipt(number, made.local(model="small", checks=checks()), task_class="sorting", audit=audit)
    for number in (4, 5):
        rejected = made.local(model="small", outcome="rejected", checks=failed)
        accepted = made.cloud(model="large", checks=checks())
        yield made.receipt(number, rejected, accepted, task_class="sorting")
    yield made.receipt(6, made.local(model="small", checks=checks()), task_class="sorting", prompt_version=7)


@pytest.fixture
def said(routed: ProjectResource, instance: dg.DagsterInstance) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        job = build(routed).resolve_job_def("refresh_routing")
        result = job.execute_in_process(instance=instance, asset_selection=[posteriors.ROUTING_POSTERIORS])
        (event,) = result.get_asset_materialization_events()
        return {name: getattr(value, "value", value) for name, value in event.materialization.metadata.items()}

    return run


def test_a_row_for_each_model_at_its_place(said: Callable[[], dict[str, Any]], remember: Callable[..., None]) -> None:
    remember(*learnt())
    figures = said()
    large, small, old = (dict(each.data) for each in figures["posteriors"].records)
    assert (large["model"], large["after"], large["judged"], large["passes"], large["fails"]) == (
        "large",
        True,
        2,
        2,
        0,
    )
    assert (small["model"], small["after"], small["judged"], small["passes"], small["fails"]) == (
        "small",
        False,
        6,
        4,
        2,
    )
    assert (small["right"], small["wrong"]) == (2, 1)
    assert small["bound"] == round(Beta(3, 2).lower, 4)
    assert small["pass_rate"] == round(Beta(5, 3).mean, 4)
    assert (small["current"], old["current"], old["prompt_version"]) == (True, False, 7)
    assert (figures["dagster/row_count"], figures["current"], figures["judged"]) == (3, 2, 9)
    assert figures["bound: sorting, small"] == small["bound"]
    assert figures["bound: sorting, large, after a rejection"] == large["bound"]


def test_the_baseline_is_trusted_from_the_start(
    said: Callable[[], dict[str, Any]], remember: Callable[..., None]
) -> None:
    remember(*learnt())
    large = dict(said()["posteriors"].records[0].data)
    assert (large["right"], large["right_rate"]) == (0, 0.95)


def test_bounds_below_the_floor_are_counted(
    said: Callable[[], dict[str, Any]], remember: Callable[..., None], tmp_path: Path
) -> None:
    remember(*learnt())
    assert said()["bound_below_floor"] == 0
    path = tmp_path / "contracts" / "task_classes" / "sorting.yaml"
    path.write_text(path.read_text().replace("quality_floor: 0", "quality_floor: 0.5"))
    assert said()["bound_below_floor"] == 1


def test_so_many_bounds_are_plotted(
    said: Callable[[], dict[str, Any]], remember: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posteriors, "MOST_PLOTTED", 1)
    remember(*learnt())
    figures = said()
    assert [name for name in figures if name.startswith("bound:")] == ["bound: sorting, small"]
    assert "1 of 2 posteriors" in figures["plotted"]


def test_without_the_class_nothing_is_current(
    said: Callable[[], dict[str, Any]], remember: Callable[..., None], tmp_path: Path
) -> None:
    remember(*learnt())
    (tmp_path / "contracts" / "task_classes" / "sorting.yaml").unlink()
    figures = said()
    assert (figures["dagster/row_count"], figures["current"]) == (3, 0)
    assert {each.data["floor"] for each in figures["posteriors"].records} == {None}
