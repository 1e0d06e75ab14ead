"""A Sphinx extension: what the links of a page become, so that docs/ is Markdown that code hosts show as well.

The tables of an index (``index.md``, and the ``README.md`` of a folder) are the table of contents: the pages that they
link to, in their order, are in the sidebar below it. A page that no index names stands at the end of the guides. A link
to a file outside of docs/ hands over the file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_GUIDES = "how-to/README"
_LINK = re.compile(r"\]\((?P<path>[\w./-]+)(?:#[\w-]*)?\)")
_SUFFIX = ".md"


def linked(page: str, text: str) -> Iterator[str]:
    """The pages that the tables of an index name, in order; none where the page is no index. Names are from docs/."""
    if page == "index" or page.endswith("/README"):
        for link in _LINK.finditer("\n".join(line for line in text.splitlines() if line.startswith("|"))):
            to = posixpath.normpath(posixpath.join(posixpath.dirname(page), link["path"]))
            if to.endswith(_SUFFIX) and not to.startswith("../"):
                yield to.removesuffix(_SUFFIX)


def _named(folder: Path) -> set[str]:
    """Every page that some index names, and the beginning itself."""
    indexes = [folder / "index.md", *folder.glob("*/README.md")]
    names = ((path.relative_to(folder).with_suffix("").as_posix(), path.read_text("utf-8")) for path in indexes)
    return {"index", *(page for name, text in names for page in linked(name, text))}


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    contents = [*linked(page, source[0])]
    if page == _GUIDES:
        contents += sorted(app.env.found_docs - _named(app.srcdir))
    source[0] = _handed_over(app.srcdir, page, source[0])
    if contents:
        entries = "\n".join(f"/{each}" for each in dict.fromkeys(contents))
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def _handed_over(folder: Path, page: str, text: str) -> str:
    beside = (folder / page).parent

    def handed(link: re.Match[str]) -> str:
        within = (beside / link["path"]).resolve().is_relative_to(folder)
        return link[0] if within else f"](path:{link['path']})"

    return _LINK.sub(handed, text)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
