"""A folder of exported files, which is there as a whole or stays as it was.

The new files are made in a folder beside the place, and two renames put it there: who looks in between finds no folder,
never some files of one export and some of another. Only a folder that an export made is ever replaced.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omni_assets.errors import InputError, StateError, reason

LISTING = "export.json"
"""The file in such a folder that says what is in it, and that an export made it."""

_MADE_BY = "omni export tables"


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder for the new files, which takes the place of ``folder`` at the end; after an error, nothing does.

    Raises ``InputError`` where ``folder`` holds anything that is not from an export, and ``StateError`` where it, or
    what holds it, cannot be written.
    """
    target = Path(os.path.realpath(folder))
    try:
        _expect_ours(folder, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        yield new
        new.chmod(0o777 & ~_mask())
        _put(new, target)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def listed(content: dict[str, Any]) -> str:
    """The text of the listing: ``content``, and who made it."""
    return json.dumps({"made_by": _MADE_BY, **content}, indent=2) + "\n"


def _expect_ours(named: Path, target: Path) -> None:
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise InputError(f"{named} is no folder, so nothing is exported there.", "Name a folder with -o.")
    if not os.listdir(target):
        return
    try:
        listing = json.loads((target / LISTING).read_bytes())
    except (OSError, ValueError, RecursionError):
        listing = None
    if not isinstance(listing, dict) or listing.get("made_by") != _MADE_BY:
        raise InputError(
            f"{named} holds files that no export made, so it is left as it is.",
            "Name an empty or a new folder with -o.",
        )


def _put(new: Path, target: Path) -> None:
    before = target.with_name(f".{target.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    if target.exists():
        target.rename(before)
    new.rename(target)
    shutil.rmtree(before, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> StateError:
    return StateError(
        f"the folder {folder} cannot be written: {reason(error)}.",
        "Make what holds it writable, or name another with -o.",
    )


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
