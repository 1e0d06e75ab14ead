"""Dagster's own tools list the components, scaffold them into a project of theirs, and run what they add."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.pipeline.agents.keys import TASKS
from omni_assets.pipeline.topics.keys import TOPIC_DRIFT

pytestmark = [pytest.mark.slow, pytest.mark.dagster, pytest.mark.broker, pytest.mark.timeout(1_200)]

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
PREFIX = "omni_assets.pipeline.components"
LEDGER = """\
name: receipt-recorder
event_bus:
  publish_topics:
    - topic: onex.evt.receipt-recorder.receipt-recorded.v1
      partitions: 1
      keyed: true
      config: {cleanup.policy: delete, retention.ms: unlimited}
      external_subscriber: true
"""
ATTRIBUTES = """\
attributes:
  folder: bus
  environment: local
  bootstrap_servers: "{{ env.OMNI_BOOTSTRAP_SERVERS }}"
"""
INSTANCE = "telemetry: {enabled: false}\nrun_queue: {}\n"


@dataclass(frozen=True)
class Scaffolded:
    """A Dagster project as `create-dagster` makes it, with an instance of its own."""

    folder: Path
    instance: Path
    environ: dict[str, str]

    def run(self, *words: str, stdin: str = "", expected: int = 0) -> str:
        program = Path(sys.executable).with_name(words[0])
        command = [str(program), *words[1:]]
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environ, input=stdin, capture_output=True, text=True, timeout=600
        )
        assert ended.returncode == expected, f"{' '.join(words)}\n{ended.stdout}{ended.stderr}"
        return ended.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, module_broker: Any) -> Scaffolded:
    """A project with both components, on a broker."""
    folder, instance = tmp_path_factory.mktemp("dagster"), tmp_path_factory.mktemp("instance")
    (instance / "dagster.yaml").write_text(INSTANCE)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OMNI_", "DAGSTER_"))}
    environ = {
        **inherited,
        "HOME": str(folder),
        "DAGSTER_HOME": str(instance),
        "DAGSTER_DG_UPDATE_CHECK_ENABLED": "0",
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "OMNI_BOOTSTRAP_SERVERS": module_broker.bootstrap_servers,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "shop" / "src"),
    }
    Scaffolded(folder, instance, environ).run("create-dagster", "project", "shop", "--no-uv-sync")
    made = Scaffolded(folder / "shop", instance, environ)
    shutil.copytree(CONTRACTS / "echo", made.folder / "bus" / "contracts" / "echo")
    ledger = made.folder / "bus" / "contracts" / "receipt-recorder" / "contract.yaml"
    ledger.parent.mkdir()
    ledger.write_text(LEDGER)
    for component, name in ((f"{PREFIX}.OmniTopicsComponent", "topics"), ("OmniAgentsComponent", "agents")):
        made.run("dg", "scaffold", "defs", component, name)
        file = made.folder / "src" / "shop" / "defs" / name / "defs.yaml"
        file.write_text(file.read_text().replace("attributes: {}\n", ATTRIBUTES))
    return made


def test_they_are_listed_with_what_they_are_for(shop: Scaffolded) -> None:
    items = json.loads(shop.run("dg", "list", "components", "--json"))["items"]
    listed = {each["key"]: each["summary"] for each in items}
    assert listed[f"{PREFIX}.OmniTopicsComponent"] == (
        "Topics as contracts declare them, as the broker has them, and what differs."
    )
    assert listed[f"{PREFIX}.OmniAgentsComponent"].startswith("What became of the tasks of agents on the bus")


def test_a_few_lines_of_yaml_add_topics_and_receipts_that_real_runs_write(shop: Scaffolded) -> None:
    shop.run("dg", "check", "defs")
    shop.run("dg", "launch", "--job", "reconcile")
    there = replace(shop, folder=shop.folder / "bus")
    there.run("omni", "drift")
    task = {"topic": "onex.cmd.echo.echo-requested.v1", "key": "a", "data": {"text": "Is anybody there?"}}
    there.run("omni", "task", "submit", "-", stdin=json.dumps(task) + "\n")
    shop.run("dg", "launch", "--job", "agent_tasks")
    with dg.DagsterInstance.from_config(str(shop.instance)) as instance:
        drift = instance.get_latest_materialization_event(TOPIC_DRIFT)
        (told,) = instance.fetch_materializations(TASKS, limit=10).records
    assert drift is not None
    assert drift.asset_materialization is not None
    assert drift.asset_materialization.metadata["declared_topics"].value == 4
    assert drift.asset_materialization.metadata["dagster/row_count"].value == 0
    assert told.asset_materialization is not None
    metadata = told.asset_materialization.metadata
    assert (metadata["node"].value, metadata["outcome"].value) == ("echo", "done")
