"""Tasks as a person writes them in the launchpad. The fields are those of a task in a file, and say what they take."""

from typing import Any

import dagster as dg
from pydantic import Field


class GivenSource(dg.Config):
    """A text that an answer may cite."""

    id: str = Field(description="What the answer cites it by.")
    text: str = Field(description="The text itself.")
    changed_lines: list[int] = Field(
        default_factory=list, description="Numbers, from 1, of the lines under review that were changed."
    )


class GivenConstraints(dg.Config):
    """What narrows the choice of a model."""

    model: str | None = Field(default=None, description="Ask this model of the catalog, and no other.")
    local_only: bool = Field(default=False, description="Ask models on own hardware alone.")
    cloud: bool = Field(
        default=False, description="The task may leave the building, where its class leaves that to the task."
    )
    max_output_tokens: int | None = Field(default=None, description="Most tokens of the answer. Empty: the class's.")


class GivenTask(dg.Config):
    """One task."""

    id: str = Field(description="What its receipt calls it. No two tasks of a run have the same.")
    task_class: str | None = Field(
        default=None,
        description="The class that says how good the answer must be: a name in `contracts/task_classes`. Empty: it "
        "is told from the task.",
    )
    inputs: dict[str, str] = Field(
        default_factory=dict,
        description="What fills the prompt of the class, by the names that stand in it; or all in one text as "
        "`request`.",
    )
    key: str = Field(default="", description="What orders tasks among themselves, such as a pull request. Empty: id.")
    sources: list[GivenSource] = Field(default_factory=list, description="Texts that the answer may cite.")
    symbols: list[str] = Field(default_factory=list, description="Names that the answer may use besides the sources'.")
    language: str = Field(default="python", description="The language of code in the answer.")
    tests: str | None = Field(
        default=None, description="Tests for pytest that import the answer as the module `answer`. They are run."
    )
    signature: str | None = Field(default=None, description="The definition that the answer must keep.")
    output_schema: dict[str, Any] | None = Field(
        default=None, description="JSON schema that the answer must match, besides that of its class."
    )
    constraints: GivenConstraints = Field(
        default_factory=GivenConstraints, description="What narrows the choice of a model."
    )
