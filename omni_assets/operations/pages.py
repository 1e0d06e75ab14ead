"""Pages of documentation on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping

from omni_assets.errors import InputError, reason
from omni_assets.operations.files import write_whole


def write_pages(folder: str, pages: Mapping[str, str]) -> int:
    """Write pages, by the names of their files, into ``folder``, and give how many differed. Raises ``InputError``."""
    try:
        os.makedirs(folder, exist_ok=True)
        differing = {os.path.join(folder, name): text for name, text in pages.items()}
        differing = {path: text for path, text in differing.items() if _present(path) != text}
        for path, text in differing.items():
            write_whole(path, text.encode())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write the pages to {folder}: {reason(error)}.", "Name another folder.") from None
    return len(differing)


def _present(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
