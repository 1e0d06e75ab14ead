"""Findings as SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import Path

from omni_assets.contracts import ContractTopicExtractor, Location, Manifest
from omni_assets.contracts.findings import finding
from omni_assets.contracts.rules import MALFORMED_NAME, RULES
from omni_assets.contracts.sarif import sarif_document


def manifest_with(location: Location) -> Manifest:
    related = ((location, "there"),)
    return Manifest((), {}, (finding(MALFORMED_NAME, "a\x1bb.", location, topic="x", related=related, fix="write y"),))


def test_the_document_has_what_the_standard_asks_for() -> None:
    document = json.loads(json.dumps(sarif_document(manifest_with(Location("contracts/a/contract.yaml", 3, 5)))))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    assert run["tool"]["driver"]["name"] == "omni"
    assert run["columnKind"] == "unicodeCodePoints"
    (result,) = run["results"]
    place = {
        "artifactLocation": {"uri": "contracts/a/contract.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert result == {
        "ruleId": "OM101",
        "ruleIndex": [rule.code for rule in RULES].index("OM101"),
        "level": "error",
        "message": {"text": "a\\x1bb. Fix: write y."},
        "locations": [{"physicalLocation": place}],
        "relatedLocations": [{"id": 1, "physicalLocation": place, "message": {"text": "there"}}],
    }


def test_every_rule_is_described() -> None:
    (run,) = sarif_document(Manifest((), {}, ()))["runs"]
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
        (result,) = sarif_document(manifest_with(Location(path)))["runs"][0]["results"]
        return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])

    assert uri("a b/ä:1%.yaml") == "a%20b/%C3%A4%3A1%25.yaml"
    assert uri("/srv/contract.yaml") == "file:///srv/contract.yaml"
    assert uri("bad\udcff.yaml") == "bad%FF.yaml"


def test_real_findings(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").write_text("emits: [onex.evt.a.b.v1]\n")
    manifest = ContractTopicExtractor().extract([str(tmp_path)])
    (result,) = sarif_document(manifest)["runs"][0]["results"]
    assert (result["level"], "relatedLocations" in result) == ("warning", False)
