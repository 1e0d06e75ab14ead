"""The documentation of the rules, generated from the rules themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from omni_assets.contracts.model import Contracts, Example, Rule
from omni_assets.contracts.rules import JUDGING_RULES, RULES

INDEX = "README.md"


def page(rule: Rule) -> str:
    """The page of one rule, as Markdown."""
    return "\n".join(
        [
            f"# {rule.code} {rule.name}",
            "",
            f"Severity: {rule.severity}, unless `check.severity` in the [settings](../settings.md) gives it another.",
            "",
            f"**{rule.summary}** {rule.explanation}",
            "",
            "## Example",
            "",
            *_example(rule.example),
            "",
            "## Mended",
            "",
            *_example(rule.mended),
            "",
            "## How to exempt it",
            "",
            *_exemption(rule),
            "",
        ]
    )


def table(rules: Iterable[Rule] = RULES, folder: str = "") -> str:
    """One line a rule, as a Markdown table; ``folder`` is where the pages are, seen from the table."""
    lines = [
        f"| [{each.code}]({folder}{each.code}.md) | {each.name} | {each.severity} | {each.summary} |" for each in rules
    ]
    return "\n".join(["| code | rule | severity | means |", "|---|---|---|---|", *lines, ""])


def pages() -> Mapping[str, str]:
    """Every page by the name of its file, and an index."""
    index = (
        f"# Rules\n\n`omni rule CODE` shows one of these pages. They are written by `omni rule --write`.\n\n{table()}"
    )
    return {INDEX: index, **{f"{rule.code}.md": page(rule) for rule in RULES}}


def rule_document(rule: Rule) -> dict[str, Any]:
    """A rule for machines."""
    return {
        "code": rule.code,
        "rule": rule.name,
        "severity": rule.severity.value,
        "summary": rule.summary,
        "explanation": rule.explanation,
        "example": _example_document(rule.example),
        "mended": _example_document(rule.mended),
    }


def passages(example: Example) -> Iterator[tuple[str, str]]:
    """An example as passages, each with its language."""
    if isinstance(example, Contracts):
        yield from (("yaml", text) for text in example.texts)
    else:
        yield example.language, example.text


def exemption(rule: Rule) -> str:
    """What to write into the settings for an exemption of a rule; empty where there can be none."""
    if rule in JUDGING_RULES:
        return ""
    return (
        "[[check.exemptions]]\n"
        f'code = "{rule.code}"\n'
        'path = "contracts/reviewer/*"\n'
        'reason = "why it is accepted, for the next person"\n'
        "expires = 2030-06-30\n"
    )


def _example(example: Example) -> Iterator[str]:
    for number, (language, text) in enumerate(passages(example)):
        if number:
            yield ""
        yield from (f"```{language}", *text.rstrip("\n").split("\n"), "```")


def _exemption(rule: Rule) -> Iterator[str]:
    text = exemption(rule)
    if not text:
        yield "It cannot be exempted: it is about exemptions. `check.ignore` turns it off."
        return
    yield from ("For a time, in `omni.toml` (in `pyproject.toml`: `[[tool.omni.check.exemptions]]`):", "")
    yield from ("```toml", *text.rstrip("\n").split("\n"), "```", "")
    yield (
        f'For good: `ignore = ["{rule.code}"]` under `[check]`, or `--ignore {rule.code}` for one run. '
        "[settings](../settings.md) has the rest."
    )


def _example_document(example: Example) -> list[dict[str, str]]:
    return [{"language": language, "text": text} for language, text in passages(example)]
