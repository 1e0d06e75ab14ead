"""Strings of source code, whatever its language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Looks: TypeAlias = Callable[[str], bool]
"""Whether a text looks like a topic."""

UNKNOWN = "{?}"
"""What stands in a text for a part that cannot be known, where it has no name."""

_PLACEHOLDERS = re.compile(
    r"[$#]\{(?P<braced>[^{}]*)\}"  # shell, JavaScript, Kotlin, Scala, Terraform; Ruby
    r"|\{\{\s*(?P<doubled>[^{}\s]*)\s*\}\}"  # Jinja, Helm
    r"|\$(?P<bare>[A-Za-z_]\w*)"  # shell, Kotlin, PHP
    r"|\{(?P<plain>[^{}]*)\}"  # Python, Rust, C#
    r"|<(?P<angled>\w[\w -]*)>"
    r"|%[-+ 0#]*\d*(?:\.\d+)?[sdivq]"  # C, Go, Python
    r"|\*+"  # patterns
)


class Literal(NamedTuple):
    """A string at a place. ``text`` holds ``{name}`` for each part that is not known.

    ``named`` says that it is all that is assigned to a name, so that it may well be a part of other strings.
    """

    text: str
    line: int
    column: int
    named: bool = False


def with_placeholders(text: str) -> str:
    """``text`` with every placeholder, of whichever language, written ``{name}``."""
    return text if text.isalnum() else _PLACEHOLDERS.sub(_placeholder, text)


def _placeholder(match: re.Match[str]) -> str:
    name = next((each for each in match.groups() if each), "")
    return f"{{{name}}}" if name.isidentifier() else UNKNOWN
