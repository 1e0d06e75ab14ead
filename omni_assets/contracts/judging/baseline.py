"""Findings that were there when checking began: only new ones count. Pure; the file is read and written elsewhere.

A finding is known again by its rule, its contract, its topic and its words, never by its line, so that a contract may
be edited above it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omni_assets.contracts.model import Finding
from omni_assets.contracts.text import visible

VERSION = 1
_PLACES = re.compile(r":\d+:\d+\b")
_LINES = re.compile(r"\b(lines?) \d+")

Relative = Callable[[str], str]
"""From a path as it was read to one that is the same in whichever folder omni runs."""


class DamagedBaseline(ValueError):
    """A text that is no baseline; ``str()`` gives the reason as a clause."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """How many findings of each fingerprint are known, with the code of their rule."""

    counts: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def total(self) -> int:
        """How many findings are known."""
        return sum(self.counts.values())

    def split(self, findings: Sequence[Finding], relative: Relative) -> tuple[list[Finding], list[Finding]]:
        """``findings`` that are known, and those that are new, each in order."""
        left = Counter(self.counts)
        known: list[Finding] = []
        new: list[Finding] = []
        for each in findings:
            key = (each.rule.code, fingerprint(each, relative))
            (known if left[key] > 0 else new).append(each)
            left[key] -= 1
        return known, new

    def mended(self, findings: Iterable[Finding], codes: frozenset[str], relative: Relative) -> int:
        """How many known findings of rules among ``codes`` are there no longer."""
        present = Counter((each.rule.code, fingerprint(each, relative)) for each in findings)
        return sum(max(0, count - present[key]) for key, count in self.counts.items() if key[0] in codes)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    code: str
    path: str
    topic: str | None
    message: str
    fingerprint: str
    count: Annotated[int, Field(ge=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    findings: list[_Entry]


def fingerprint(finding: Finding, relative: Relative) -> str:
    """What a finding is known by: 16 hex digits that no line number and no working folder changes."""
    parts = (finding.rule.code, relative(finding.location.path), finding.topic or "", _words(finding, relative))
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def baseline_text(findings: Iterable[Finding], relative: Relative) -> str:
    """The text of a baseline that knows ``findings``, in a stable order."""
    entries: Counter[tuple[str, str, str, str, str]] = Counter()
    for each in findings:
        path, topic, words = map(visible, (relative(each.location.path), each.topic or "", _words(each, relative)))
        entries[path, each.rule.code, topic, words, fingerprint(each, relative)] += 1
    document = {
        "version": VERSION,
        "findings": [
            {
                "code": code,
                "path": path,
                "topic": topic or None,
                "message": words,
                "fingerprint": mark,
                "count": number,
            }
            for (path, code, topic, words, mark), number in sorted(entries.items())
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def read_baseline(text: str | bytes) -> Baseline:
    """The baseline that ``text`` holds. Raises ``DamagedBaseline``."""
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise DamagedBaseline(f"`{where}`: {message}" if where else message) from None
    counts: Counter[tuple[str, str]] = Counter()
    for each in file.findings:
        counts[each.code, each.fingerprint] += each.count
    return Baseline(MappingProxyType(dict(counts)))


def _words(finding: Finding, relative: Relative) -> str:
    """The message without what moves: lines, and paths that depend on the working folder."""
    paths = {finding.location.path, *(place.path for place, _ in finding.related)}
    longest_first = "|".join(map(re.escape, sorted(paths, key=len, reverse=True)))
    words = re.sub(f"(?<![\\w./-])(?:{longest_first})", lambda found: relative(found[0]), finding.message)
    return _LINES.sub(r"\1", _PLACES.sub("", words))
