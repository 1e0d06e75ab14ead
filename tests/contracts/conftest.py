"""Fixtures for contracts: write one, and read it back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from omni_assets.contracts import Contract, ContractTopicExtractor, Manifest, SpecPolicy


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Contract]:
    """Reads one contract with that text, from a folder named ``router``."""

    def read_text(text: str | bytes, extractor: ContractTopicExtractor | None = None) -> Contract:
        folder = tmp_path / "router"
        folder.mkdir(exist_ok=True)
        path = folder / "contract.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return (extractor or ContractTopicExtractor()).read(str(path))

    return read_text


@pytest.fixture
def assemble(tmp_path: Path) -> Callable[..., Manifest]:
    """The manifest of contracts with those texts, in folders ``node-0``, ``node-1`` and so on."""

    def assemble_texts(*texts: str, policy: SpecPolicy | None = None) -> Manifest:
        for number, text in enumerate(texts):
            folder = tmp_path / f"node-{number}"
            folder.mkdir(exist_ok=True)
            (folder / "contract.yaml").write_text(text)
        return ContractTopicExtractor(policy=policy).extract([str(tmp_path)])

    return assemble_texts


@pytest.fixture
def powerless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """As a user for whom permissions hold, in the test's own folder: root gives up its rights meanwhile."""
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def given_up() -> Iterator[None]:
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)

    return given_up
