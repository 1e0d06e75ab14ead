"""The document of a project, with the schemas that stand in files; what cannot be used is told."""

from __future__ import annotations

import json

import pytest
import yaml

from omni_assets.contracts.asyncapi.writing import About, Notation
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.errors import InputError
from omni_assets.operations.exporting.asyncapi import describe, write

TOPIC = "onex.evt.n.said.v1"


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "contract.yaml").write_text(
        f"name: n\npublished_events: [{{topic: {TOPIC}, schema_ref: said.json}}, onex.evt.n.heard.v1]\n"
    )
    (tmp_path / "said.json").write_text('{"type": "string"}')
    return ContractTopicExtractor().extract([str(tmp_path)])


def test_a_schema_in_a_file_is_written_out(manifest):
    described = describe(manifest, Notation.JSON, About("App", "2"))
    document = json.loads(described.text)
    assert document["info"]["title"] == "App"
    assert document["channels"][TOPIC]["messages"]["record"]["payload"]["schema"] == {"type": "string"}
    assert (described.topics, described.operations, described.nodes, described.lacking) == (2, 2, 1, ())


def test_a_schema_that_cannot_be_used_is_left_out_and_told(manifest, tmp_path):
    (tmp_path / "said.json").unlink()
    described = describe(manifest, Notation.YAML)
    assert "payload" not in yaml.safe_load(described.text)["channels"][TOPIC]["messages"]["record"]
    ((topic, flaw),) = described.lacking
    assert topic == TOPIC
    assert "said.json" in flaw


def test_a_file_is_written_whole_or_its_error_is_a_sentence(tmp_path):
    write(str(tmp_path / "a.yaml"), "ä\n")
    assert (tmp_path / "a.yaml").read_bytes() == "ä\n".encode()
    with pytest.raises(InputError, match="cannot be written: no such file"):
        write(str(tmp_path / "none" / "a.yaml"), "")
