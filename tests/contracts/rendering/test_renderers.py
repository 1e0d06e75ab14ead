"""Findings as text, annotations and documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from omni_assets.contracts import ContractTopicExtractor, Finding, Location, Manifest, Severity
from omni_assets.contracts.findings import finding
from omni_assets.contracts.judging.report import BaselineUse, Report, severity_counts
from omni_assets.contracts.rendering.renderers import (
    check_document,
    companions,
    finding_head,
    github,
    manifest_document,
    mended_sentence,
    sentence,
)
from omni_assets.contracts.rules import CONFLICTING_SETTINGS, MALFORMED_NAME
from omni_assets.contracts.text import visible

Assemble = Callable[..., Manifest]


def report(manifest: Manifest, seconds: float = 0.0) -> Report:
    """A report over all that a manifest itself finds."""
    return Report(manifest, manifest.findings, len(manifest.contracts), seconds=seconds)


def text(manifest: Manifest, seconds: float) -> str:
    """A report, as the command line puts it together."""
    lines = [line for each in manifest.findings for line in finding_text(each).splitlines()]
    return "\n".join([*lines, sentence(report(manifest, seconds))])


def finding_text(each: Finding) -> str:
    return "\n".join([finding_head(each), *(f"    {line}" for line in companions(each))])


PUBLISHER = """\
event_bus:
  publish_topics:
    - topic: onex.evt.a.b.v1
      partitions: 3
      keyed: true
      retention: 7d
"""
CONFLICT = finding(
    CONFLICTING_SETTINGS,
    "`onex.evt.a.b.v1` has partitions 3 here and 6 in b.yaml:4:7; it is not touched until they agree.",
    Location("a.yaml", 3, 7),
    topic="onex.evt.a.b.v1",
    related=((Location("b.yaml", 4, 7), "partitions 6"),),
    fix="state partitions in one contract",
)


def test_a_finding_as_text() -> None:
    assert finding_text(CONFLICT) == (
        "a.yaml:3:7 OM106 conflicting-settings: `onex.evt.a.b.v1` has partitions 3 here and 6 in b.yaml:4:7; "
        "it is not touched until they agree.\n"
        "    b.yaml:4:7 partitions 6.\n"
        "    fix: state partitions in one contract"
    )


def test_what_is_no_error_says_so() -> None:
    warning = finding(MALFORMED_NAME, "x.", Location("a.yaml"), severity=Severity.WARNING)
    assert finding_text(warning) == "a.yaml:1:1 OM101 malformed-name (warning): x."


def test_the_whole_text_ends_with_a_line_that_counts(assemble: Assemble) -> None:
    clean = assemble(PUBLISHER)
    assert text(clean, 0.044) == "no findings in 1 contract, 1 topic (0.04 s)"
    mixed = assemble(PUBLISHER, "remarks: [onex.evt.a.c.v1]\nevent_bus: {publish_topics: [onex.evt.a.b.v1, x, y]}\n")
    lines = text(mixed, 1.5).splitlines()
    assert lines[-1] == "2 errors, 1 warning in 2 contracts, 1 topic (1.50 s)"
    assert len(lines) == 1 + 2 * 3


def test_the_sentence_has_separators_in_large_numbers(assemble: Assemble) -> None:
    names = ", ".join(f"onex.evt.a.b{number}.v1" for number in range(1200))
    assert sentence(report(assemble(f"event_bus: {{publish_topics: [{names}]}}\n"))).endswith(
        "1 contract, 1,200 topics (0.00 s)"
    )


def test_the_sentence_says_what_is_silent_and_what_was_looked_at(assemble: Assemble) -> None:
    manifest = assemble(PUBLISHER, "name: x\n")
    use = BaselineUse("b.json", total=187, known=1184, mended=3)
    judged = Report(manifest, (), 1, exempted=2, baseline=use)
    assert (
        sentence(judged) == "no findings in 1 of 2 contracts, 1 topic; 2 exempted, 1,184 known to the baseline (0.00 s)"
    )
    assert mended_sentence(judged) == (
        "3 of 187 findings of the baseline are mended: write it anew with `omni check --write-baseline`."
    )
    assert mended_sentence(report(manifest)) == ""
    assert mended_sentence(Report(manifest, (), 2, baseline=BaselineUse("b.json", 1, 1, 0))) == ""
    one = Report(manifest, (), 2, baseline=BaselineUse("b.json", 1, 0, 1))
    assert mended_sentence(one).startswith("1 of 1 finding of the baseline is mended:")
    assert check_document(judged)["baseline"] == {"path": "b.json", "known": 1184, "mended": 3}


def test_what_fails_a_check(assemble: Assemble) -> None:
    manifest = assemble(PUBLISHER)
    for severity, fails, strict in (
        (Severity.ERROR, True, True),
        (Severity.WARNING, False, True),
        (Severity.NOTE, False, False),
    ):
        judged = Report(manifest, (finding(MALFORMED_NAME, "x.", Location("a"), severity=severity),), 1)
        assert (judged.fails(strict=False), judged.fails(strict=True)) == (fails, strict)


def test_the_document_of_a_check(assemble: Assemble, tmp_path: Path) -> None:
    manifest = assemble(PUBLISHER, PUBLISHER.replace("partitions: 3", "partitions: 6"))
    document = json.loads(json.dumps(check_document(report(manifest))))
    assert document == {
        "findings": [
            {
                "code": "OM106",
                "rule": "conflicting-settings",
                "severity": "error",
                "message": manifest.findings[0].message,
                "path": f"{tmp_path}/node-0/contract.yaml",
                "line": 3,
                "column": 14,
                "topic": "onex.evt.a.b.v1",
                "related": [
                    {"path": f"{tmp_path}/node-1/contract.yaml", "line": 3, "column": 14, "message": "partitions 6"}
                ],
                "fix": "state partitions in one contract",
                "near": [],
            }
        ],
        "counts": {"error": 1, "warning": 0, "note": 0},
        "contracts": 2,
        "topics": 1,
        "exempted": 0,
        "baseline": None,
    }
    assert check_document(report(assemble("event_bus: {publish_topics: [nope]}\n")))["findings"][0]["topic"] == "nope"


def test_the_document_of_a_manifest(assemble: Assemble, tmp_path: Path) -> None:
    manifest = assemble(PUBLISHER, "event_bus: {subscribe_topics: [onex.evt.a.b.v1]}\n")
    assert json.loads(json.dumps(manifest_document(manifest))) == {
        "topics": [
            {
                "name": "onex.evt.a.b.v1",
                "kind": "evt",
                "producer": "a",
                "event": "b",
                "version": 1,
                "spec": {
                    "partitions": 3,
                    "replication_factor": None,
                    "keyed": True,
                    "expected_every_ms": None,
                    "config": {"retention.ms": "604800000"},
                },
                "publishers": [{"node": "node-0", "path": f"{tmp_path}/node-0/contract.yaml", "line": 3, "column": 14}],
                "subscribers": [
                    {"node": "node-1", "path": f"{tmp_path}/node-1/contract.yaml", "line": 1, "column": 32}
                ],
                "blocked": "",
            }
        ],
        "counts": {"contracts": 2, "nodes": 2, "topics": 1, "publishers": 1, "subscribers": 1, "blocked": 0},
    }


def test_severities_are_counted_even_where_there_are_none() -> None:
    assert severity_counts(()) == {"error": 0, "warning": 0, "note": 0}
    assert severity_counts((CONFLICT, CONFLICT)) == {"error": 2, "warning": 0, "note": 0}


def test_annotations_for_github(assemble: Assemble) -> None:
    manifest = assemble(
        "remarks: [onex.evt.a.c.v1]\n", "x: onex.evt.a.b.v1\nevent_bus: {publish_topics: [onex.evt.a.b.v1, 'a%b']}\n"
    )
    first, second, third = github(manifest.findings).splitlines()
    assert first.startswith("::warning file=")
    assert ",line=1,col=11,title=OM103 unread-declaration::`onex.evt.a.c.v1` looks like a topic" in first
    assert second.startswith("::notice file=")
    assert third.startswith("::error file=")
    assert "::`a%25b` is not a topic name" in third
    assert "%0Afix: follow" in third
    assert github(assemble(PUBLISHER, "x: 1\n").findings) == ""


def test_github_properties_are_escaped() -> None:
    odd = finding(MALFORMED_NAME, "a: b, 100%\r\nc.", Location("a:b,c%\n.yaml", 1, 2), fix="::error::x")
    assert github([odd]) == (
        "::error file=a%3Ab%2Cc%25\\n.yaml,line=1,col=2,title=OM101 malformed-name::"
        "a: b, 100%25\\r\\nc.%0Afix: ::error::x"
    )


def test_what_a_contract_holds_cannot_steer_a_terminal_or_forge_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "evil\x1b[31m\nnode"
    folder.mkdir()
    name = "onex.evt.a.\\e[2J\\r\\n::error::x\\u202e\\u2028\\x07.v1"
    (folder / "contract.yaml").write_text(f'event_bus: {{publish_topics: ["{name}"]}}\n"k\\e": 1\n"k\\e": 2\n')
    manifest = ContractTopicExtractor().extract([str(tmp_path)])
    assert len(manifest.findings) == 2
    for shown in (text(manifest, 0), github(manifest.findings)):
        assert all(character.isprintable() or character == "\n" for character in shown)
        assert not any(line.startswith("::error::x") for line in shown.splitlines())
    assert len(github(manifest.findings).splitlines()) == 2
    assert "\\x1b[2J\\r\\n" in text(manifest, 0)
    assert json.loads(json.dumps(check_document(report(manifest))))["findings"][0]["topic"].startswith(
        "onex.evt.a.\x1b[2J"
    )


def test_visible_keeps_letters_and_writes_out_the_rest() -> None:
    assert visible("Zürich 東京 …") == "Zürich 東京 …"
    assert visible("a\tb\x00\x9b\u200b\ud800") == "a\\tb\\x00\\x9b\\u200b\\ud800"
