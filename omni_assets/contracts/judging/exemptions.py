"""Findings that are accepted for a time, with a reason. Pure: today is an argument."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, Location
from omni_assets.contracts.rules import EXPIRED_EXEMPTION, UNUSED_EXEMPTION

_TABLE = re.compile(r"\s*\[\[\s*(?:tool\s*\.\s*omni\s*\.\s*)?check\s*\.\s*exemptions\s*\]\]")
_INLINE = re.compile(r"\s*(?:check\s*\.\s*)?exemptions\s*=")


@dataclass(frozen=True, slots=True)
class Exemption:
    """Findings of some rules, in contracts whose path and node match a pattern. It holds on the day ``expires`` still.

    ``code`` is what the settings say, ``codes`` are the rules that this names; ``location`` is in the settings file.
    """

    code: str
    codes: frozenset[str]
    path: str
    node: str
    reason: str
    expires: date
    location: Location

    def covers(self, code: str, path: str, node: str, today: date) -> bool:
        """Whether a finding of that rule, in the contract at that path of that node, is accepted today."""
        return (
            today <= self.expires
            and code in self.codes
            and fnmatchcase(path, self.path)
            and fnmatchcase(node, self.node)
        )


def exemption_findings(
    exemptions: Iterable[Exemption], used: frozenset[Exemption], codes: frozenset[str], today: date
) -> list[Finding]:
    """Exemptions that have expired, and those that cover nothing although their rules are among ``codes``."""
    found = []
    for each in exemptions:
        what = f"the exemption of `{each.code}`" + _where(each)
        if today > each.expires:
            found.append(
                finding(
                    EXPIRED_EXEMPTION,
                    f"{what} expired on {each.expires}, so it covers nothing; "
                    f"its reason was: {each.reason.rstrip('.')}.",
                    each.location,
                    fix="mend what it covered, or decide again and give it another date",
                )
            )
        elif each not in used and each.codes <= codes:
            found.append(finding(UNUSED_EXEMPTION, f"{what} covers no finding.", each.location, fix="remove it"))
    return found


def exemption_lines(text: str, number: int) -> Sequence[int]:
    """The lines, from 1, of the first ``number`` exemptions in a settings file; the last one known for those that are
    written in a way that is not understood, since a place nearby is better than none."""
    lines = text.splitlines()
    found = [line for line, shown in enumerate(lines, 1) if _TABLE.match(shown)]
    if not found:
        start = next((line for line, shown in enumerate(lines, 1) if _INLINE.match(shown)), 1)
        found = [line for line, shown in enumerate(lines[start - 1 :], start) for _ in range(shown.count("{"))]
        found = found or [start]
    return [found[min(index, len(found) - 1)] for index in range(number)]


def _where(exemption: Exemption) -> str:
    path = f" in `{exemption.path}`" if exemption.path != "*" else ""
    return path + (f" for the node `{exemption.node}`" if exemption.node != "*" else "")
