"""What is shipped along is told, the same each time, and what was looked up is told apart from what was not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.supply_chain.audit import Audit, read
from tests.supply_chain.bill import LOCK, bill

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return bill()


def test_the_bill_names_everything_that_is_locked_with_its_hashes(made: dict[str, Any]) -> None:
    locked = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {(each["name"], each["version"]) for each in made["components"]} == set(locked)
    assert all(each["hashes"] for each in made["components"])
    assert made["specVersion"] == "1.6"


def test_the_bill_is_the_same_each_time_and_says_nothing_of_where_it_was_made(made: dict[str, Any]) -> None:
    text = json.dumps(made, sort_keys=True)
    assert json.dumps(bill(), sort_keys=True) == text
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://cyclonedx.org/schema/bom-1.6.schema.json"}
    assert not {"timestamp", "serialNumber"} & {*made, *made["metadata"]}


def test_the_bill_is_what_its_schema_says(made: dict[str, Any]) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None


def test_an_audit_tells_what_was_looked_up_from_what_was_not() -> None:
    weakness = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
    document = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": []},
            {"name": "b", "version": "1", "vulns": [weakness, {**weakness, "id": "PYSEC-2", "fix_versions": []}]},
            {"name": "c", "skip_reason": "Dependency not found"},
        ]
    }
    assert read(document) == Audit(2, ("b 1: PYSEC-1, mended in 2.0", "b 1: PYSEC-2, mended in no version"))
