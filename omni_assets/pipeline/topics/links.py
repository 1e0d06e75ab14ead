"""Links to lines of contracts, where the settings say how a line is shown. Pure.

Paths are untrusted: each is percent-encoded as a whole, and stands in Markdown as text that cannot be anything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg

from omni_assets.contracts.model import Location
from omni_assets.contracts.text import visible
from omni_assets.pipeline.markdown import words
from omni_assets.pipeline.topics.metadata import MOST_ROWS, Metadata
from omni_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Links:
    """Where lines of a project's files are shown: an https address with `{path}` and perhaps `{line}`, or nowhere."""

    template: str | None = None
    root: Path = Path()

    def url(self, location: Location) -> str | None:
        """The address of a line; ``None`` where there is none, as of a file outside of the project."""
        if self.template is None:
            return None
        path = os.path.relpath(os.path.abspath(location.path), self.root)
        if path == os.pardir or path.startswith(os.pardir + os.sep):
            return None
        encoded = quote(os.fsencode(Path(path).as_posix()), safe="/")
        return self.template.replace("{line}", str(location.line)).replace("{path}", encoded)

    def contract(self, location: Location) -> dg.MetadataValue[Any]:
        """A contract on a page: a link to its line, or else its path."""
        url = self.url(location)
        return dg.MetadataValue.path(visible(location.path)) if url is None else dg.MetadataValue.url(url)

    def listed(self, locations: Iterable[Location | None]) -> Metadata:
        """The first distinct lines as a list of links; empty where there are none."""
        distinct = dict.fromkeys(each for each in locations if each is not None)
        lines = [
            f"- [{words(f'{each.path}:{each.line}')}](<{url}>)"
            for each in distinct
            if (url := self.url(each)) is not None
        ]
        return {"contracts": dg.MetadataValue.md("\n".join(islice(lines, MOST_ROWS)))} if lines else {}


NO_LINKS = Links()


def links_of(settings: Settings) -> Links:
    """The links of a project."""
    return Links(settings.repository_url, settings.root.absolute())
