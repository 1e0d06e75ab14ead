"""The JSON schema of receipts, as other programs read it: ``docs/schemas/receipt-1.json`` holds it.

``python -m omni_assets.router.receipt_schema`` prints it, for when the file has to be written anew.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import BaseModel

from omni_assets.router.receipt import VERSION, Receipt

_NAME = "urn:omni-assets:receipt:{version}"
_LEFT_OUT = frozenset({"title", "default"})


def schema_name(version: int = VERSION) -> str:
    """What the schema of a version is called, in itself and in the header ``ce_dataschema`` of the ledger."""
    return _NAME.format(version=version)


def receipt_schema() -> dict[str, Any]:
    """The schema of what is written: every field is there. A newer omni may add some, so others are no flaw."""
    return written_schema(Receipt, schema_name())


def written_schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    """The schema, under that name, of what a model of documents writes: as ``receipt_schema``, for any of them."""
    described = model.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **_plain(described)}


def _plain(value: Any) -> Any:
    """The schema with its descriptions as running text, every field required since all are written, objects that may
    hold more, and no titles.
    """
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(each) for key, each in value.items() if key not in _LEFT_OUT or isinstance(each, dict)}
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if isinstance(kept.get("description"), str):
        paragraphs = kept["description"].replace("``", "`").split("\n\n")
        kept["description"] = "\n\n".join(" ".join(each.split()) for each in paragraphs)
    if isinstance(kept.get("properties"), dict):
        kept["required"] = [*kept["properties"]]
    return kept


if __name__ == "__main__":
    json.dump(receipt_schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
