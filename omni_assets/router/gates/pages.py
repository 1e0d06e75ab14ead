"""The documentation of the gates, generated from the gates themselves. Pure."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from omni_assets.router.gates.gate import AnyGate, Given
from omni_assets.router.gates.table import GATES
from omni_assets.router.values import FinishReason, OutputFormat, Strict

INDEX = "README.md"

_OWN = """\
## One's own

An installed package adds gates by entry points:

```toml
[project.entry-points."omni_assets.gates"]
acme-licence = "acme.gates:LICENCE"
```

Each gives a `Gate`: a pure function from what there is to see to what is said of it, with the model of its parameters.

```python
from omni_assets.router.gates.gate import Evidence, Gate, Judged, NoParameters, failed, passed


def _licence(evidence: Evidence, _: NoParameters) -> Judged:
    return failed("it names a licence") if "GPL" in evidence.output.text else passed()


LICENCE = Gate(
    id="acme-licence",
    version=1,
    summary="No licence is named.",
    explanation="Licences are the lawyers' affair.",
    passes="Use the client of the standard library.",
    fails="Copy it from the project under the GPL.",
    parameters=NoParameters,
    judge=_licence,
)
```

A gate that runs something is a `ProcessGate`, whose function is awaited. A name that is taken, and an entry point that
gives no gate, are configuration errors. A gate that raises says unknown, which never counts as passed.
"""

_LANGUAGES = {OutputFormat.CODE: "python", OutputFormat.JSON: "json", OutputFormat.TEXT: "text"}


def page(gate: AnyGate) -> str:
    """The page of one gate, as Markdown."""
    return "\n".join(
        [
            f"# {gate.id}",
            "",
            f"Gate, version {gate.version}.",
            "",
            f"**{gate.summary}** {gate.explanation}",
            "",
            *_parameters(gate),
            "## In a class of tasks",
            "",
            *_fenced("yaml", usage(gate)),
            "",
            *_given(gate),
            "## Passes",
            "",
            *_fenced(_LANGUAGES[gate.given.output_format], gate.passes),
            "",
            "## Fails",
            "",
            *_fenced(_LANGUAGES[gate.given.output_format], gate.fails),
            "",
        ]
    )


def table(gates: Iterable[AnyGate], folder: str = "") -> str:
    """One line a gate, as a Markdown table; ``folder`` is where the pages are, seen from the table."""
    lines = [f"| [{each.id}]({folder}{each.id}.md) | {each.version} | {each.summary} |" for each in gates]
    return "\n".join(["| gate | version | passes an output where |", "|---|---|---|", *lines, ""])


def pages() -> Mapping[str, str]:
    """The page of every gate that is built in, by the name of its file, and an index."""
    index = (
        "# Gates\n\n"
        "What an output is held against before it counts. A class of tasks names its gates in the order in which they "
        "are asked. `omni docs GATE` shows one of these pages; they are written by `omni docs --write`.\n\n"
        f"{table(GATES.values())}\n{_OWN}"
    )
    return {INDEX: index, **{f"{gate.id}.md": page(gate) for gate in GATES.values()}}


def gate_document(gate: AnyGate) -> dict[str, Any]:
    """A gate for machines."""
    return {
        "gate": gate.id,
        "version": gate.version,
        "summary": gate.summary,
        "explanation": gate.explanation,
        "parameters": parameters(gate),
        "given": given(gate.given),
        "passes": gate.passes,
        "fails": gate.fails,
    }


def parameters(gate: AnyGate) -> dict[str, Any]:
    """The parameters of a gate, each with its default as JSON; of one that must be given it is ``required``."""
    defaults = gate.parameters.model_construct().model_dump(mode="json", warnings=False)
    return {name: defaults.get(name, "required") for name in gate.parameters.model_fields}


def meaning(gate: AnyGate) -> str:
    """What the parameters of a gate mean, as a paragraph; empty where it has none."""
    return " ".join((inspect.getdoc(gate.parameters) or "").split()) if gate.parameters.model_fields else ""


def usage(gate: AnyGate) -> str:
    """What to write into the file of a class of tasks."""
    use: dict[str, Any] = {"gate": gate.id, "severity": "error"}
    if gate.given.parameters:
        use["parameters"] = dict(gate.given.parameters)
    return _yaml({"gates": [use]})


def given(held_against: Given) -> dict[str, Any]:
    """What the two examples of a gate are held against, as JSON: only what is not as it is anyhow."""
    task = held_against.task.model_dump(mode="json", exclude_defaults=True, exclude={"id"})
    return {
        **({"prompt": held_against.prompt} if held_against.prompt else {}),
        **({"task": task} if task else {}),
        **({"earlier": list(held_against.earlier)} if held_against.earlier else {}),
        **({"checks": [_shown(each) for each in held_against.checks]} if held_against.checks else {}),
        **({"scorer": _shown(held_against.scorer)} if held_against.scorer is not None else {}),
        **(
            {"finish_reason": {"passes": FinishReason.STOP.value, "fails": held_against.failing.value}}
            if held_against.failing is not FinishReason.STOP
            else {}
        ),
    }


def given_text(gate: AnyGate) -> str:
    """What the two examples are held against, as YAML; empty where that is nothing."""
    found = given(gate.given)
    return _yaml(found) if found else ""


def _shown(value: Strict) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_defaults=True)


def _parameters(gate: AnyGate) -> Iterator[str]:
    if not (means := meaning(gate)):
        return
    yield from ("## Parameters", "", means.replace("``", "`"), "", "| parameter | default |", "|---|---|")
    yield from (f"| `{name}` | `{json.dumps(default)}` |" for name, default in parameters(gate).items())
    yield ""


def _given(gate: AnyGate) -> Iterator[str]:
    if text := given_text(gate):
        yield from ("## Given", "", *_fenced("yaml", text), "")


def _fenced(language: str, text: str) -> Iterator[str]:
    # What has a fence of its own within it is an answer as a model writes it, and no code.
    fence, language = ("````", "markdown") if "```" in text else ("```", language)
    yield from (f"{fence}{language}", *text.rstrip("\n").split("\n"), fence)


class _Plain(yaml.SafeDumper):
    """Texts of several lines as they stand."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _text)


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
