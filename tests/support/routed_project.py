"""A project that routes tasks of one class to two loopback endpoints, as its owner would write it down."""

from __future__ import annotations

import json
from pathlib import Path

KEY, KEY_ENV, SMALL_ENV = "sk-canary-0123456789abcdefABCDEF", "LARGE_KEY", "SMALL_URL"
LEDGER = "onex.evt.receipt-recorder.receipt-recorded.v1"
LABELLED = '{"label": "one"}'

_MODELS = f"""\
endpoints:
  small:
    location: local
    base_url_env: {SMALL_ENV}
  large:
    location: cloud
    base_url: <large>
    key_env: {KEY_ENV}

models:
  small:
    endpoint: small
    served_name: small-1b
    context_window: 4096
    price: {{kind: own-hardware}}
  large:
    endpoint: large
    served_name: large-1t
    context_window: 4096
    price: {{kind: stated, input: 1, output: 10}}
"""
_SORTING = """\
name: sorting
description: Says which of two labels fits.
quality_floor: 0
prompt:
  version: 1
  user: "one or two? {text}"
output_format: json
answer_key: label
gates:
  - gate: not-empty
  - gate: valid-json
max_output_tokens: 50
max_escalations: 1
cloud: allowed
baseline: large
audit_share: 0
explore_share: 0
"""
_RECORDER = f"""\
name: receipt-recorder
event_bus:
  publish_topics:
    - topic: {LEDGER}
      partitions: 3
      config: {{cleanup.policy: delete, retention.ms: unlimited}}
"""


def write_routed_project(folder: Path, large: str) -> None:
    """Write the catalog, the task class and the contract of the ledger. ``large`` is the address of the cloud model;
    that of the local one stands in a variable."""
    files = {
        "models.yaml": _MODELS.replace("<large>", large),
        "contracts/task_classes/sorting.yaml": _SORTING,
        "contracts/receipt-recorder/contract.yaml": _RECORDER,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def task_lines(*texts: str) -> str:
    """Tasks as JSON lines: one for each text."""
    tasks = (
        {"id": f"task-{number}", "task_class": "sorting", "inputs": {"text": text}}
        for number, text in enumerate(texts, 1)
    )
    return "".join(f"{json.dumps(task)}\n" for task in tasks)
