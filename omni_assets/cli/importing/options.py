"""What commands that draft contracts take alike."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from omni_assets.cli.options import stated

DraftFolder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="Where the drafts are written; else the first place where contracts are looked for (contracts/).",
        show_default=False,
        callback=stated,
    ),
]
"""Where drafts are written; ``None`` where the settings say it."""
