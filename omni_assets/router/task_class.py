"""A class of tasks: the contract that says how good an answer must be, how that is checked, and what it may cost."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from omni_assets.router.values import Name, OutputFormat, Share, Strict, Usd

MOST_ESCALATIONS = 5
"""Models that may be tried after the first: chains have one more link, and all of those are weighed."""


class CloudPolicy(StrEnum):
    """Whether tasks of a class may leave the building. ``opt-in``: where the task itself says so."""

    ALLOWED = "allowed"
    OPT_IN = "opt-in"
    BLOCKED = "blocked"


class Severity(StrEnum):
    """What a failed gate means: ``error`` bars the output; ``warning`` is evidence, and bars nothing by itself."""

    ERROR = "error"
    WARNING = "warning"


class GateUse(Strict):
    """A gate in a class: its id, and parameters that its own model checks when the class is loaded."""

    gate: Name
    severity: Severity = Severity.ERROR
    parameters: Mapping[str, Any] = Field(default_factory=dict)


class PromptTemplate(Strict):
    """What is sent to a model. ``{name}`` stands for an input of the task, ``{{`` for a brace. ``version`` is counted
    up whenever the text changes: what was learnt of one version says nothing of another.

    ``request`` takes the place of ``user`` for a task that says everything in one text: its only input, ``request``.
    """

    version: Annotated[int, Field(ge=1)]
    system: str = ""
    user: Annotated[str, Field(min_length=1)]
    request: Annotated[str, Field(min_length=1)] | None = None


class TaskClass(Strict):
    """One class of tasks.

    ``quality_floor`` is the least share of accepted answers that must be right; ``price_ceiling_usd`` what one task may
    cost at most, all attempts together; ``max_escalations`` how many further models may be tried after the first.
    ``baseline`` names the strong model that savings are counted against and audits ask; ``models`` narrows the catalog,
    all of it where empty. ``audit_share`` of accepted cheap answers are compared with the baseline's. ``answer_key``
    names the member of a JSON answer that is the answer itself, such as ``label``. ``keywords`` in a task speak for the
    class where the task states none.
    """

    name: Name
    description: str
    quality_floor: Share
    prompt: PromptTemplate
    gates: tuple[GateUse, ...] = ()
    output_format: OutputFormat = OutputFormat.TEXT
    output_schema: Mapping[str, Any] | None = None
    answer_key: str | None = None
    max_output_tokens: Annotated[int, Field(gt=0)] = 1024
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_escalations: Annotated[int, Field(ge=0, le=MOST_ESCALATIONS)] = 2
    cloud: CloudPolicy = CloudPolicy.OPT_IN
    price_ceiling_usd: Usd | None = None
    latency_target_seconds: Annotated[float, Field(gt=0)] | None = None
    baseline: str | None = None
    models: tuple[str, ...] = ()
    audit_share: Share = 0.03
    explore_share: Share = 0.02
    keywords: tuple[Annotated[str, Field(min_length=2, max_length=100)], ...] = ()
