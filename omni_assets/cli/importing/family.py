"""``omni import``: drafts of contracts from a running cluster, and by its commands from elsewhere."""

from __future__ import annotations

import typer

from omni_assets.cli.importing import asyncapi, redis_streams
from omni_assets.cli.importing.cluster import cluster
from omni_assets.cli.options import HELP_NAMES, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni import`` and its commands."""
    family = typer.Typer(
        help="Draft contracts from a running cluster.",
        epilog=examples(
            "omni import --dry-run",
            "omni import --env production",
            "omni import --out drafts --format json | jq .counts",
        ),
        context_settings=HELP_NAMES,
    )
    family.callback(invoke_without_command=True)(cluster)
    asyncapi.add_to(family)
    redis_streams.add_to(family)
    app.add_typer(family, name="import")
