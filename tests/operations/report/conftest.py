"""A project with a past, made once for the tests that only read it."""

from __future__ import annotations

import pytest

from omni_assets.operations.context import Context
from omni_assets.operations.report.content import Content
from omni_assets.operations.report.gathering import gather
from tests.support.reported import HOSTILE, NOW, reported


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return reported(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="session")
def hostile_project(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return reported(tmp_path_factory.mktemp("hostile"), HOSTILE)


@pytest.fixture(scope="session")
def project_content(project: Context) -> Content:
    return gather(project, NOW)
