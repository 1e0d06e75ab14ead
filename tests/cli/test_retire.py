"""``omni retire`` as its users drive it."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import NewTopic

pytestmark = pytest.mark.broker

OLD = "onex.evt.router.routing-done.v1"
HEIR = "onex.evt.router.routing-complete.v1"


@pytest.fixture
def old(provisioned, admin):
    """The project, with a topic that no contract names any more."""
    admin.create_topics([NewTopic(OLD, 1, 1)])[OLD].result()
    return provisioned


def test_it_shows_every_step_and_what_is_next(old):
    ran = old.omni("retire", OLD, "--renamed-to", HEIR)
    assert ran.code == 1
    title, header, *rows, last = ran.out.splitlines()
    assert title == f"{OLD} -> {HEIR}"
    assert header.split() == ["STEP", "STANDS", "SEEN"]
    assert [row[:14].strip() for row in rows] == ["provision", "write both", "move readers", "drain", "delete"]
    assert last == f"next: write both. Let the publishers of `{OLD}` write to both."
    listed = old.omni("retire", "--list")
    assert listed.code == 1
    assert listed.out.splitlines()[1].split()[:4] == [OLD, HEIR, "write", "both"]
    assert listed.out.splitlines()[-1] == "1 topic being retired"
    assert "retiring" in old.omni("drift").out
    assert old.omni("retire", OLD, "--cancel").out == f"{OLD} is no longer retired\n"
    assert old.omni("retire", "--list").code == 0


def test_a_delete_needs_its_own_yes(old, admin):
    asked = ("retire", OLD, "--quiet-for", "1ms", "--format", "json")
    assert old.omni(*asked).document["stage"] == "drain"
    ready = old.omni(*asked, "--delete")
    assert ready.code == 1
    assert ready.document["stage"] == "delete"
    assert ready.document["deletable"] is True
    assert OLD in admin.list_topics(timeout=10).topics
    ended = old.omni("retire", OLD, "--delete", "--approve", "--format", "json")
    assert ended.code == 0
    assert ended.document["stage"] == "ended"
    assert ended.document["applied"]["applied"] == 1
    assert OLD not in admin.list_topics(timeout=10).topics
    rows = old.omni("sql", "SELECT topic, action, outcome FROM audit WHERE event = 'step'", "--format", "json")
    assert rows.document["rows"] == [[OLD, "delete", "applied"]]


def test_a_topic_that_is_declared_is_not_deleted(old):
    ran = old.omni("retire", HEIR, "--delete", "--approve")
    assert (ran.code, ran.out) == (2, "")
    assert f"`{HEIR}` is not retired so: `router` (contracts/router/contract.yaml:" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name the TOPIC that ends, or say --list"),
        ((OLD, "--list"), "name the TOPIC that ends, or say --list"),
        ((OLD, "--approve"), "it approves --delete"),
        ((OLD, "--cancel", "--delete"), "say one of --list, --cancel and --delete"),
        ((OLD, "--quiet-for", "soon"), "is not a duration"),
        ((OLD, "--quiet-for", "0"), "it is not between 1 ms and 10 years"),
    ],
)
def test_usage_errors_are_one_sentence_and_the_way_out(project, arguments, words):
    ran = project.omni("retire", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err.splitlines()[0]
