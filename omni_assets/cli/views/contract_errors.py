"""Commands over a broker work on what is readable, and say what is not."""

from __future__ import annotations

from omni_assets.cli.streams import say
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count


def say_errors(manifest: Manifest) -> bool:
    """Say on standard error how many errors the contracts hold; whether there are any."""
    errors = len(manifest.errors)
    if errors:
        say(f"omni: {count(errors, 'error')} in contracts: `omni check` lists {'it' if errors == 1 else 'them'}.")
    return errors > 0
