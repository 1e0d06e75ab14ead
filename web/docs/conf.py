"""How the pages of docs/ are built: `make docs` puts them into build/docs, and any warning is an error."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "Omni Assets"
version = release = installed_version("omni-assets")
copyright = "the Omni Assets authors, Apache-2.0"  # noqa: A001 - Sphinx reads it by this name

extensions = ["myst_parser", "web.docs.links", "web.docs.console"]
root_doc = "index"
nitpicky = True
highlight_language = "text"  # a block that names no language is none
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sphinx = False
html_copy_source = False
