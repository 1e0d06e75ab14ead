"""docs/agents.md shows what is true: its contract, its function, its refusal and its dead ends."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents import echo as node
from omni_assets.agents.effects import Effects, Sink
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.publishing import NotDeclared, Outlet
from omni_assets.agents.task_context import Approval, Ask, TaskContext
from omni_assets.agents.task_receipt import Answer, TaskEffect
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.worker import Outgoing
from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import Contract, HandlerKind
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
    assert len(lines) == 3
    (tmp_path / "tasks.jsonl").write_text("\n".join(lines))
    manifest = ContractTopicExtractor().extract([str(ROOT / "contracts")])
    for task in read_submissions(str(tmp_path / "tasks.jsonl")):
        Payloads(payloads(manifest)).check(task.topic, Event("1", "a", "b", data=json.dumps(task.data).encode()))
        assert task.topic in manifest.topics


def blocks(language: str, heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


class Forge:
    """A forge as the page has one: it may have merged what it is asked to merge."""

    def __init__(self) -> None:
        self.merged: list[int] = []

    def merge(self, number: int) -> object:
        self.merged.append(number)
        return {"commit": number}

    def merge_of(self, number: int) -> object:
        return {"commit": number} if number in self.merged else None


def called(heading: str, name: str, context: TaskContext, data: bytes, **known: object) -> Said:
    """What the function that a section shows makes of an event."""
    (text,) = blocks("python", heading)
    names: dict[str, Any] = {"json": json, "Event": Event, "TaskContext": TaskContext, "Said": Said, **known}
    exec(text, names)  # noqa: S102 - the page's own words
    said: Said = names[name](Event("1", "/forge", "a", data=data), context)
    return said


def contract_of(heading: str, tmp_path: Path) -> Contract:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "contract.yaml").write_text(*blocks("yaml", heading))
    manifest = ContractTopicExtractor().extract([str(tmp_path)])
    assert manifest.findings == ()
    return manifest.contracts[0]


def test_its_effect_is_had_once(tmp_path: Path) -> None:
    handler = contract_of("Effects", tmp_path).handler
    assert handler is not None
    assert (handler.effects, handler.intents) == (("merge",), "onex.intent.merger.merge.v1")
    forge, written = Forge(), list[Outgoing]()
    effects = Effects(
        handler.effects, Sink(handler.intents, lambda *said: Outgoing(str(said), None, None, ()), written.append)
    )
    context = TaskContext("0" * 32, "merger", Place(Partition("onex.evt.reviewer.review-complete.v1", 0), 41))
    noted: dict[str, TaskEffect] = {}
    for _ in range(2):
        with effects.begin(CAUSE, context, noted) as steps:
            tried = replace(context, steps=steps)
            assert called("Effects", "merge", tried, b'{"number": 7}', forge=forge) == Said({"commit": 7})
    assert (forge.merged, len(written)) == ([7], 1)
    ((key, noted_effect),) = noted.items()
    assert f"`{key}`" in PAGE
    assert noted_effect.outcome == "found"


def test_its_question_waits_for_an_answer(tmp_path: Path) -> None:
    handler = contract_of("Asking a person", tmp_path).handler
    assert handler is not None
    assert handler.approvals is not None
    context = TaskContext("0" * 32, "reviewer", Place(Partition("a", 0), 0))
    with pytest.raises(Ask) as asked:
        called("Asking a person", "review", context, b'{"diff": "-a"}')
    assert asked.value.shown == "Is this change good?\n\n-a"
    given = Approval("0" * 32, asked.value.sha256, Answer.APPROVED, "Ada")
    said = called("Asking a person", "review", replace(context, approval=given), b'{"diff": "-a"}')
    assert said == Said({"good": True, "by": "Ada", "reason": ""})
    with pytest.raises(Ask):
        called("Asking a person", "review", replace(context, approval=given), b'{"diff": "-b"}')


def test_its_function_is_the_one_of_the_node() -> None:
    assert Path(node.__file__).read_text(encoding="utf-8").endswith(block("python").removeprefix("\n"))
    assert node.echo(CAUSE) == Said(CAUSE.data)
