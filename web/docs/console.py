"""A Sphinx extension: consoles as this project writes them.

A line behind ``$ `` or ``> `` is typed, any other is printed. Pygments' own lexer takes a printed line that begins with
``#`` for one of root's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, using
from pygments.lexers.shell import BashLexer
from pygments.token import Generic
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


class Console(RegexLexer):
    """What is typed is coloured as shell, what is printed is not."""

    name = "Console"
    aliases: ClassVar[list[str]] = ["console"]
    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [(r"([$>] )(.*\n)", bygroups(Generic.Prompt, using(BashLexer))), (r".*\n", Generic.Output)]
    }


def _reached_by_keys(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """A block that is wider than the page can be scrolled without a mouse."""
    if "body" in context:
        context["body"] = context["body"].replace("<pre>", '<pre tabindex="0">')


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_lexer("console", Console)
    app.connect("html-page-context", _reached_by_keys)
    return {"parallel_read_safe": True}
