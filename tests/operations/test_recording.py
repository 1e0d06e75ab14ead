"""What the projection says of its columns names the values that the other floors give them."""

from __future__ import annotations

import re

import pytest

from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.outcomes import Outcome
from omni_assets.operations.recording import BEGUN, declare
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS
from omni_assets.projection.question import ask

WORDS = {
    ("drift", "kind"): set(DriftKind),
    ("drift_history", "kind"): set(DriftKind),
    ("drift", "verdict"): set(Verdict) - {Verdict.IN_SYNC},
    ("provision_log", "outcome"): {*Outcome, BEGUN},
    ("provision_log", "trigger"): {"provision", "validate", "boot", "demo", "dagster"},
}


@pytest.mark.parametrize(("table", "column"), WORDS)
def test_a_description_names_every_value(table: str, column: str) -> None:
    named = set(re.findall(r"[a-z_]+", COLUMN_DESCRIPTIONS[table][column]))
    assert {str(each) for each in WORDS[table, column]} <= named
    assert named.isdisjoint({"orphan", "in_sync"})


def test_what_publishers_promise_is_projected(write_contract, context_of):
    write_contract(
        "event_bus:\n  publish_topics:\n"
        "    - {topic: onex.evt.router.beat.v1, expected_every: 15min}\n    - onex.evt.router.asked.v1\n"
    )
    context = context_of("broker:9092")
    declare(context, context.manifest())
    rows = ask(context.home, "SELECT name, expected_every_ms FROM declared_topics ORDER BY name").rows
    assert rows == (("onex.evt.router.asked.v1", None), ("onex.evt.router.beat.v1", 900_000))
