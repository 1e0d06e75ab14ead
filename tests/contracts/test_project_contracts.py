"""The project's own contracts: what they promise to whoever reads them, and to the demo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from omni_assets import settings
from omni_assets.contracts import Manifest
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.operations.context import resolve

PROJECT = Path(__file__).resolve().parents[2]
ROUTER = ("scoring-decision", "routing-complete", "routing-failed")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return ContractTopicExtractor().extract([str(PROJECT / "contracts")])


def nodes(manifest: Manifest, topic: str) -> tuple[set[str], set[str]]:
    found = manifest.topics[topic]
    return {each.node for each in found.publishers}, {each.node for each in found.subscribers}


def test_they_are_clean(manifest: Manifest) -> None:
    assert manifest.findings == ()
    assert len(manifest.contracts) == 11
    for contract in manifest.contracts:
        path = Path(contract.location.path)
        assert contract.node == path.parent.name
        assert "description:" in path.read_text()


def test_everything_published_is_read_and_everything_read_is_published(manifest: Manifest) -> None:
    for topic in manifest.topics.values():
        assert topic.publishers, topic.name
        # An intent is read by the workers of the node that wrote it down.
        assert topic.subscribers or topic.parts.kind == "intent", topic.name


def test_work_begins_and_ends_at_the_console(manifest: Manifest) -> None:
    for topic in manifest.topics.values():
        publishers, subscribers = nodes(manifest, topic.name)
        if topic.parts.kind == "cmd":
            assert "console" in publishers
            assert subscribers == {topic.parts.producer}
        if topic.parts.kind in ("dlq", "snapshot"):
            assert subscribers == {"console"}
    with_dead_letters = {topic.parts.producer for topic in manifest.topics.values() if topic.parts.kind == "dlq"}
    assert with_dead_letters == {contract.node for contract in manifest.contracts} - {"console"}


def test_review_drives_merge_and_merge_drives_the_watcher(manifest: Manifest) -> None:
    assert nodes(manifest, "onex.evt.reviewer.review-complete.v1") == ({"reviewer"}, {"merger"})
    assert nodes(manifest, "onex.evt.merger.pull-request-merged.v1") == ({"merger"}, {"ci-watcher"})
    assert nodes(manifest, "onex.cmd.router.route-request.v1")[1] == {"router"}
    for event in ROUTER:
        publishers, subscribers = nodes(manifest, f"onex.evt.router.{event}.v1")
        assert publishers == {"router"}
        assert "receipt-recorder" in subscribers


def test_the_ledger_keeps_everything(manifest: Manifest) -> None:
    spec = manifest.topics["onex.evt.receipt-recorder.receipt-recorded.v1"].spec
    assert spec.keyed is True
    assert spec.config == {"cleanup.policy": "delete", "retention.bytes": "-1", "retention.ms": "-1"}


def test_settings_differ(manifest: Manifest) -> None:
    specs = [topic.spec for topic in manifest.topics.values()]
    assert {1, 3, 6} <= {spec.partitions for spec in specs}
    assert {True, False} <= {spec.keyed for spec in specs}
    assert len({spec.config.get("retention.ms") for spec in specs}) >= 6
    assert {"compact", "compact,delete", "delete"} <= {spec.config.get("cleanup.policy", "delete") for spec in specs}


def test_most_forms_are_shown(manifest: Manifest) -> None:
    forms = {each.form for contract in manifest.contracts for each in contract.declarations}
    assert len(forms) >= 11


def test_the_settings_file_holds_no_topic_and_suits_a_broker_of_any_size() -> None:
    assert not re.search(r"\w+\.(cmd|evt|intent|dlq|snapshot)\.", (PROJECT / "omni.toml").read_text())
    loaded = settings.load(PROJECT)
    assert loaded.default_environment is None
    assert loaded.environment("staging").limits.partitions == 12
    context = resolve(environ={}, folder=PROJECT)
    manifest = context.manifest()
    assert manifest.findings == ()
    assert {topic.spec.replication_factor for topic in manifest.topics.values()} <= {None, 1}
    dead_letters = manifest.topics["onex.dlq.reviewer.dead-letter.v1"]
    assert dead_letters.spec.config == {"retention.ms": "5184000000"}
