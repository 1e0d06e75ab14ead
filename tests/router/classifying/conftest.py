"""The task classes of this project, and requests that no classifier was made with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from omni_assets.router.files.class_files import class_paths
from omni_assets.router.files.reading import load
from omni_assets.router.task_class import TaskClass

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def classes() -> Mapping[str, TaskClass]:
    loaded = [load(path, TaskClass).value for path in class_paths(str(ROOT / "contracts" / "task_classes"))]
    return {each.name: each for each in loaded}


@pytest.fixture(scope="session")
def held_out() -> list[tuple[str, str]]:
    """Requests, each with the class that it belongs to."""
    folder = Path(__file__).parent / "requests"
    return [(text, path.stem) for path in sorted(folder.glob("*.txt")) for text in path.read_text().splitlines()]
