"""docs/agents.md shows what is true: its contract, its function, its refusal and its dead ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from omni_assets.agents import echo as node
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.publishing import NotDeclared, Outlet
from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import HandlerKind
from omni_assets.contracts.payloads import payloads, schema_of
from omni_assets.operations.agents.submitting import read_submissions

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
CAUSE = Event("1", "/console", "asked", data=b'{"text": "hello"}')


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_its_contract_is_read_and_refuses_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "echo").mkdir()
    (tmp_path / "echo" / "contract.yaml").write_text(block("yaml"))
    (tmp_path / "echo" / "echo-completed.json").write_text('{"type": "object"}')
    manifest = ContractTopicExtractor().extract([str(tmp_path)])
    assert manifest.findings == ()
    (contract,) = manifest.contracts
    assert contract.handler is not None
    assert f"| `kind` | `{HandlerKind.LLM}`: " in PAGE
    known = payloads(manifest)
    assert all(schema_of(each) for each in known.values())
    outlet = Outlet(manifest, "echo", Payloads(known))
    with pytest.raises(NotDeclared) as refused:
        outlet.publish(Said({}, "onex.evt.echo.echo_completed.v1"), CAUSE, "id", None)
    assert f"\n{refused.value}\n" in PAGE


def test_its_tasks_are_some_that_are_taken(tmp_path: Path) -> None:
    lines = re.findall(r"^echo '(.*)' \| omni task submit -$", PAGE, re.MULTILINE)
    assert len(lines) == 2
    (tmp_path / "tasks.jsonl").write_text("\n".join(lines))
    manifest = ContractTopicExtractor().extract([str(ROOT / "contracts")])
    for task in read_submissions(str(tmp_path / "tasks.jsonl")):
        Payloads(payloads(manifest)).check(task.topic, Event("1", "a", "b", data=json.dumps(task.data).encode()))
        assert task.topic in manifest.topics


def test_its_function_is_the_one_of_the_node() -> None:
    assert Path(node.__file__).read_text(encoding="utf-8").endswith(block("python").removeprefix("\n"))
    assert node.echo(CAUSE) == Said(CAUSE.data)
