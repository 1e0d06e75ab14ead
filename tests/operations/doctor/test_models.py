"""Endpoints of models that answer, refuse, or are not there; no key is ever shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from omni_assets.errors import SettingsError
from omni_assets.operations.context import Context
from omni_assets.operations.doctor import models
from omni_assets.operations.doctor.examination import Answer, Told
from omni_assets.operations.doctor.examining import examine
from tests.support.model_endpoint import Behaviour, ModelEndpoint, fails, replies

KEY = "sk-canary-0123456789"
CATALOG = """
endpoints:
  own: {{location: local, base_url: "{url}", key_env: OWN_KEY}}
  keyless: {{location: local, base_url_env: OTHER_URL}}
models:
  small: {{endpoint: own, served_name: {served}, context_window: 1000}}
  other: {{endpoint: keyless, served_name: x, context_window: 1000}}
"""

Ask = Callable[..., dict[str, Told]]


@pytest.fixture
def ask(context_of: Callable[..., Context], tmp_path: Path) -> Ask:
    """What is told of a catalog whose endpoint behaves so."""
    (tmp_path / "contracts" / "task_classes").mkdir(parents=True)

    def told(
        behaviour: Behaviour | None = None, served: str = "small", environ: Mapping[str, str] | None = None
    ) -> dict[str, Told]:
        with ModelEndpoint(**({"models": behaviour} if behaviour else {})) as endpoint:
            (tmp_path / "models.yaml").write_text(CATALOG.format(url=endpoint.base_url, served=served))
            context = context_of("127.0.0.1:1")
            checks = examine([models.area(context, {"OWN_KEY": KEY} if environ is None else environ)]).checks
        assert KEY not in repr(checks)
        return {check.question.name: check.told for check in checks}

    return told


def test_an_endpoint_that_serves_what_the_catalog_says(ask: Ask) -> None:
    told = ask()
    assert told["models.own"] == (Answer.OK, "it lists small, with the key in OWN_KEY", "")
    assert told["models.keyless"].answer is Answer.WARNING
    assert told["models.classes"].answer is Answer.PROBLEM, "and that hides nothing"
    assert "OTHER_URL" in told["models.keyless"].remedy


def test_a_key_that_is_not_set(ask: Ask) -> None:
    told = ask(environ={})["models.own"]
    assert (told.answer, told.remedy) == (Answer.WARNING, "Set OWN_KEY.")


@pytest.mark.parametrize(
    ("behaviour", "answer", "says"),
    [
        (fails(401, f"Incorrect API key provided: {KEY}"), Answer.WARNING, "OWN_KEY"),
        (fails(404, "not found"), Answer.WARNING, "https://host/v1"),
        (fails(503, "overloaded"), Answer.PROBLEM, "log"),
        (replies(200, {"data": []}), Answer.UNKNOWN, "omni route run"),
        (replies(200, {"data": [{"id": KEY}]}), Answer.PROBLEM, "served_name"),
    ],
)
def test_an_endpoint_that_refuses(ask: Ask, behaviour: Behaviour, answer: Answer, says: str) -> None:
    told = ask(behaviour)["models.own"]
    assert (told.answer, says in told.remedy) == (answer, True), told


def test_a_model_that_is_not_served(ask: Ask) -> None:
    told = ask(served="medium")["models.own"]
    assert (told.answer, "it lists no medium" in told.seen, "small, large" in told.seen) == (Answer.PROBLEM, True, True)


def test_an_endpoint_that_is_not_there(ask: Ask, closed_port: int) -> None:
    told = ask(environ={"OTHER_URL": f"http://127.0.0.1:{closed_port}/v1"})["models.keyless"]
    assert (told.answer, "Start it" in told.remedy) == (Answer.PROBLEM, True)


def test_a_catalog_that_is_not_there_or_cannot_be_read(context_of: Callable[..., Context], tmp_path: Path) -> None:
    context = context_of("127.0.0.1:1")
    assert {check.told.answer for check in examine([models.area(context)]).checks} == {Answer.OK}
    (tmp_path / "models.yaml").write_text("endpoints: 3\n")
    catalog, classes = examine([models.area(context)]).checks
    assert (catalog.told.answer, classes.told.answer) == (Answer.PROBLEM, Answer.UNKNOWN)
    assert models.addresses(context) == {}
    assert models.variables_named(SettingsError("no", "")) == frozenset()
