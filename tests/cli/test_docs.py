"""``omni docs``: rules and gates alike."""

from __future__ import annotations

import pytest

from omni_assets.contracts.rules import RULES
from omni_assets.router.gates.pages import gate_document, page, pages
from omni_assets.router.gates.table import GATES


@pytest.mark.parametrize("name", ["not-empty", "NOT-EMPTY"])
def test_a_gate_is_explained_under_its_name(project, name):
    ran = project.omni("docs", name)
    gate = GATES["not-empty"]
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("not-empty (gate, version 1)\n\n")
    for text in (gate.summary, gate.explanation, gate.passes, gate.fails, "gates:\n    - gate: not-empty\n"):
        assert text in ran.out


@pytest.mark.parametrize("gate", GATES.values(), ids=lambda gate: gate.id)
def test_every_gate_can_be_shown(gate):
    from omni_assets.cli.views.gate import gate_lines

    for width in (None, 80):
        text = "\n".join("".join(part for part, _ in line) for line in gate_lines(gate, width))
        assert text.startswith(f"{gate.id} (gate, version {gate.version})\n")
        assert ("Parameters\n" in text) is bool(gate.parameters.model_fields)
        assert "\nPasses\n" in text


def test_a_gate_for_programs_and_for_pages(project):
    gate = GATES["length-bounds"]
    assert project.omni("docs", "length-bounds", "--format", "markdown").out == page(gate)
    assert project.omni("docs", "length-bounds", "--format", "json").document == gate_document(gate)


def test_without_a_name_all_rules_and_gates_are_listed(project):
    words = [line.split()[0] for line in project.omni("docs").out.splitlines() if line]
    assert words == ["CODE", *(rule.code for rule in RULES), "GATE", *GATES]
    document = project.omni("docs", "--format", "json").document
    assert [each["gate"] for each in document["gates"]] == [*GATES]
    assert "| [not-empty](not-empty.md) | 1 |" in project.omni("docs", "--format", "markdown").out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("not-emty", "there is no gate `not-emty`; did you mean `not-empty`?"),
        ("OM29", "there is no rule or gate `OM29`; did you mean `OM201` or `OM202`?"),
        ("zzz", "there is no rule or gate `zzz`."),
    ],
)
def test_a_name_that_neither_has_is_a_usage_error(project, name, words):
    ran = project.omni("docs", name)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err.splitlines()[0]


def test_the_pages_are_written_where_they_differ(project):
    first = project.omni("docs", "--write", "pages")
    assert (first.code, first.out, first.err) == (0, "", f"omni: wrote {len(pages())} pages that differed.\n")
    folder = project.folder / "pages"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == dict(pages())
    (folder / "not-empty.md").write_text("stale")
    assert project.omni("docs", "--write", "pages").err == "omni: wrote 1 page that differed.\n"
