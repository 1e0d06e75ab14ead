"""A project with the real command line, as the tests of commands have it."""

from __future__ import annotations

from tests.cli.conftest import project

__all__ = ["project"]
