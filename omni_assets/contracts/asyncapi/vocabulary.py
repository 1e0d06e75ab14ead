"""The words of AsyncAPI 3.0 and its Kafka bindings 0.5.0 that omni writes and reads. Pure.

Source: the specification 3.0.0 and the reference of the Kafka bindings, both on asyncapi.com. What they have no word
for stands under ``x-omni``, as the specification has it for extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from omni_assets.contracts.model import Role

VERSION = "3.0.0"
KAFKA_BINDING = "0.5.0"
EXTENSION = "x-omni"
JSON = "application/json"
RECORD = "record"
"""What the one message of a channel is called."""

ACTIONS: Mapping[Role, str] = MappingProxyType({Role.PUBLISHES: "send", Role.SUBSCRIBES: "receive"})

DRAFT_07 = "draft-07"
NEWEST_DRAFT = "draft-2020-12"
"""What a contract's schema is where it does not say."""

DRAFTS: Mapping[str, str] = MappingProxyType(
    {
        "https://json-schema.org/draft/2020-12/schema": NEWEST_DRAFT,
        "https://json-schema.org/draft/2019-09/schema": "draft-2019-09",
        "http://json-schema.org/draft-07/schema": DRAFT_07,
        "http://json-schema.org/draft-06/schema": "draft-06",
        "http://json-schema.org/draft-04/schema": "draft-04",
    }
)
"""The drafts by the address that ``$schema`` names, without the ``#`` at its end."""

_LISTS = frozenset({"cleanup.policy"})
_TEXTS = frozenset({"confluent.key.subject.name.strategy", "confluent.value.subject.name.strategy"})


def schema_format(draft: str) -> str:
    """How a message says which draft its payload's schema is in."""
    return f"application/schema+json;version={draft}"


def pointer(*steps: str) -> str:
    """A reference within the document."""
    return "#/" + "/".join(each.replace("~", "~0").replace("/", "~1") for each in steps)


def configured(key: str, text: str) -> Any:
    """A config value as the binding has it: numbers, truth values and lists, where a broker stores texts."""
    if key in _LISTS:
        return text.split(",")
    if key in _TEXTS:
        return text
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _is_whole(text) else text


def stored(value: Any) -> str | None:
    """A value of the binding as a broker stores it; ``None`` where it is neither a single value nor a list of them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        texts = [stored(each) for each in value if not isinstance(each, list)]
        return ",".join(filter(None, texts)) if len(texts) == len(value) and None not in texts else None
    return str(value) if isinstance(value, str | int | float) else None


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return len(digits) < 20 and digits.isascii() and digits.isdigit() and str(int(text)) == text
