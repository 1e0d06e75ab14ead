"""The project of a soak, in a folder of its own: two nodes in Python, one after the other, and a ledger."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from omni_assets.operations import dagster_home
from omni_assets.operations.context import Context, resolve

ASKED, ANSWERED = "onex.cmd.echo.asked.v1", "onex.evt.echo.answered.v1"
COUNTED = "onex.evt.counter.counted.v1"
LEDGER = "onex.evt.recorder.noted.v1"
STRAY = "onex.evt.echo.answered_v1"
"""What somebody else makes: a name that is nearly that of a topic."""

PARTITIONS = 3
_ROOT = Path(__file__).resolve().parents[2]
_CONTRACTS = {
    "echo": f"""\
name: echo
handler: {{kind: python, entry: "tests.soak.handlers:answer"}}
event_bus:
  subscribe_topics: [{{topic: {ASKED}, partitions: {PARTITIONS}}}]
  publish_topics: [{{topic: {ANSWERED}, partitions: {PARTITIONS}, retention: 7d}}]
  dlq_topics: [{{topic: onex.dlq.echo.dead-letter.v1, partitions: 1}}]
""",
    "counter": f"""\
name: counter
handler: {{kind: python, entry: "tests.soak.handlers:count"}}
event_bus:
  subscribe_topics: [{{topic: {ANSWERED}}}]
  publish_topics: [{{topic: {COUNTED}, partitions: {PARTITIONS}, retention: 7d}}]
  dlq_topics: [{{topic: onex.dlq.counter.dead-letter.v1, partitions: 1}}]
""",
    "recorder": f"""\
name: recorder
event_bus:
  publish_topics:
    - {{topic: {LEDGER}, partitions: {PARTITIONS}, config: {{cleanup.policy: delete, retention.ms: unlimited}}}}
""",
}


@dataclass(frozen=True, slots=True)
class Project:
    """Where it is, and the variables of its processes. Its broker is its own, and found by the state folder."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "state"

    @property
    def temporary(self) -> Path:
        """Where its processes put temporary files."""
        return self.folder / "tmp"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(_ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "OMNI_HOME": str(self.home),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "OMNI_CONTRACTS": "contracts",
            "OMNI_BROKER_TIMEOUT": "5",
        }

    def command(self, *command: str, **more: str) -> list[str]:
        """A command in its folder under its variables, and ``more``, and no others."""
        stated = [f"{name}={value}" for name, value in {**self.environ, **more}.items()]
        return ["env", "-i", "-C", str(self.folder), *stated, *command]

    def context(self, home: Path | None = None, bootstrap_servers: str | None = None) -> Context:
        """As its processes resolve it, or with another state folder on a broker that is named."""
        environ = {"OMNI_HOME": str(home or self.home)}
        contracts = [str(self.folder / "contracts")]
        return resolve(contracts, bootstrap_servers=bootstrap_servers, environ=environ, folder=self.folder)

    def write(self) -> None:
        for folder in (self.home, self.temporary, self.logs):
            folder.mkdir(parents=True)
        for node, text in _CONTRACTS.items():
            place = self.folder / "contracts" / node
            place.mkdir(parents=True)
            (place / "contract.yaml").write_text(text, encoding="utf-8")
        (self.folder / "omni.toml").write_text('[router]\nledger_node = "recorder"\n', encoding="utf-8")
        dagster_home.prepare(self.home)
