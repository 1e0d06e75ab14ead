"""Post-boot validation: is every declared topic there? What is missing is provisioned again, then looked at again."""

from __future__ import annotations

from dataclasses import dataclass

from omni_assets.operations.context import Context
from omni_assets.operations.observe import DriftReport, drift
from omni_assets.operations.provision import Provisioning, provision


@dataclass(frozen=True, slots=True)
class Validation:
    """What was provisioned on the way, and what the broker has at the end.

    ``provisioning`` is ``None`` where ``OMNI_READONLY=1`` forbids it.
    """

    provisioning: Provisioning | None
    report: DriftReport

    @property
    def complete(self) -> bool:
        """Whether every declared topic was seen on the broker at the end."""
        return not self.report.absent


def validate(context: Context, *, trigger: str = "validate") -> Validation:
    """Compare the broker with the contracts, provision what is missing, and compare again.

    Raises ``InputError``, ``BrokerError`` and ``StateError``: with the broker down there is no validation.
    """
    manifest = context.manifest()
    provisioning = None if context.connection.read_only else provision(context, manifest, trigger=trigger)
    return Validation(provisioning, drift(context, manifest))
