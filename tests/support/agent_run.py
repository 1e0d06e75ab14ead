"""A run of ``agent_tasks`` in a process of its own: ``python -m tests.support.agent_run HOME FOLDER BOOTSTRAP NUMBER``.

``HOME`` is Dagster's. The run kills itself before it tells of task ``NUMBER`` (from 0), unless that is negative.
``slowly`` is a handler that says `works` on standard output, and comes to no end.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import dagster as dg

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.pipeline.agents import telling
from omni_assets.pipeline.agents.telling import LedgerPartition
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.projection.rows import TaskRow


def slowly(event: Event) -> Said:
    print("works", flush=True)
    time.sleep(600)
    return Said(event.data)


def main(home: str, folder: str, bootstrap_servers: str, number: int) -> int:
    single, left = telling._single, [number]

    def told(each: TaskRow, partition: LedgerPartition) -> dg.AssetMaterialization:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return single(each, partition)

    telling._single = told
    project = ProjectResource(
        paths=[f"{folder}/contracts"],
        folder=folder,
        home=f"{folder}/state",
        environment="local",
        bootstrap_servers=bootstrap_servers,
    )
    config: dict[str, Any] = {"ops": {"work_on_tasks": {"config": {}}}}
    with dg.DagsterInstance.from_config(home) as instance:
        job = build(project).resolve_job_def("agent_tasks")
        result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=config)
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
