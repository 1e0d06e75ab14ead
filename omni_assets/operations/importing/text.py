"""A draft as the text of a contract, which the extractor reads as what was drafted. Pure.

Names and values come from brokers and from files of others: whatever is not plain stands in double quotes, and in
comments nothing breaks a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import yaml

from omni_assets.contracts.model import Role, TopicSettings
from omni_assets.contracts.text import visible
from omni_assets.contracts.values import InvalidValue, normalise, readable
from omni_assets.operations.importing.drafts import Draft, DraftTopic

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]+")
_FIGURE = re.compile(r"(?:0|-?[1-9][0-9]*)(?:\.[0-9]+)?(?: ?[A-Za-z]+)?")
_TEXT = "tag:yaml.org,2002:str"
_FLAGS = frozenset({"true", "false"})
_OUTSIDE = {"externally_published_topics": Role.PUBLISHES, "externally_consumed_topics": Role.SUBSCRIBES}


def draft_text(draft: Draft, heading: Iterable[str] = ()) -> str:
    """The contract. ``heading`` are lines of a comment above it."""
    return "".join(f"{line}\n" for line in _lines(draft, heading))


def _lines(draft: Draft, heading: Iterable[str]) -> Iterator[str]:
    for line in heading:
        yield _comment(line)
    yield f"name: {_scalar(draft.node)}"
    if draft.purpose:
        yield f"description: {_scalar(draft.purpose)}"
    yield ""
    yield "event_bus:"
    for key, topics in (("subscribe_topics", draft.subscribes), ("publish_topics", draft.publishes)):
        if topics:
            yield f"  {key}:"
            for topic in topics:
                yield from _topic(topic)
    for key, role in _OUTSIDE.items():
        named = [topic for topic, there in draft.outside if there is role]
        if named:
            yield f"  {key}:"
            yield from (f"    - {_scalar(topic)}" for topic in named)


def _topic(topic: DraftTopic) -> Iterator[str]:
    for remark in topic.remarks:
        yield f"    {_comment(remark)}"
    name = _scalar(topic.name)
    stated = [*_settings(topic.settings), *_data("schema", topic.schema), *_data("example", topic.example)]
    yield f"    - {f'topic: {name}' if stated else name}  {_comment(topic.origin)}"
    for line in stated:
        yield f"      {line}".rstrip()


def _settings(settings: TopicSettings) -> Iterator[str]:
    if settings.partitions is not None:
        yield f"partitions: {settings.partitions}"
    if settings.replication_factor is not None:
        yield f"replication_factor: {settings.replication_factor}"
    if settings.keyed is not None:
        yield f"keyed: {str(settings.keyed).lower()}"
    if settings.expected_every is not None:
        yield f"expected_every: {_value('expected_every', str(settings.expected_every))}"
    if settings.config:
        yield "config:"
        yield from (f"  {_scalar(key)}: {_value(key, value)}" for key, value in settings.config.items())


def _data(key: str, text: str) -> Iterator[str]:
    """JSON text as YAML, below a key; nothing where there is none."""
    if text:
        yield from _dumped({key: json.loads(text)}).splitlines()


def _comment(text: str) -> str:
    return f"# {visible(text)}".rstrip()


def _value(key: str, value: str) -> str:
    """A config value as a person writes it, where that means the same."""
    shown = readable(key, value)
    try:
        shown = shown if normalise(key, shown) == value else value
    except InvalidValue:
        shown = value
    return shown if shown in _FLAGS or _FIGURE.fullmatch(shown) else _scalar(shown)


def _scalar(text: str) -> str:
    """``text`` as YAML that means just that, to every loader."""
    if _WORD.fullmatch(text) and _tag(text) == _TEXT:
        return text
    return yaml.safe_dump(text, default_style='"', width=float("inf")).rstrip("\n")


def _dumped(data: object) -> str:
    """Data as YAML that every loader reads alike, no text of it broken into lines."""
    return yaml.dump(data, Dumper=_OnOneLine, sort_keys=False, width=float("inf"))


class _OnOneLine(yaml.SafeDumper):
    """Writes texts of several lines with escapes, so that they stay what they are at any indentation."""


_OnOneLine.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(_TEXT, text, style='"' if len(text.splitlines()) > 1 else None),
)


def _tag(text: str) -> str:
    """What a loader takes a plain scalar for."""
    tag: str = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag
