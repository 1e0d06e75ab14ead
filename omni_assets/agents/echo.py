"""The node `echo`: it says what it was told, so that an installation can be checked and timed end to end."""

from __future__ import annotations

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said


def echo(event: Event) -> Said:
    """The data of ``event``, byte for byte."""
    return Said(event.data)
