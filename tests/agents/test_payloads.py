"""What events carry is held against the schemas of their topics: what cannot be judged is not let through."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.events import Event
from omni_assets.agents.payloads import Payloads, PayloadUnfit
from omni_assets.contracts.model import Location, Payload
from omni_assets.contracts.text import visible

TOPIC = "onex.evt.echo.done.v1"
SCHEMA = '{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}'


def stated(schema: str = SCHEMA, **more: str) -> Payloads:
    return Payloads({TOPIC: Payload(TOPIC, Location("echo/contract.yaml"), schema, **more)})


def carrying(data: bytes, content_type: str | None = "application/json") -> Event:
    return Event("1", "a", "b", data=data, content_type=content_type)


@pytest.mark.parametrize(
    "kind", [None, "application/json", "Application/JSON; charset=utf-8", "application/vnd.a+json"]
)
def test_what_fits_is_well(kind: str | None) -> None:
    stated().check(TOPIC, carrying(b'{"text": "a", "more": 1}', kind))
    assert stated().judges(TOPIC)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (
            b'{"text": 1}',
            r"its data is not what `onex.evt.echo.done.v1` holds: at `\$.text`: 1 is not of type 'string'",
        ),
        (b"{}", r"its data is not what `onex.evt.echo.done.v1` holds: at `\$`: 'text' is a required property"),
        (b"", "its data is no JSON: "),
        (b"\xff", "its data is no JSON: "),
        (b"[" * 100_000, "its data is no JSON: it is nested too deeply"),
        (b'{"text": "a", "text": "b"}', "its data is no JSON: "),
        (b'{"text": NaN}', "its data is no JSON: "),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(data: bytes, why: str) -> None:
    with pytest.raises(PayloadUnfit, match=why):
        stated().check(TOPIC, carrying(data))


def test_a_schema_is_about_json() -> None:
    with pytest.raises(PayloadUnfit, match="its content type is `text/plain`, and the schema of"):
        stated().check(TOPIC, carrying(b'{"text": "a"}', "text/plain"))


def test_a_topic_without_a_schema_takes_anything() -> None:
    stated("", example="1").check(TOPIC, carrying(b"\xff"))
    stated().check("onex.evt.other.done.v1", carrying(b"\xff"))
    assert not stated("", example="1").judges(TOPIC)


def test_a_schema_that_cannot_be_used_lets_nothing_through() -> None:
    broken = [
        stated("", flaw="it nests deeper than 60 levels"),
        stated("", schema_ref="absent.json"),
        stated('{"type": 1}'),
    ]
    for payloads in broken:
        assert payloads.judges(TOPIC)
        with pytest.raises(PayloadUnfit, match=r"the schema of|cannot be told: the schema is none"):
            payloads.check(TOPIC, carrying(b"{}"))


def test_what_takes_for_ever_cannot_be_told() -> None:
    names = "abcdefghijklmnopqrst"
    twice = {
        name: {"allOf": [{"$ref": f"#/$defs/{after}"}, {"$ref": f"#/$defs/{after}"}]} for name, after in pairwise(names)
    }
    slow = json.dumps({"$defs": {**twice, names[-1]: {}}, "$ref": "#/$defs/a"})
    with pytest.raises(PayloadUnfit, match="cannot be told"):
        stated(slow).check(TOPIC, carrying(b"{}"))


def test_a_file_counts_as_it_was_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"type": "object"}')
    payloads = Payloads({TOPIC: Payload(TOPIC, Location(str(tmp_path / "contract.yaml")), schema_ref="a.json")})
    (tmp_path / "a.json").write_text('{"type": "array"}')
    payloads.check(TOPIC, carrying(b"{}"))


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode), st.none() | st.text(max_size=20))
def test_any_payload_fits_or_is_told(data: bytes, content_type: str | None) -> None:
    try:
        stated('{"type": ["object", "array", "string", "number"]}').check(TOPIC, carrying(data, content_type))
    except PayloadUnfit as why:
        told = str(why)
    else:
        told = "it fits"
    assert told == visible(told)
