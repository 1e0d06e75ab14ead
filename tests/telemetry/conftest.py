from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Project, made
from tests.support.collector import Collector

ASKED, ANSWERED = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
SHOUTED, LETTERS = "onex.evt.shouter.shouted.v1", "onex.dlq.shouter.dead-letter.v1"
LEDGER = "onex.evt.receipt-recorder.receipt-recorded.v1"

ECHO = f"""\
name: echo
handler: {{kind: python, entry: "omni_assets.agents.echo:echo"}}
event_bus:
  subscribe_topics: [{ASKED}]
  publish_topics: [{ANSWERED}]
"""
SHOUTER = f"""\
name: shouter
handler: {{kind: python, entry: "shouting:shout"}}
event_bus:
  subscribe_topics: [{ANSWERED}]
  publish_topics: [{SHOUTED}]
  dlq_topics: [{LETTERS}]
"""
SHOUTING = '''\
import json

from omni_assets.agents.attempts import Hopeless

tried = set()


def shout(event, context):
    """The text in capitals, at the second try; what is already loud can never be done."""
    text = json.loads(event.data)["text"]
    if text.isupper():
        raise Hopeless("it is loud already")
    print(f"shouting {text}")
    if context.id not in tried:
        tried.add(context.id)
        raise RuntimeError("a hoarse voice")
    return {"text": text.upper()}
'''
RECORDER = f"""\
name: receipt-recorder
event_bus:
  publish_topics:
    - topic: {LEDGER}
      config: {{cleanup.policy: delete, retention.ms: unlimited}}
"""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory, module_broker) -> Project:
    """Two nodes, the second of which works on what the first one says, and a broker that has their topics."""
    project = made(tmp_path_factory.mktemp("agents"))
    for path in (project.folder / "contracts").iterdir():
        (path / "contract.yaml").unlink()
    for node, text in (("echo", ECHO), ("shouter", SHOUTER), ("receipt-recorder", RECORDER)):
        project.contract(node, text)
    Path(project.folder, "shouting.py").write_text(SHOUTING, encoding="utf-8")
    project.environ |= {"OMNI_BOOTSTRAP_SERVERS": module_broker.bootstrap_servers}
    assert project.omni("provision").code == 0
    return project


@pytest.fixture
def submit(agents: Project) -> Callable[..., None]:
    """Gives agents a task to echo a text, with an id."""

    def task(task_id: str, text: str, **environ: str) -> None:
        line = f'{{"topic": "{ASKED}", "key": "k", "id": "{task_id}", "data": {{"text": "{text}"}}}}'
        assert agents.omni("task", "submit", "-", stdin=line, **environ).code == 0

    return task
