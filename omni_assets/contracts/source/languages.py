"""Which strings of a file are literals: by its name, a table."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum


class Reading(StrEnum):
    """How a file is read."""

    PYTHON = "python"
    QUOTED = "quoted"
    """Strings stand between quotes."""
    SCALARS = "scalars"
    """Between quotes, or alone as the value, key or item that they are."""
    WORDS = "words"
    """Between quotes, or as words of a command."""
    PROSE = "prose"
    """Text for people, which mentions topics and uses none."""


@dataclass(frozen=True, slots=True)
class Language:
    """How files of one kind are read, and what begins a comment in them."""

    reading: Reading
    comments: tuple[str, ...] = ()


PYTHON = Language(Reading.PYTHON, ("#",))
_BRACES = Language(Reading.QUOTED, ("//",))
_HASHES = Language(Reading.QUOTED, ("#",))
_DASHES = Language(Reading.QUOTED, ("--",))
_SCALARS = Language(Reading.SCALARS, ("#",))
_WORDS = Language(Reading.WORDS, ("#",))
_PROSE = Language(Reading.PROSE)

_BY_SUFFIX = {
    suffix: language
    for language, suffixes in (
        (PYTHON, ".py .pyi"),
        (_HASHES, ".toml .rb .pl .pm .r .ex .exs .nix .jl .cr .ps1 .graphql .gql"),
        (_DASHES, ".sql .lua .hs .elm"),
        (_SCALARS, ".yaml .yml .properties .ini .cfg .conf .env .editorconfig"),
        (_WORDS, ".sh .bash .zsh .fish .ksh .mk .bat .cmd"),
        (_PROSE, ".md .markdown .mdx .rst .txt .adoc .org .tex .log .csv .tsv .svg .html .htm .po .diff .patch"),
    )
    for suffix in suffixes.split()
}
_WITHOUT_SUFFIX = {"LICENSE": _PROSE, "NOTICE": _PROSE, "README": _PROSE, "CHANGELOG": _PROSE, ".env": _SCALARS}


def language_of(path: str, start: bytes) -> Language:
    """The language of a file by its name, or by the interpreter that the ``start`` of its text names."""
    name = os.path.basename(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix:
        return _BY_SUFFIX.get(suffix, _BRACES)
    interpreter = start.partition(b"\n")[0] if start.startswith(b"#!") else b""
    return PYTHON if b"python" in interpreter else _WITHOUT_SUFFIX.get(name, _WORDS)
