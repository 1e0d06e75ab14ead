"""How the pages of docs/ are built: `make docs` puts them into build/docs, and any warning is an error."""

from __future__ import annotations

import re
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_LINK = re.compile(r"\]\((?P<path>(?:\.\./)+[^)#\s]+)(?:#[^)\s]*)?\)")

project = "Omni Assets"
version = release = installed_version("omni-assets")
copyright = "the Omni Assets authors, Apache-2.0"  # noqa: A001 - Sphinx reads it by this name

extensions = ["myst_parser"]
root_doc = "index"
nitpicky = True
myst_heading_anchors = 4
suppress_warnings = ["toc.empty_glob"]  # a page that is not written yet may have its place in the index

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def _hand_over(_app: Sphinx, page: str, source: list[str]) -> None:
    """What a page links to outside of docs/ goes along with it as a file, since it is no page."""
    folder = (_DOCS / page).parent

    def handed(link: re.Match[str]) -> str:
        within = (folder / link["path"]).resolve().is_relative_to(_DOCS)
        return link[0] if within else f"](path:{link['path']})"

    source[0] = _LINK.sub(handed, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", _hand_over)
