from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import NoPostgres, Postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A Postgres of this module alone; skips, with the reason, where there is none."""
    try:
        server = Postgres()
    except NoPostgres as reason:
        pytest.skip(f"no Postgres here: {reason}")
    yield server
    server.end()
