"""``python -m web.docs.reference``: write docs/reference and docs/schemas anew, where they differ."""

from __future__ import annotations

from pathlib import Path

from omni_assets.operations.pages import write_pages
from web.docs.reference.pages import folders

DOCS = Path(__file__).resolve().parents[3] / "docs"

for folder, files in folders().items():
    print(f"docs/{folder}: {write_pages(str(DOCS / folder), files)} of {len(files)} differed")  # noqa: T201
