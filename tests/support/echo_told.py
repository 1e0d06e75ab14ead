"""Dagster beside workers that are killed: told of their tasks now and then, with the proof that it has each once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from omni_assets.operations.dagster_home import prepare
from omni_assets.pipeline.agents.keys import TASKS
from omni_assets.pipeline.agents.telling import tell
from tests.support.echo_tasks import PARTITIONS, Echo


class Told:
    """What Dagster knows of a node's tasks."""

    def __init__(self, echo: Echo, instance: dg.DagsterInstance) -> None:
        self._echo = echo
        self._instance = instance

    def now(self) -> None:
        """Tell it what it does not know yet."""
        tell(self._echo.context, self._echo.manifest, self._instance, self._instance.report_runless_asset_event)

    def assert_each_once(self) -> None:
        """Each receipt is told by one event, or lies within one that sums up, in the order of the ledger."""
        self.now()
        for partition in range(PARTITIONS):
            noted = self._echo.noted_in(partition)
            told: list[int] = []
            for event in self._events(partition):
                last = event["ledger_position"]
                within = [at for at, _ in noted if event.get("first_ledger_position", last) <= at <= last]
                assert len(within) == event.get("tasks", 1)
                assert dict(noted)[last] == event["receipt"]
                told += within
            assert told == [at for at, _ in noted]

    def _events(self, partition: int) -> list[dict[str, Any]]:
        """What is said of a partition of the ledger, oldest first."""
        found = self._instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=TASKS), limit=10_000).records
        stated = [each.asset_materialization for each in reversed(found) if each.asset_materialization is not None]
        return [
            {name: entry.value for name, entry in each.metadata.items()}
            for each in stated
            if (each.partition or "").startswith(f"{partition}@")
        ]


@contextmanager
def told_of(echo: Echo) -> Iterator[Told]:
    """The instance that ``omni up`` makes for a project."""
    with dg.DagsterInstance.from_config(str(prepare(echo.context.home))) as instance:
        yield Told(echo, instance)
