"""The real contracts of the shared corpus, held against a count that shares no code with the extractor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from omni_assets.contracts import ContractTopicExtractor, Manifest

NAME = re.compile(r"onex\.(cmd|evt|intent|dlq|snapshot)(\.[a-z0-9]+(-[a-z0-9]+)*){2}\.v[1-9][0-9]*")
ALONE = re.compile(r"\s*(?:- |[\w.-]+: )*[\"']?onex\.(cmd|evt|intent|dlq|snapshot)\.[^\s\"']+[\"']?:?\s*(#.*)?")


@pytest.fixture(scope="module")
def manifest(corpus: Path) -> Manifest:
    return ContractTopicExtractor().extract([str(corpus)])


@pytest.fixture(scope="module")
def loaded(corpus: Path) -> dict[str, Any]:
    return {str(path): yaml.safe_load(path.read_text()) for path in corpus.rglob("contract.yaml")}


def stated(contract: dict[str, Any]) -> Iterator[Any]:
    """The names in the forms, as a reader of the corpus would write it down."""
    bus = contract.get("event_bus") or {}
    for key in ("subscribe_topics", "publish_topics", "dlq_topics"):
        for each in bus.get(key) or []:
            yield each["topic"] if isinstance(each, dict) else each
    yield (bus.get("subscribe") or {}).get("topic")
    for key in ("success_topic", "failure_topic"):
        yield (bus.get("publish") or {}).get(key)
    for key in ("subscribe_topic_metadata", "publish_topic_metadata"):
        yield from bus.get(key) or {}
    for key in ("consumed_events", "published_events"):
        for each in contract.get(key) or []:
            yield from (each.get(part) for part in ("topic", "topic_suffix", "full_topic_pattern"))
    for each in contract.get("output_models") or []:
        yield each.get("topic")
    for each in contract.get("io_operations") or []:
        yield from (each.get("input_topic"), each.get("output_topic"))
    for key in ("event_sources", "event_outputs"):
        for each in contract.get(key) or []:
            yield each.get("topic")
    for each in (contract.get("events") or {}).get("emitted") or []:
        yield each.get("topic")
    kafka = contract.get("kafka") or {}
    yield from (kafka.get("input_topic"), kafka.get("output_topic"))
    yield from contract.get("input_subscriptions") or []
    yield from contract.get("emits") or []
    yield contract.get("terminal_event")


def outside(contract: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Topics of which a contract says that somebody outside publishes them, each with the name that it gives there."""
    for topic, said in ((contract.get("event_bus") or {}).get("subscribe_topic_metadata") or {}).items():
        if publisher := said.get("external_publisher"):
            yield topic, publisher.get("topic")


def test_every_contract_is_read(manifest: Manifest, loaded: dict[str, Any]) -> None:
    assert len(manifest.contracts) == len(loaded) == 183
    assert all(contract.digest for contract in manifest.contracts)
    assert len({contract.node for contract in manifest.contracts}) == 183


def test_topics_and_declarations_are_those_of_a_plain_loader(manifest: Manifest, loaded: dict[str, Any]) -> None:
    names = [name for contract in loaded.values() for name in stated(contract) if name]
    beyond = [name for contract in loaded.values() for _, name in outside(contract) if name]
    well_formed = [name for name in names if NAME.fullmatch(name)]
    declarations = [each for topic in manifest.topics.values() for each in (*topic.publishers, *topic.subscribers)]
    assert Counter(each.topic for each in declarations) == Counter(well_formed)
    assert len(manifest.topics) == len(set(well_formed)) == 298
    malformed = Counter(each.topic for each in manifest.findings if each.rule.name == "malformed-name")
    assert malformed == Counter(name for name in (*names, *beyond) if not NAME.fullmatch(name))
    assert malformed.total() == 190
    assert all("_" in str(name) for name in malformed)


def test_misnamed_declarations_are_kept_for_what_looks_for_them(manifest: Manifest) -> None:
    """One of the malformed names is that of an outside publisher, and no declaration of anybody here."""
    misnamed = [each for contract in manifest.contracts for each in contract.misnamed]
    assert len(misnamed) == 189
    malformed = {each.location for each in manifest.findings if each.rule.name == "malformed-name"}
    assert {each.location for each in misnamed} < malformed


def test_outside_publishers_are_those_of_a_plain_loader(manifest: Manifest, loaded: dict[str, Any]) -> None:
    pairs = [pair for contract in loaded.values() for pair in outside(contract)]
    said = Counter(name for pair in pairs for name in pair if name and NAME.fullmatch(name))
    assert Counter(each.topic for contract in manifest.contracts for each in contract.outside) == said
    assert said.total() == 8


def test_findings_are_what_a_reader_of_the_corpus_agrees_with(manifest: Manifest) -> None:
    counts = Counter((each.rule.name, each.severity.value) for each in manifest.findings)
    assert counts == {
        ("malformed-name", "error"): 190,
        ("unread-declaration", "warning"): 3,
    }
    (foreign,) = (each for each in manifest.errors if not each.fix.startswith("write `onex."))
    assert foreign.topic == "system.alert.tool_degraded"
    assert {each.message.split("`")[3] for each in manifest.findings if each.rule.name == "unread-declaration"} == {
        "event_bus.topics.directed",
        "event_bus.topics.broadcast",
        "event_bus.topic_base",
    }


def test_every_line_that_holds_a_name_alone_is_declared_or_reported(manifest: Manifest, corpus: Path) -> None:
    known = {
        (location.path, location.line)
        for location in (
            *(each.location for contract in manifest.contracts for each in contract.declarations),
            *(each.location for each in manifest.findings),
        )
    }
    lines = 0
    for path in corpus.rglob("contract.yaml"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if ALONE.fullmatch(line):
                lines += 1
                assert (str(path), number) in known, f"{path}:{number}: {line}"
    assert lines > 800


def test_places_are_exact(manifest: Manifest) -> None:
    for contract in manifest.contracts:
        lines = Path(contract.location.path).read_text().splitlines()
        for declaration in contract.declarations:
            line, column = declaration.location.line, declaration.location.column
            assert lines[line - 1][column - 1 :].lstrip("\"'").startswith(declaration.topic)
