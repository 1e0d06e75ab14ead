"""``omni worker`` with the real local model: what it says counts only behind its gates."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from omni_assets.agents.events import from_record
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.router.receipt import Outcome
from tests.cli.test_dead_letters import LEDGER, RECORDER
from tests.support.stranded import committed

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("xllamacpp") is None, reason="the extra `local` is not installed: pip install -e .[local]"
    ),
]

MODELS = """\
endpoints:
  local:
    location: local
    base_url_env: OMNI_LOCAL_BASE_URL
    concurrency: 1
models:
  smollm2:
    endpoint: local
    served_name: smollm2
    context_window: 8192
    price: {kind: own-hardware}
"""
CLASSES = {
    "summaries": "[{gate: not-empty}, {gate: no-refusal}]",
    "novels": "[{gate: not-empty}, {gate: length-bounds, parameters: {least: 100000}}]",  # in 60 tokens
}
CLASS = """\
name: %s
description: Says a text in a sentence.
quality_floor: 0
prompt: {version: 1, system: You summarise texts., user: "Summarise in one sentence: {text}"}
gates: %s
max_output_tokens: 60
max_escalations: 0
cloud: blocked
"""
WRITER = """\
name: writer-of-%(name)s
handler: {kind: llm, task_class: %(name)s}
event_bus:
  subscribe_topics: [onex.cmd.writer.%(name)s-requested.v1]
  publish_topics: [onex.evt.writer.%(name)s-written.v1]
  dlq_topics: [onex.dlq.writer-of-%(name)s.dead-letter.v1]
"""
TEXT = "The build failed because the disk was full. Ada deleted old images, and it passed."


def test_what_the_model_says_is_published_behind_its_gates_and_a_dead_letter_where_they_bar_it(project, address):
    (project.folder / "models.yaml").write_text(MODELS)
    project.contract("receipt-recorder", RECORDER)
    (project.folder / "contracts" / "task_classes").mkdir()
    for name, gates in CLASSES.items():
        (project.folder / "contracts" / "task_classes" / f"{name}.yaml").write_text(CLASS % (name, gates))
        project.contract(name, WRITER % {"name": name})
    assert project.omni("provision").code == 0
    tasks = (
        {"topic": f"onex.cmd.writer.{name}-requested.v1", "data": {"inputs": {"text": TEXT}}, "id": name}
        for name in CLASSES
    )
    assert project.omni("task", "submit", "-", stdin="".join(f"{json.dumps(each)}\n" for each in tasks)).code == 0
    assert project.omni("model", "serve", timeout=120).code == 0
    try:
        worked = project.omni("worker", "--drain", timeout=300)
    finally:
        assert project.omni("model", "stop").code == 0
    assert worked.code == 1, worked
    receipts = {
        each.event_id: each
        for each in (TaskReceipt.model_validate_json(found.value() or b"") for found in committed(address, LEDGER, 3))
    }
    assert {name: each.outcome for name, each in receipts.items()} == {"summaries": "done", "novels": "dead-lettered"}
    assert {each.cost_usd for each in receipts.values()} == {0}  # a model of one's own costs nothing

    (said,) = committed(address, "onex.evt.writer.summaries-written.v1", 1)
    answer = json.loads(from_record(said.key(), said.value(), said.headers()).data)
    routing = receipts["summaries"].routing
    assert routing is not None
    assert (answer["task_id"], len(answer["text"]) > 10) == ("summaries", True)
    assert [each.verdict for each in routing.attempts[0].checks] == ["passed", "passed"]
    assert routing.attempts[0].usage is not None
    assert routing.attempts[0].usage.reported

    barred = receipts["novels"].routing
    assert barred is not None
    assert [each.outcome for each in barred.attempts] == [Outcome.REJECTED]
    assert receipts["novels"].reason.startswith("smollm2: barred by the gate length-bounds")
    assert committed(address, "onex.evt.writer.novels-written.v1", 1) == []
    (letter,) = project.omni("task", "dlq", "list", "--format", "json").document["letters"]
    assert (letter["receipt"], letter["reason"]) == (receipts["novels"].id, receipts["novels"].reason)
