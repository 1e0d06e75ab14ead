"""``omni up``"""

from __future__ import annotations

import typer

from omni_assets.cli.options import examples


def add_to(app: typer.Typer) -> None:
    app.command(epilog=examples("omni up", "omni up --once"))(up)


def up() -> int:
    """Run everything: broker, topics, Dagster UI."""
    raise NotImplementedError
