"""Agents name topics by the registry, and the registry is what the contracts declare."""

from __future__ import annotations

import ast
from pathlib import Path

from omni_assets.contracts.registry import Layout, build
from omni_assets.operations.context import resolve
from omni_assets.operations.registry import Place, stale

PROJECT = Path(__file__).resolve().parents[3]
WORKFLOW = PROJECT / "omni_assets" / "agents" / "workflow"


def test_the_registry_is_what_the_contracts_declare() -> None:
    context = resolve(environ={}, folder=PROJECT)
    place = Place(str(WORKFLOW / "topics.py"), Layout.MODULE)
    assert stale(place, build(context.manifest(), context.grammar(), place.layout)) == ()


def test_no_agent_types_a_topic() -> None:
    for file in WORKFLOW.glob("*.py"):
        if file.name != "topics.py":
            texts = [each.value for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.Constant)]
            assert not any(isinstance(each, str) and each.startswith("onex.") for each in texts), file
