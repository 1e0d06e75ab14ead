"""Omni Assets: topic contracts, observed broker state and drift as Dagster assets.

``omni_assets.boot()`` provisions and validates the declared topics in the background of a service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omni_assets.operations.boot import boot as boot

__all__ = ["boot"]


def __getattr__(name: str) -> object:
    # Lazily, so that `import omni_assets.contracts` brings in no broker client.
    if name == "boot":
        from omni_assets.operations.boot import boot

        return boot
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
