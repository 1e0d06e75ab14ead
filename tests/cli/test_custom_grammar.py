"""A project with names of its own, another prefix, other kinds, snake case, the producer first: it works throughout."""

from __future__ import annotations

import pytest

SETTINGS = """\
[grammar]
pattern = "acme.{producer}.{kind}.{event}.{N}"
kinds = ["event", "command", "dead_letters"]
segment = "[a-z]+(?:_[a-z]+)*"
command_kinds = ["command"]
dead_letter_kinds = ["dead_letters"]
kinds_without_event = ["dead_letters"]

[defaults.event]
partitions = 2
"""
SHOP = """\
name: shop
event_bus:
  subscribe_topics:
    - acme.shop.command.place_order.1
  publish_topics:
    - topic: acme.shop.event.order_placed.1
      partitions: 3
  dlq_topics:
    - acme.shop.dead_letters.1
  publish_topic_metadata:
    acme.shop.event.order_cancelled.2: {keyed: true}
"""
BANK = """\
name: bank
emits:
  - acme.shop.command.place_order.1
consumed_events:
  - topic: "{env}.acme.shop.event.order_placed.1"
  - topic: acme.shop.event.order_cancelled.2
"""
TOPICS = {
    "acme.shop.command.place_order.1": 1,
    "acme.shop.dead_letters.1": 1,
    "acme.shop.event.order_cancelled.2": 2,
    "acme.shop.event.order_placed.1": 3,
}


@pytest.fixture
def custom(project):
    """The project under its own grammar, with two contracts."""
    (project.folder / "omni.toml").write_text(SETTINGS, encoding="utf-8")
    project.contract("router", SHOP)
    project.contract("bank", BANK)
    return project


def codes(ran) -> list[tuple[str, int]]:
    return sorted((each["code"], each["line"]) for each in ran.document["findings"] if each["severity"] != "note")


def test_its_contracts_are_clean(custom) -> None:
    ran = custom.omni("check", "--strict", "--format", "json")
    assert codes(ran) == []
    assert ran.code == 0


def test_its_mistakes_are_found(custom) -> None:
    custom.contract(
        "stranger",
        "name: stranger\nevent_bus:\n  publish_topics:\n    - acme.shop.event.order-placed.1\n"
        "    - onex.evt.shop.order-placed.v1\n    - acme.event.shop.order_placed.1\n"
        "elsewhere: acme.shop.event.order_lost.1\nnote: onex.evt.shop.order-placed.v1\n",
    )
    ran = custom.omni("check", "--format", "json", "--select", "OM1")
    assert ran.code == 1
    assert codes(ran) == [("OM101", 4), ("OM101", 5), ("OM101", 6), ("OM103", 7)]
    (first, *_) = (each for each in ran.document["findings"] if each["line"] == 4)
    assert first["fix"] == "write `acme.shop.event.order_placed.1`"


def test_its_topics_are_listed_with_their_kinds(custom) -> None:
    ran = custom.omni("topics", "--format", "json")
    assert ran.code == 0
    listed = {each["name"]: (each["kind"], each["spec"]["partitions"]) for each in ran.document["topics"]}
    assert listed == {name: (name.split(".")[2], partitions) for name, partitions in TOPICS.items()}


@pytest.mark.broker
def test_its_topics_are_provisioned(custom, start_broker) -> None:
    start_broker(custom.home)
    first = custom.omni("provision")
    assert first.code == 0
    assert first.out.splitlines()[:-1] == [f"created {topic}" for topic in TOPICS]
    drift = custom.omni("drift", "--format", "json")
    assert drift.code == 0, drift
    assert custom.omni("provision").out.startswith("4 existed")


def test_a_grammar_that_cannot_work_is_named(custom) -> None:
    settings = SETTINGS.replace('kinds_without_event = ["dead_letters"]', 'kinds_without_event = ["dead"]')
    (custom.folder / "omni.toml").write_text(settings, encoding="utf-8")
    ran = custom.omni("check")
    assert ran.code == 2
    assert "`grammar`: the kind 'dead' of `kinds_without_event` is none of event, command, dead_letters." in ran.err
