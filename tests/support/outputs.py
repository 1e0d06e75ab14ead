"""Outputs as the router would hand them to a gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omni_assets.router.gates.gate import Check, Evidence, Output
from omni_assets.router.learning.scoring import Scorer
from omni_assets.router.normalise import normalise
from omni_assets.router.task import Task
from omni_assets.router.task_class import PromptTemplate, TaskClass
from omni_assets.router.values import FinishReason, OutputFormat


def evidence(
    text: str,
    *,
    task: Task | None = None,
    output_format: OutputFormat = OutputFormat.TEXT,
    answer_key: str | None = None,
    finish_reason: FinishReason = FinishReason.STOP,
    prompt: str = "",
    earlier: tuple[str, ...] = (),
    checks: tuple[Check, ...] = (),
    schema: Mapping[str, Any] | None = None,
    scorer: Scorer | None = None,
) -> Evidence:
    """What a gate looks at when a model has answered ``text``."""

    def output(said: str, model: str, reason: FinishReason) -> Output:
        bare = normalise(said, output_format, answer_key)
        return Output(model, bare.text, reason, bare.value, bare.answer)

    task_class = TaskClass(
        name="example",
        description="",
        quality_floor=0.9,
        prompt=PromptTemplate(version=1, user="{text}"),
        output_format=output_format,
        output_schema=schema,
        answer_key=answer_key,
    )
    return Evidence(
        task or Task(id="example"),
        task_class,
        prompt,
        output(text, "example", finish_reason),
        tuple(output(said, f"earlier-{place}", FinishReason.STOP) for place, said in enumerate(earlier)),
        checks,
        scorer,
    )
