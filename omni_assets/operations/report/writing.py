"""The report in a file of its own, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from omni_assets.errors import StateError, reason
from omni_assets.operations.context import Context
from omni_assets.operations.files import write_whole
from omni_assets.operations.report.content import Content
from omni_assets.operations.report.figures import sentence
from omni_assets.operations.report.gathering import gather
from omni_assets.operations.report.page import Parts, page

REPORT_FILE = "report.html"
"""Where the report is written unless told otherwise; in the state folder."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written: where, how large in bytes, and what it says first."""

    path: Path
    size: int
    sentence: str
    content: Content


def write_report(context: Context, now: datetime, since: datetime | None = None, path: Path | None = None) -> Written:
    """Write the report to ``path``, or into the state folder. ``now`` is the time that it bears.

    Raises ``SettingsError``, ``StateError``, also where the file cannot be written.
    """
    content = gather(context, now, since)
    data = page(content, parts()).encode()
    target = path or context.home / REPORT_FILE
    try:
        if path is None:
            context.home.mkdir(parents=True, exist_ok=True)
        write_whole(str(target), data)
    except OSError as error:
        raise StateError(
            f"the report {target} cannot be written: {reason(error)}.",
            "Make its folder writable, or name another file.",
        ) from None
    return Written(target, len(data), sentence(content), content)


def parts() -> Parts:
    """The template, the style sheet and the script that come with the package."""
    folder = files("omni_assets.operations.report") / "assets"
    template, style, script = (
        (folder / name).read_text(encoding="utf-8") for name in ("page.html", "report.css", "report.js")
    )
    return Parts(template, style, script)
