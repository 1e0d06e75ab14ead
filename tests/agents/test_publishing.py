"""A node publishes what its contract names, of the shape that the topic's contract says, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.echo import echo
from omni_assets.agents.events import Event, from_record
from omni_assets.agents.handlers import Said
from omni_assets.agents.payloads import Payloads, PayloadUnfit
from omni_assets.agents.publishing import BYTES, NotDeclared, Outlet, Shadow
from omni_assets.contracts import ContractTopicExtractor, Manifest
from omni_assets.contracts.payloads import payloads

PROJECT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 26, 1, tzinfo=UTC)
ASKED, DONE = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
LETTERS = "onex.dlq.echo.dead-letter.v1"
WITHOUT_SCHEMA = "onex.evt.reviewer.approval-requested.v1"
CAUSE = Event("cause", "/console", ASKED, "branch-1", correlation_id="beginning", data=b'{"text": "hello"}')


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return ContractTopicExtractor().extract([str(PROJECT / "contracts")])


def outlet(manifest: Manifest, node: str = "echo") -> Outlet:
    return Outlet(manifest, node, Payloads(payloads(manifest)), now=lambda: NOW)


def written(manifest: Manifest, said: Said, cause: Event = CAUSE) -> Event:
    record = outlet(manifest).publish(said, cause, "id", b"k")
    assert record.key == b"k"
    return from_record(record.key, record.value, record.headers)


def test_echo_says_what_it_was_told(manifest: Manifest) -> None:
    edge = outlet(manifest)
    edge.accept(ASKED, CAUSE)
    record = edge.publish(echo(CAUSE), CAUSE, "id", b"k")
    assert record.topic == DONE
    assert from_record(record.key, record.value, record.headers) == Event(
        "id", "/omni-assets/echo", DONE, "branch-1", NOW, "beginning", "cause", CAUSE.data
    )


def test_what_begins_is_what_all_that_follows_belongs_to(manifest: Manifest) -> None:
    first = Event("first", "/console", ASKED, data=CAUSE.data)
    event = written(manifest, echo(first), first)
    assert (event.correlation_id, event.causation_id, event.subject) == ("first", "first", None)


def test_what_the_contract_does_not_name_is_refused_with_both_names(manifest: Manifest) -> None:
    wrong = "onex.evt.echo.echo_completed.v1"
    with pytest.raises(NotDeclared) as refused:
        written(manifest, Said({"text": "a"}, wrong))
    assert str(refused.value) == f"`echo` may not publish `{wrong}`: its contract names `{DONE}`"
    with pytest.raises(NotDeclared) as refused:
        written(manifest, Said({}, "onex.evt.merger.pull-request-merged.v1"))
    assert (
        str(refused.value)
        == f"`echo` may not publish `onex.evt.merger.pull-request-merged.v1`: its contract names `{DONE}`"
    )
    with pytest.raises(NotDeclared, match=f"`echo` may not publish `{ASKED}`"):
        written(manifest, Said({"text": "a"}, ASKED))


def test_a_node_with_several_topics_says_which(manifest: Manifest) -> None:
    with pytest.raises(
        NotDeclared, match=r"`reviewer` does not say which topic it publishes: its contract names `onex.cmd"
    ):
        outlet(manifest, "reviewer").publish(Said({}), CAUSE, "id", None)
    record = outlet(manifest, "reviewer").publish(Said({}, WITHOUT_SCHEMA), CAUSE, "id", None)
    assert record.topic == WITHOUT_SCHEMA


def test_a_node_that_is_not_there_publishes_nothing(manifest: Manifest) -> None:
    edge = outlet(manifest, "nobody")
    assert (edge.topics, edge.dead_letters) == (frozenset(), "")
    with pytest.raises(NotDeclared, match="its contract names none"):
        edge.publish(Said({}), CAUSE, "id", None)


def test_where_dead_letters_go(manifest: Manifest) -> None:
    assert outlet(manifest).dead_letters == LETTERS
    assert outlet(manifest).topics == {DONE, LETTERS}
    assert outlet(manifest, "console").dead_letters == ""


def test_what_goes_out_fits_its_schema_too(manifest: Manifest) -> None:
    with pytest.raises(PayloadUnfit, match="'text' is a required property"):
        written(manifest, Said({"message": "a"}))
    with pytest.raises(PayloadUnfit, match="'text' is a required property"):
        outlet(manifest).accept(ASKED, Event("1", "a", ASKED, data=b"{}"))


def test_bytes_are_json_where_a_schema_says_so_and_bytes_elsewhere(manifest: Manifest) -> None:
    assert written(manifest, Said(b'{"text": "a"}')).content_type == "application/json"
    record = outlet(manifest, "reviewer").publish(Said(b"\xff", WITHOUT_SCHEMA), CAUSE, "id", None)
    event = from_record(record.key, record.value, record.headers)
    assert (event.data, event.content_type) == (b"\xff", BYTES)


@pytest.mark.parametrize("key", ["branch-1", 42])
def test_a_key_that_no_record_can_have_is_no_event(manifest: Manifest, key: Any) -> None:
    """A producer raises for it what ends its worker, and whoever comes next."""
    with pytest.raises(Hopeless, match=f"is no event: its key is of the type `{type(key).__name__}`, and keys are"):
        outlet(manifest).publish(Said({"text": "a"}), CAUSE, "id", key)


@pytest.mark.parametrize("data", [{"text": {1}}, {"text": float("nan")}, {"text": "\ud800"}, object()])
def test_what_is_no_json_is_refused(data: object, manifest: Manifest) -> None:
    with pytest.raises(Hopeless, match="what it says is no JSON"):
        written(manifest, Said(data))


def test_a_shadow_gets_what_the_contract_lets_through_and_says_where_it_would_have_gone(manifest: Manifest) -> None:
    edge = Shadow(outlet(manifest), "onex.evt.shadow.seen.v1")
    meant, record = (
        outlet(manifest).publish(echo(CAUSE), CAUSE, "id", b"k"),
        edge.publish(echo(CAUSE), CAUSE, "id", b"k"),
    )
    seen = from_record(record.key, record.value, record.headers)
    assert (record.topic, record.key, record.value) == ("onex.evt.shadow.seen.v1", meant.key, meant.value)
    assert (seen.id, seen.type, dict(seen.extensions)) == ("id", DONE, {"originaltopic": DONE})
    assert edge.dead_letters == ""
    with pytest.raises(NotDeclared):
        edge.publish(Said({}, "onex.evt.shadow.seen.v1"), CAUSE, "id", None)
    with pytest.raises(PayloadUnfit):
        edge.accept(ASKED, Event("cause", "/console", ASKED, data=b"{}"))


def test_intents_and_questions_are_no_answers_of_a_handler(tmp_path: Path) -> None:
    (tmp_path / "merger").mkdir()
    (tmp_path / "merger" / "contract.yaml").write_text(
        "name: merger\nhandler:\n  kind: python\n  entry: 'a:b'\n  effects: [merge]\n"
        "  approvals: {requests: onex.evt.merger.asked.v1, answers: onex.cmd.merger.answer.v1}\n"
        "event_bus:\n  publish_topics: [onex.evt.merger.merged.v1, onex.intent.merger.merge.v1]\n"
    )
    edge = outlet(ContractTopicExtractor().extract([str(tmp_path)]), "merger")
    assert edge.publish(Said({}), CAUSE, "id", None).topic == "onex.evt.merger.merged.v1"
    assert edge.publish(Said({}, "onex.evt.merger.asked.v1"), CAUSE, "id", None).topic == "onex.evt.merger.asked.v1"
