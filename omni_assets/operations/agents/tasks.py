"""Tasks that are remembered: the list of them, what a partition of the ledger says of them, and what came of one
beginning.
"""

from __future__ import annotations

from pathlib import Path

from omni_assets.projection.rows import TaskRow
from omni_assets.projection.store import Projection


def tasks_behind(
    home: Path, cluster: str, ledger: str, partition: int, position: int = -1, limit: int = 1_000
) -> tuple[TaskRow, ...]:
    """The projected tasks whose receipts stand behind a position (an offset) of a ledger's partition, in its order.

    Where the ledger was made anew, the receipt at a position that was told before is another one, or none:
    ``tasks_behind(…, position - 1, 1)`` shows it. Raises ``StateError``.
    """
    return Projection(home).tasks_behind(cluster, ledger, partition, position, limit)
