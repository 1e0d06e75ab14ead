"""The schema in the repository is the one of the model, and receipts are what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import ValidationError as Unreadable

from omni_assets.router.receipt import VERSION, read_receipt
from omni_assets.router.receipt_schema import receipt_schema, schema_name
from tests.support import receipts as made

FILE = Path(__file__).parents[2] / "docs" / "schemas" / f"receipt-{VERSION}.json"
RECEIPTS = (
    made.receipt(1),
    made.receipt(
        2, made.rejected(), made.unanswered(cost=made.cost(None)), made.cloud(), audit=made.audit(agrees=None)
    ),
    made.receipt(3, made.cloud(cost=made.cost("1.5")), baseline=made.cost("0.0001")),
    made.receipt(4, made.unanswered(), baseline=None, findings=("a sentence",), prompt_text="a text"),
)


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def test_the_file_is_the_schema_of_the_model():
    expected = json.dumps(receipt_schema(), indent=2) + "\n"
    how = f"python -m omni_assets.router.receipt_schema > docs/schemas/{FILE.name}"
    assert FILE.read_text(encoding="utf-8") == expected, f"write it anew: {how}"


def test_the_schema_has_the_name_that_the_ledger_gives():
    assert receipt_schema()["$id"] == schema_name() == f"urn:omni-assets:receipt:{VERSION}"


@pytest.mark.parametrize("receipt", RECEIPTS, ids=lambda each: each.task_id)
def test_receipts_match_it(validator, receipt):
    validator.validate(json.loads(receipt.model_dump_json()))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"id": "short"},
        {"cost_usd": 0.5},
        {"cost_usd": "-1"},
        {"cost_usd": "1e-7"},
        {"outcome": "fine"},
        {"attempts": [{}]},
    ],
    ids=str,
)
def test_anything_else_does_not(validator, change):
    with pytest.raises(ValidationError):
        validator.validate({**RECEIPTS[0].model_dump(mode="json"), **change})


def test_a_field_that_was_added_is_no_flaw(validator):
    newer = with_additions(RECEIPTS[1].model_dump(mode="json"))
    assert newer["attempts"][0]["cost"]["added"] == {"later": [1]}
    validator.validate(newer)
    assert read_receipt(json.dumps(newer)) == RECEIPTS[1]
    for change in ({"version": 2}, {"id": "short"}, {"attempts": [{"added": 1}]}):
        with pytest.raises(Unreadable):
            read_receipt(json.dumps({**newer, **change}))


def with_additions(value):
    """The document of a newer omni: each object in it has one member more."""
    if isinstance(value, list):
        return [with_additions(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {**{key: with_additions(each) for key, each in value.items()}, "added": {"later": [1]}}


def test_every_field_is_there(validator):
    document = RECEIPTS[0].model_dump(mode="json")
    for name in document:
        with pytest.raises(ValidationError):
            validator.validate({key: value for key, value in document.items() if key != name})
