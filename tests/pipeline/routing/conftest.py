"""A project with two models on loopback, and receipts that are remembered in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omni_assets.operations.routing.recording import record
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.router.receipt import Receipt
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV, write_routed_project


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelEndpoint]:
    """The local model: free, and asked first."""
    with ModelEndpoint(otherwise=answers(LABELLED)) as endpoint:
        monkeypatch.setenv(SMALL_ENV, endpoint.base_url)
        yield endpoint


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelEndpoint]:
    """The model in the cloud, which costs."""
    with ModelEndpoint(otherwise=answers(LABELLED)) as endpoint:
        monkeypatch.setenv(KEY_ENV, KEY)
        yield endpoint


@pytest.fixture
def routed(
    tmp_path: Path,
    project: Callable[..., ProjectResource],
    small: ModelEndpoint,
    large: ModelEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> ProjectResource:
    """A project that routes tasks of the class ``sorting`` to them. It asks no broker for anything."""
    write_routed_project(tmp_path, large.base_url)
    monkeypatch.setenv("OMNI_READONLY", "1")
    return project(None)


@pytest.fixture
def remember(routed: ProjectResource) -> Callable[..., None]:
    def keep(*receipts: Receipt) -> None:
        record(routed.context(), receipts)

    return keep
