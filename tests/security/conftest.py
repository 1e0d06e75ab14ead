"""What the tests of security share: a project that has lived, on the embedded broker and with two models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import made
from tests.support import lived
from tests.support.lived import Lived
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV


@pytest.fixture(scope="module")
def lived_project(tmp_path_factory: pytest.TempPathFactory, module_broker: Any) -> Iterator[Lived]:
    """A project in which a bit of everything has happened. What tests do to it stays."""
    project = made(tmp_path_factory.mktemp("lived"))
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint(otherwise=answers(LABELLED)) as large:
        lived.write(project, large.base_url)
        project.environ |= {
            "OMNI_BOOTSTRAP_SERVERS": module_broker.bootstrap_servers,
            SMALL_ENV: small.base_url,
            KEY_ENV: KEY,
        }
        yield lived.live(project, module_broker.connection, project.omni)
