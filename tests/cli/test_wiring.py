"""``omni wiring`` and ``omni explain``: who feeds whom, and everything about one topic."""

from __future__ import annotations

import json
import re

import pydot
import pytest

MISSPELT = "onex.evt.router.routing_complete.v1"
MEANT = "onex.evt.router.routing-complete.v1"
READER = f"name: reader\nevent_bus: {{subscribe_topics: [{MISSPELT}]}}\n"
HOSTILE = '"]; evil [label=\\"<img src=x>\\"] %% --> end'


def test_wiring_for_people(project, topics):
    project.contract("reader", READER)
    ran = project.omni("wiring")
    assert ran.code == 1
    assert ran.err == "omni: 1 error in contracts: `omni check` lists it.\n"
    lines = ran.out.splitlines()
    assert lines[0].split() == ["PUBLISHERS", "TOPIC", "SUBSCRIBERS"]
    assert [line.split()[1] for line in lines[1:4]] == list(topics)
    assert f"near `{MEANT}`; they differ in `_` and `-`" in ran.out
    assert lines[-1] == "2 nodes, 4 topics: 0 wired, 2 without a publisher, 2 without a subscriber; 1 near miss"


def test_an_error_in_the_wiring_alone_is_one(project):
    """A command that nobody handles, and a near miss between two names of which each is well formed."""
    order = "onex.cmd.reviewer.review-diff.v1"
    project.contract("planner", f"name: planner\nevent_bus: {{publish_topics: [{order}]}}\n")
    ran = project.omni("wiring")
    assert (ran.code, ran.err) == (1, "omni: 1 error in contracts: `omni check` lists it.\n")
    assert project.omni("wiring", "--format", "dot").code == 1
    assert project.omni("wiring", "--around", "router").code == 0, "it is not in what is drawn"
    assert project.omni("wiring", "--around", order).code == 1
    project.contract("reader", "name: reader\nevent_bus: {subscribe_topics: [onex.evt.router.scoring-decisions.v1]}\n")
    ran = project.omni("wiring")
    assert (ran.code, ran.err) == (1, "omni: 2 errors in contracts: `omni check` lists them.\n")


def test_warnings_count_where_it_is_strict(project):
    project.contract("reader", "name: reader\nevent_bus: {subscribe_topics: [onex.evt.other.thing.v1]}\n")
    assert project.omni("wiring").code == 0
    ran = project.omni("wiring", "--strict")
    assert (ran.code, ran.err) == (1, "omni: 1 warning in contracts: `omni check` lists it.\n")
    assert project.omni("wiring", "--strict", "--around", "router").code == 0, "notes never do"
    project.contract("planner", "name: planner\nevent_bus: {publish_topics: [onex.cmd.reviewer.review-diff.v1]}\n")
    ran = project.omni("wiring", "--strict", "--format", "dot")
    assert (ran.code, ran.err) == (1, "omni: 1 error, 1 warning in contracts: `omni check` lists them.\n")


def test_what_the_settings_do_not_count_is_no_error_here_either(project):
    project.contract("planner", "name: planner\nevent_bus: {publish_topics: [onex.cmd.reviewer.review-diff.v1]}\n")
    (project.folder / "omni.toml").write_text('[check.severity]\nno-subscriber = "warning"\n')
    assert project.omni("wiring").code == 0


def test_wiring_for_programs(project):
    project.contract("reader", READER)
    document = project.omni("wiring", "--format", "json").document
    assert [node["name"] for node in document["nodes"]] == ["reader", "router"]
    states = {topic["name"]: topic["state"] for topic in document["topics"]}
    assert (states[MISSPELT], states[MEANT]) == ("starving", "unread")
    assert document["near_misses"] == [{"topic": MISSPELT, "near": MEANT, "reason": "separator"}]
    assert document["counts"] == {"nodes": 2, "topics": 4, "wired": 0, "starving": 2, "unread": 2}


def test_wiring_around_a_node_or_a_topic(project):
    project.contract("reader", "name: reader\nevent_bus: {subscribe_topics: [onex.evt.other.thing.v1]}\n")
    found = project.omni("wiring", "--around", "router", "--format", "json").document
    assert [node["name"] for node in found["nodes"]] == ["router"]
    found = project.omni("wiring", "--around", MEANT, "--format", "json").document
    assert [topic["name"] for topic in found["topics"]] == [MEANT]
    ran = project.omni("wiring", "--around", "routr")
    assert (ran.code, ran.out) == (2, "")
    assert "Perhaps `router` is meant." in ran.err


def test_mermaid_is_one_statement_a_line_whatever_names_hold(project):
    project.contract("hostile", f"name: '{HOSTILE}'\nevent_bus: {{publish_topics: ['{HOSTILE}']}}\n")
    ran = project.omni("wiring", "--format", "mermaid")
    first, *lines = ran.out.splitlines()
    assert first == "flowchart LR"
    statement = re.compile(
        r'  (n\d+\["[\w #;.,/-]*"\]|t\d+\(\["[\w #;.,/-]*"\]\):::\w+|[nt]\d+ --> [nt]\d+|t\d+ -\. [a-z ]+ \.- t\d+'
        r"|classDef \w+ [\w:#, -]+)"
    )
    assert [line for line in lines if not statement.fullmatch(line)] == []
    assert "evil" in ran.out


@pytest.mark.filterwarnings("ignore:.*deprecated - use:DeprecationWarning")
def test_dot_is_read_by_a_parser_of_its_language_whatever_names_hold(project):
    project.contract("hostile", f"name: '{HOSTILE}'\nevent_bus: {{publish_topics: ['{HOSTILE}']}}\n")
    project.contract("reader", READER)
    (graph,) = pydot.graph_from_dot_data(project.omni("wiring", "--format", "dot").out)
    nodes = [node for node in graph.get_nodes() if node.get_name() != "node"]
    assert sorted(node.get_name() for node in nodes) == ["n0", "n1", "n2", "t0", "t1", "t2", "t3", "t4"]
    assert len(graph.get_edges()) == 5 + 1
    labels = {node.get_name(): json.loads(node.get_label()) for node in nodes}
    assert labels["n0"] == HOSTILE


def test_explain_a_topic(project):
    project.contract("reader", f"name: reader\nevent_bus: {{subscribe_topics: [{MEANT}]}}\n")
    ran = project.omni("explain", MEANT)
    assert ran.code == 0
    head, what, *_ = ran.out.splitlines()
    assert head == MEANT
    assert what == "evt `routing-complete` of `router`, version 1: 3 partitions, retention 7d"
    assert re.search(
        r"router +publishes +contracts/router/contract\.yaml:4:14 +event_bus\.publish_topics\[\]\.topic", ran.out
    )
    assert re.search(r"reader +subscribes +contracts/reader/contract\.yaml:2:\d+", ran.out)
    assert "no broker was observed yet" in ran.out


def test_explain_says_how_often_a_record_is_expected(project):
    topic = "onex.evt.beacon.beat.v1"
    project.contract(
        "beacon", f"name: beacon\nevent_bus: {{publish_topics: [{{topic: {topic}, expected_every: 15min}}]}}\n"
    )
    assert project.omni("explain", topic).out.splitlines()[1].endswith(", a record expected every 15min")
    assert project.omni("explain", topic, "--format", "json").document["topic"]["spec"]["expected_every_ms"] == 900_000


def test_explain_a_name_that_nobody_declares(project):
    ran = project.omni("explain", MISSPELT)
    assert ran.code == 1
    assert "no contract declares it" in ran.out
    assert f"near `{MEANT}` (contracts/router/contract.yaml:4): they differ in `_` and `-`" in ran.out


@pytest.mark.parametrize("front", ["{env}.", "${ENV}.", "kafka://broker:9092/"])
def test_explain_leaves_out_what_a_contract_leaves_out(project, front):
    ran = project.omni("explain", front + MEANT)
    assert (ran.code, ran.out.splitlines()[0]) == (0, MEANT)


def test_explain_a_template(project):
    project.contract("mailer", "name: mailer\nevent_bus: {publish_topics: ['onex.evt.mailer.box-{id}.v1']}\n")
    ran = project.omni("explain", "onex.evt.mailer.box-{id}.v1")
    assert ran.code == 1
    assert ran.out.splitlines()[1] == "declared, but no topic: a template stands for many"
    assert "OM102 template-name" in ran.out


def test_explain_a_mistake(project):
    project.contract("reader", READER)
    document = project.omni("explain", MISSPELT, "--format", "json").document
    assert (document["declared"], document["topic"]) == (True, None)
    assert [each["node"] for each in document["subscribers"]] == ["reader"]
    assert [each["code"] for each in document["findings"]] == ["OM203"]
    assert document["near"][0]["name"] == MEANT
    assert document["broker"] is None


@pytest.mark.broker
def test_explain_knows_what_was_observed_last(projected):
    ran = projected.omni("explain", MEANT)
    assert ran.code == 0
    assert re.search(r"no drift at 127\.0\.0\.1:\d+, observed (just now|\d+ (s|min) ago)", ran.out)
    document = projected.omni("explain", MEANT, "--format", "json").document
    assert document["broker"]["drift"] == []
