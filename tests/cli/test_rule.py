"""``omni rule`` and ``omni docs``."""

from __future__ import annotations

import pytest

from omni_assets.contracts.rules import NEAR_MISS, RULES
from omni_assets.contracts.rules.pages import page, pages, table


@pytest.mark.parametrize("command", ["rule", "docs"])
@pytest.mark.parametrize("code", ["OM203", "om203", "near-miss"])
def test_a_rule_is_explained_under_its_code_and_its_name(project, command, code):
    ran = project.omni(command, code)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("OM203 near-miss (error)\n")
    assert NEAR_MISS.summary in ran.out
    assert NEAR_MISS.explanation in ran.out
    for text in (*NEAR_MISS.example.texts, *NEAR_MISS.mended.texts):
        assert "".join(f"    {line}\n" for line in text.splitlines()) in ran.out
    assert '    code = "OM203"\n' in ran.out


def test_without_a_code_all_rules_are_listed(project):
    lines = project.omni("rule").out.splitlines()
    assert [line.split()[0] for line in lines] == ["CODE", *(rule.code for rule in RULES)]
    assert project.omni("rule", "--format", "markdown").out == table()
    document = project.omni("docs", "--format", "json").document
    assert [each["code"] for each in document["rules"]] == [rule.code for rule in RULES]


def test_a_rule_for_programs_and_for_pages(project):
    assert project.omni("rule", "OM203", "--format", "markdown").out == page(NEAR_MISS)
    document = project.omni("rule", "OM203", "--format", "json").document
    assert (document["code"], document["rule"], document["severity"]) == ("OM203", "near-miss", "error")
    assert [each["text"] for each in document["example"]] == list(NEAR_MISS.example.texts)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_page_can_be_shown(rule):
    from omni_assets.cli.views.rule import rule_lines

    for width in (None, 80):
        text = "\n".join("".join(part for part, _ in line) for line in rule_lines(rule, width))
        assert text.startswith(f"{rule.code} {rule.name} ({rule.severity})\n")
        assert "How to exempt it" in text


@pytest.mark.parametrize(
    ("code", "words"),
    [("OM29", "did you mean `OM201` or `OM202`?"), ("nearmiss", "did you mean `near-miss`?"), ("", "it is empty")],
)
@pytest.mark.parametrize("command", ["rule", "docs"])
def test_an_unknown_code_is_a_usage_error(project, command, code, words):
    ran = project.omni(command, code)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err.splitlines()[0]


def test_the_pages_are_written_where_they_differ(project):
    first = project.omni("rule", "--write", "pages")
    assert (first.code, first.out, first.err) == (0, "", f"omni: wrote {len(pages())} pages that differed.\n")
    folder = project.folder / "pages"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == dict(pages())
    (folder / "OM203.md").write_text("stale")
    assert project.omni("rule", "--write", "pages").err == "omni: wrote 1 page that differed.\n"
    (project.folder / "file").write_text("")
    ran = project.omni("rule", "--write", "file")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot write the pages to file: " in ran.err
