"""A project in a folder of its own: contracts to write, and the context of a broker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from omni_assets.operations.context import Context, resolve

Resolve = Callable[..., Context]


@pytest.fixture
def write_contract(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, node: str = "router") -> Path:
        path = tmp_path / "contracts" / node / "contract.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"name: {node}\n{text}", encoding="utf-8")
        return path

    return write


@pytest.fixture
def context_of(tmp_path: Path) -> Resolve:
    def build(bootstrap_servers: str | None = None, environ: Mapping[str, str] | None = None) -> Context:
        given = {"OMNI_HOME": str(tmp_path / "state"), "OMNI_CONTRACTS": str(tmp_path / "contracts")}
        return resolve(bootstrap_servers=bootstrap_servers, environ={**given, **(environ or {})}, folder=tmp_path)

    return build
