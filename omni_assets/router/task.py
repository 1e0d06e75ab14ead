"""A task: what is asked for, and everything that an answer may be held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from omni_assets.router.values import Name, Strict

Text = Annotated[str, Field(max_length=4_000_000)]


class Source(Strict):
    """A text that an answer may cite, by ``id``. ``changed_lines`` are line numbers from 1, of a file under review."""

    id: Annotated[str, Field(min_length=1, max_length=500)]
    text: Text
    changed_lines: tuple[int, ...] = ()


class Constraints(Strict):
    """What narrows the choice of a model for one task. ``cloud`` is the leave that an opt-in class asks for."""

    model: str | None = None
    local_only: bool = False
    cloud: bool = False
    max_output_tokens: Annotated[int, Field(gt=0)] | None = None


class Task(Strict):
    """One task.

    ``key`` orders tasks among themselves (a pull request, say); without one, ``id`` does. ``task_class`` may be left
    out, and is told from the task then. ``inputs`` fill the variables of the class's prompt. ``symbols`` are names that
    an answer may use besides those of the sources; ``tests`` is Python source with pytest tests that import the answer
    as the module ``answer``; ``signature`` the definition that it must keep; ``schema`` the JSON schema that it must
    match.
    """

    id: Annotated[str, Field(min_length=1, max_length=200)]
    key: Annotated[str, Field(max_length=500)] = ""
    task_class: Name | None = None
    inputs: Mapping[str, Text] = Field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    symbols: tuple[str, ...] = ()
    language: Annotated[str, Field(max_length=50)] = "python"
    tests: Text | None = None
    signature: Text | None = None
    output_schema: Mapping[str, Any] | None = None
    constraints: Constraints = Constraints()
