"""Projects of a given size, and the job on a real instance against a real broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.model import Manifest
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource

NOWHERE = "127.0.0.1:1"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test names its broker itself: no variable, and no broker at the conventional address, is ever used."""
    for name in ("OMNI_CONTRACTS", "OMNI_HOME", "OMNI_ENV", "OMNI_READONLY", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMNI_BOOTSTRAP_SERVERS", NOWHERE)
    monkeypatch.setenv("OMNI_BROKER_TIMEOUT", "5")


@pytest.fixture
def write_contract(tmp_path: Path) -> Callable[..., Path]:
    def write(node: str, publishes: Any = (), subscribes: Any = (), text: str | None = None) -> Path:
        path = tmp_path / "contracts" / node / "contract.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            lines = [f"name: {node}", "event_bus:"]
            for key, topics in (("publish_topics", publishes), ("subscribe_topics", subscribes)):
                lines += [f"  {key}:" if topics else f"  {key}: []", *(f"    - {topic}" for topic in topics)]
            text = "\n".join(lines) + "\n"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def manifest_of(tmp_path: Path) -> Callable[[], Manifest]:
    return lambda: ContractTopicExtractor().extract([str(tmp_path / "contracts")])


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., ProjectResource]:
    def at(bootstrap_servers: str | None = NOWHERE, **other: Any) -> ProjectResource:
        given = {"paths": [str(tmp_path / "contracts")], "home": str(tmp_path / "state"), "environment": "local"}
        return ProjectResource(bootstrap_servers=bootstrap_servers, folder=str(tmp_path), **{**given, **other})

    return at


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def reconcile(instance: dg.DagsterInstance) -> Callable[..., dg.ExecuteInProcessResult]:
    def run(project: ProjectResource, *assets: dg.AssetKey) -> dg.ExecuteInProcessResult:
        job = build(project).resolve_job_def("reconcile")
        return job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=list(assets) if assets else None
        )

    return run
