"""Everything that is known about one topic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from omni_assets.cli.tables import INDENT, Line, Row, paragraph, plain_row, table
from omni_assets.cli.views.drift import drift_document, drift_lines, moment
from omni_assets.cli.views.settings import settings_text
from omni_assets.cli.words import age
from omni_assets.contracts.model import Declaration, Severity
from omni_assets.contracts.rendering.renderers import (
    companions,
    declaration_document,
    finding_document,
    finding_head,
    topic_document,
)
from omni_assets.contracts.rules import TEMPLATE_NAME
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.operations.explain import Explanation

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def fails(found: Explanation) -> bool:
    """Whether something is wrong: no contract declares the topic, or it has errors."""
    return found.ends is None or any(each.severity is Severity.ERROR for each in found.findings)


def explanation_lines(found: Explanation, width: int | None) -> list[Line]:
    """The name and what it is, then a part each for its ends, findings, near names and the broker."""
    parts = [
        [*paragraph(found.name, width, "bold"), *paragraph(_what(found), width)],
        _ends(found, width),
        *_findings(found, width),
        _near(found, width),
        _seen(found, width),
    ]
    lines: list[Line] = []
    for part in filter(None, parts):
        lines += [[], *part] if lines else part
    return lines


def explanation_document(found: Explanation) -> dict[str, Any]:
    """What ``--format json`` writes."""
    topic, ends, seen = found.topic, found.ends, found.seen
    return {
        "name": found.name,
        "declared": ends is not None,
        "topic": topic and topic_document(topic),
        "publishers": [declaration_document(each) for each in ends.publishers] if ends else [],
        "subscribers": [declaration_document(each) for each in ends.subscribers] if ends else [],
        "published_outside": bool(ends and ends.published_outside),
        "subscribed_outside": bool(ends and ends.subscribed_outside),
        "findings": [finding_document(each) for each in found.findings],
        "near": [
            {
                "name": each.near.name,
                "reason": each.near.reason.value,
                "difference": each.near.difference(found.name),
                **declaration_document(each.declaration),
            }
            for each in found.near
        ],
        "broker": seen
        and {
            "bootstrap_servers": seen.bootstrap_servers,
            "observed_at": moment(seen.observed_at),
            "drift": [drift_document(row) for row in seen.drift],
        },
    }


def _what(found: Explanation) -> str:
    if found.topic is None:
        return _no_topic(found)
    parts, spec = found.topic.parts, found.topic.spec
    event = f"`{parts.event}` of `{parts.producer}`" if parts.event else f"of `{parts.producer}`"
    replicas = [] if spec.replication_factor is None else [count(spec.replication_factor, "replica")]
    partitions = [] if spec.partitions is None else [count(spec.partitions, "partition")]
    config = [] if not spec.config else [settings_text(spec.config)]
    every = spec.expected_every
    expected = [] if every is None else [f"a record expected every {readable('expected_every', str(every))}"]
    keyed = {True: ["keyed"], False: ["not keyed"], None: []}[spec.keyed]
    blocked = f"; not touched: {found.topic.blocked}" if found.topic.blocked else ""
    stated = ", ".join([*partitions, *replicas, *keyed, *config, *expected]) or "settings are left to the broker"
    return f"{parts.kind} {event}, version {parts.version}: {stated}{blocked}"


def _no_topic(found: Explanation) -> str:
    if found.ends is not None:
        return "declared, but no topic: the name breaks the grammar"
    if any(each.rule is TEMPLATE_NAME for each in found.findings):
        return "declared, but no topic: a template stands for many"
    return "no contract declares it"


def _ends(found: Explanation, width: int | None) -> list[Line]:
    if found.ends is None:
        return []
    rows = [_row(each) for each in (*found.ends.publishers, *found.ends.subscribers)]
    outside = (
        (found.ends.published_outside, "publishes"),
        (found.ends.subscribed_outside, "subscribes"),
    )
    rows += [plain_row("outside", role, "-", "-") for holds, role in outside if holds]
    return table(("NODE", "ROLE", "PLACE", "FORM"), rows, width)


def _row(each: Declaration) -> Row:
    return plain_row(each.node, each.role.value, str(each.location), each.form)


def _findings(found: Explanation, width: int | None) -> Iterator[list[Line]]:
    for each in found.findings:
        lines = paragraph(finding_head(each), width, _STYLES[each.severity])
        for companion in companions(each):
            lines += paragraph(companion, width, "dim", INDENT)
        yield lines


def _near(found: Explanation, width: int | None) -> list[Line]:
    lines: list[Line] = []
    for each in found.near:
        where, difference = each.declaration.location, each.near.difference(found.name)
        lines += paragraph(f"near `{each.near.name}` ({where.path}:{where.line}): {difference}", width)
    return lines


def _seen(found: Explanation, width: int | None) -> list[Line]:
    if found.seen is None:
        return paragraph("no broker was observed yet: `omni drift` does", width, "dim")
    now = datetime.now(UTC)
    ago = age(found.seen.observed_at, now)
    when = f"{found.seen.bootstrap_servers}, observed {'just now' if ago == 'now' else f'{ago} ago'}"
    if not found.seen.drift:
        return paragraph(f"no drift at {when}", width, "green" if found.topic else "dim")
    return [*drift_lines(found.seen.drift, now, width), *paragraph(f"at {when}", width, "dim")]
