"""Outputs held against gates as the router does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from omni_assets.router.gates.gate import Check
from omni_assets.router.gates.judging import judge
from omni_assets.router.gates.table import bind
from omni_assets.router.task_class import GateUse
from tests.support.outputs import evidence

Judge = Callable[..., Check]


@pytest.fixture(scope="session")
def held() -> Judge:
    """Holds an output against one gate, as the router does: ``held("not-empty", "text", parameters={}, task=…)``."""

    def held(gate: str, text: str, parameters: Mapping[str, Any] | None = None, **given: Any) -> Check:
        use = bind(GateUse(gate=gate, parameters=parameters or {}))
        return asyncio.run(judge([use], evidence(text, **given)))[0]

    return held
