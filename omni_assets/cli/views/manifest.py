"""The manifest as a table."""

from __future__ import annotations

from collections.abc import Iterable

from omni_assets.cli.tables import Line, plain_row, table
from omni_assets.cli.views.settings import settings_text
from omni_assets.cli.words import spent
from omni_assets.contracts.model import Declaration, Manifest, Topic
from omni_assets.contracts.text import count

_HEADER = ("TOPIC", "PARTITIONS", "REPLICAS", "SETTINGS", "PUBLISHERS", "SUBSCRIBERS")
COLUMNS = ("topic", "kind", "partitions", "replication_factor", "settings", "publishers", "subscribers")


def manifest_lines(manifest: Manifest, width: int | None) -> list[Line]:
    """A row for each declared topic, or nothing where there is none."""
    rows = [
        plain_row(
            topic.name,
            _number(topic.spec.partitions),
            _number(topic.spec.replication_factor),
            settings_text(topic.spec.config),
            _nodes(topic.publishers) or "-",
            _nodes(topic.subscribers) or "-",
            below=f"not touched: {topic.blocked}" if topic.blocked else "",
        )
        for topic in manifest.topics.values()
    ]
    return table(_HEADER, rows, width) if rows else []


def manifest_sentence(manifest: Manifest, seconds: float) -> str:
    """``31 topics in 12 contracts (0.04 s)``"""
    topics, contracts = count(len(manifest.topics), "topic"), count(len(manifest.contracts), "contract")
    return f"{topics} in {contracts} {spent(seconds)}"


def manifest_rows(manifest: Manifest) -> list[tuple[object, ...]]:
    """The values of ``COLUMNS`` for each declared topic."""
    return [_values(topic) for topic in manifest.topics.values()]


def _values(topic: Topic) -> tuple[object, ...]:
    settings = " ".join(f"{key}={value}" for key, value in topic.spec.config.items())
    spec = topic.spec
    return (
        topic.name,
        topic.parts.kind,
        spec.partitions,
        spec.replication_factor,
        settings,
        _nodes(topic.publishers),
        _nodes(topic.subscribers),
    )


def _nodes(declarations: Iterable[Declaration]) -> str:
    return ", ".join(dict.fromkeys(declaration.node for declaration in declarations))


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
