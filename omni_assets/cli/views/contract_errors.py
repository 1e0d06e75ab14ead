"""Commands over a broker work on what is readable, and say what is not."""

from __future__ import annotations

from collections.abc import Iterable

from omni_assets.cli.streams import say
from omni_assets.contracts.judging.report import failing, severity_counts
from omni_assets.contracts.model import Finding, Manifest
from omni_assets.contracts.text import count
from omni_assets.operations.context import Context
from omni_assets.operations.judging import contract_findings


def say_errors(context: Context, manifest: Manifest) -> bool:
    """Say on standard error how many errors the contracts hold, as the settings judge them; whether there are any."""
    return say_how_many(contract_findings(context, manifest))


def say_how_many(findings: Iterable[Finding], strict: bool = False) -> bool:
    """Say on standard error how many of ``findings`` are errors, or warnings where it is ``strict``; whether there are
    any."""
    found = failing(findings, strict)
    if found:
        said = ", ".join(count(number, each) for each, number in severity_counts(found).items() if number)
        say(f"omni: {said} in contracts: `omni check` lists {'it' if len(found) == 1 else 'them'}.")
    return bool(found)
