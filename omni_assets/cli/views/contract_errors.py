"""Commands over a broker work on what is readable, and say what is not."""

from __future__ import annotations

from collections.abc import Iterable

from omni_assets.cli.streams import say
from omni_assets.contracts.model import Finding, Manifest, Severity
from omni_assets.contracts.text import count
from omni_assets.operations.context import Context
from omni_assets.operations.judging import contract_findings


def say_errors(context: Context, manifest: Manifest) -> bool:
    """Say on standard error how many errors the contracts hold, as the settings judge them; whether there are any."""
    return say_how_many(contract_findings(context, manifest))


def say_how_many(findings: Iterable[Finding]) -> bool:
    """Say on standard error how many of ``findings`` are errors; whether there are any."""
    errors = sum(each.severity is Severity.ERROR for each in findings)
    if errors:
        say(f"omni: {count(errors, 'error')} in contracts: `omni check` lists {'it' if errors == 1 else 'them'}.")
    return errors > 0
