"""OM6xx: the catalog of models and the classes of tasks."""

from __future__ import annotations

from omni_assets.contracts.model import Elsewhere, Rule, Severity

INVALID_CATALOG = Rule(
    "OM601",
    "invalid-catalog",
    Severity.ERROR,
    "The catalog of models cannot be used as it stands.",
    "A field is missing, unknown or of another kind, a model is at an endpoint that is not there, or a secret stands "
    "in the file. The router does not start with it, so that no task goes to another model than was meant.",
    example=Elsewhere(
        "yaml",
        """\
endpoints:
  local: {location: local, base_url_env: OMNI_LOCAL_BASE_URL}
models:
  small: {endpoint: locla, served_name: small, context_window: 8192}
""",
    ),
    mended=Elsewhere(
        "yaml",
        """\
endpoints:
  local: {location: local, base_url_env: OMNI_LOCAL_BASE_URL}
models:
  small: {endpoint: local, served_name: small, context_window: 8192}
""",
    ),
)
INVALID_TASK_CLASS = Rule(
    "OM602",
    "invalid-task-class",
    Severity.ERROR,
    "A class of tasks cannot be used as it stands.",
    "A field is missing, unknown or of another kind, a gate or a model that it names is not there, a gate does not "
    "take its parameters, its prompt has a stray brace, or its cloud policy contradicts its models. A gate that is not "
    "there would let everything pass or nothing, so the router does not start.",
    example=Elsewhere(
        "yaml",
        """\
name: summarization
description: Says in a few sentences what a text says.
quality_floor: 0.85
prompt:
  version: 1
  user: "Summarize: {text}"
gates:
  - gate: not-emtpy
""",
    ),
    mended=Elsewhere(
        "yaml",
        """\
name: summarization
description: Says in a few sentences what a text says.
quality_floor: 0.85
prompt:
  version: 1
  user: "Summarize: {text}"
gates:
  - gate: not-empty
""",
    ),
)
