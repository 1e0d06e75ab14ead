"""``provision``, ``validate``, ``boot``, ``observe`` and ``drift`` against a real broker."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.broker

ROUTER_COMPLETE = "onex.evt.router.routing-complete.v1"
SCORING = "onex.evt.router.scoring-decision.v1"
ORPHAN = "onex.evt.router.routing_complete.v1"
CONFLICT = """\
name: other
event_bus:
  publish_topics:
    - topic: onex.evt.router.scoring-decision.v1
      partitions: 5
"""
DRIFT_FIELDS = {
    "topic", "kind", "field", "declared", "observed", "verdict", "reason", "owner", "path", "line", "first_seen",
    "detail",
}  # fmt: skip


def settle(futures):
    for future in futures.values():
        future.result(10)


def create(admin, topic, partitions=1):
    from confluent_kafka.admin import NewTopic

    settle(admin.create_topics([NewTopic(topic, num_partitions=partitions)]))


def retain(admin, topic, milliseconds):
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    settle(admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])]))


def test_provision_names_what_it_created_and_counts_the_rest(running, topics):
    first = running.omni("provision")
    assert first.code == 0
    assert first.out.splitlines()[:-1] == [f"created {topic}" for topic in topics]
    assert re.fullmatch(r"3 created \(\d+\.\d\d s, \d+ broker calls\)", first.out.splitlines()[-1])
    again = running.omni("provision")
    assert again.code == 0
    assert re.fullmatch(r"3 existed \(\d+\.\d\d s, \d+ broker calls?\)\n", again.out)
    assert first.err == again.err == ""


def test_provision_as_json(running, topics):
    ran = running.omni("provision", "--format", "json")
    assert ran.code == 0
    assert ran.document["topics"] == [{"topic": topic, "outcome": "created", "error": None} for topic in topics]
    assert ran.document["counts"] == {"created": 3, "existed": 0, "failed": 0, "unconfirmed": 0, "skipped": 0}


def test_provision_leaves_conflicting_topics_alone_and_says_so(running):
    running.contract("other", CONFLICT)
    ran = running.omni("provision")
    assert ran.code == 1
    assert f"skipped {SCORING}: its contracts disagree on its settings" in ran.out
    assert "2 created, 1 skipped" in ran.out
    assert ran.err == "omni: 1 error in contracts: `omni check` lists it.\n"


def test_provision_says_which_topics_the_broker_refused(running):
    running.contract(
        "wide", "name: wide\nevent_bus:\n  publish_topics: [{topic: onex.evt.wide.a.v1, replication_factor: 3}]\n"
    )
    ran = running.omni("provision", "--env", "default", "--format", "json")
    assert ran.code == 1
    (failed,) = [each for each in ran.document["topics"] if each["outcome"] == "failed"]
    assert failed["topic"] == "onex.evt.wide.a.v1"
    assert failed["error"]
    text = running.omni("provision", "--env", "default")
    assert text.code == 1
    assert f"failed onex.evt.wide.a.v1: {failed['error']}" in text.out


def test_commands_work_on_what_is_readable(running):
    running.contract("broken", "name: [")
    for command in ("provision", "validate", "boot", "drift"):
        ran = running.omni(command, "--format", "json")
        assert ran.code == 1, ran
        assert ran.err == "omni: 1 error in contracts: `omni check` lists it.\n"
        assert ran.document
    assert running.omni("topics").code == 1


def test_readonly_never_writes(running):
    ran = running.omni("provision", OMNI_READONLY="1")
    assert ran.code == 2
    assert "OMNI_READONLY=1" in ran.err
    assert ran.out == ""
    looked = running.omni("validate", "--format", "json", OMNI_READONLY="1")
    assert looked.code == 1
    assert looked.document["provisioning"] is None
    assert looked.document["complete"] is False
    assert running.omni("observe", "--format", "json").document["counts"]["topics"] == 0


def test_provision_says_where_its_log_could_not_be_written(running, address, tmp_path):
    (tmp_path / "file").write_text("")
    ran = running.omni("provision", "--bootstrap-servers", address, OMNI_HOME=str(tmp_path / "file"))
    assert ran.code == 2
    assert "3 created" in ran.out
    assert "omni: the state folder" in ran.err


def test_validate_provisions_what_is_missing(running, admin):
    first = running.omni("validate", "--format", "json")
    assert first.code == 0
    assert first.document["complete"] is True
    assert first.document["provisioning"]["counts"]["created"] == 3
    assert first.document["drift"] == []
    settle(admin.delete_topics([SCORING]))
    second = running.omni("validate")
    assert second.code == 0
    assert f"created {SCORING}" in second.out
    assert "3 of 3 declared topics on the broker, 1 of them created now" in second.out


def test_validate_is_about_presence_and_points_at_other_drift(provisioned, admin):
    retain(admin, ROUTER_COMPLETE, "3600000")
    ran = provisioned.omni("validate")
    assert ran.code == 0
    assert "1 other drift: `omni drift` shows it" in ran.out


def test_validate_is_not_complete_with_a_topic_in_conflict(running):
    running.contract("other", CONFLICT)
    ran = running.omni("validate")
    assert ran.code == 1
    assert f"conflict {SCORING}: its contracts disagree on its settings" in ran.out
    assert "2 of 3 declared topics on the broker" in ran.out


def test_boot(running):
    ran = running.omni("boot", "--format", "json")
    assert ran.code == 0
    assert (ran.document["ready"], ran.document["complete"], ran.document["attempts"]) == (True, True, 1)
    assert "3 of 3 declared topics on the broker" in running.omni("boot").out


def test_observe(provisioned, topics):
    ran = provisioned.omni("observe", "--format", "json")
    assert ran.code == 0
    found = {topic["name"]: topic for topic in ran.document["topics"]}
    assert set(topics) <= set(found)
    complete = found[ROUTER_COMPLETE]
    assert (complete["partitions"], complete["replication_factor"], complete["unknown"]) == (3, 1, None)
    assert complete["configs"]["retention.ms"]["value"] == "604800000"
    assert ran.document["counts"]["topics"] == 3
    text = provisioned.omni("observe")
    assert text.code == 0
    assert re.fullmatch(r"3 topics on 1 broker at 127\.0\.0\.1:\d+ \(\d+\.\d\d s, \d+ broker calls\)\n", text.out)


def test_nothing_drifts_after_provisioning(provisioned):
    ran = provisioned.omni("drift")
    assert ran.code == 0
    assert re.fullmatch(r"no drift in 3 topics \(\d+\.\d\d s, \d+ broker calls\)\n", ran.out)
    document = provisioned.omni("drift", "--format", "json").document
    assert document["drift"] == []
    assert document["counts"] == {
        "in_sync": 3, "auto_fixable": 0, "needs_approval": 0, "unfixable": 0, "unknown": 0,
    }  # fmt: skip
    assert (document["declared_topics"], document["observed_topics"]) == (3, 3)


def test_drift_names_every_difference(provisioned, admin, topics):
    retain(admin, ROUTER_COMPLETE, "3600000")
    settle(admin.delete_topics([topics[0]]))
    create(admin, ORPHAN)

    ran = provisioned.omni("drift")
    assert ran.code == 1
    header, *rows, closing = ran.out.splitlines()
    assert header.split() == ["TOPIC", "DRIFT", "DECLARED", "BROKER", "VERDICT", "OWNER", "SINCE"]
    cells = [re.split(r" {2,}", row) for row in rows if not row.startswith(" ")]
    ages = [row.pop() for row in cells]
    assert cells == [
        [topics[0], "missing", "1 partition", "-", "auto fixable", "router"],
        [ROUTER_COMPLETE, "retention", "7d", "1h", "auto fixable", "router"],
        [ORPHAN, "orphan", "-", "<=0 records", "needs approval", "-"],
    ]
    assert all(re.fullmatch(r"now|\d+ s", age) for age in ages)
    missing, changed, orphan = [row for row in rows if row.startswith(" ")]
    assert re.fullmatch(r"    contracts/\w+/contract\.yaml:\d+: creating a declared topic loses nothing", missing)
    kept = "records are kept longer than now, and none is lost (pinned on the topic)"
    assert changed == f"    contracts/router/contract.yaml:4: {kept}"
    assert orphan.startswith(f"    near `{ROUTER_COMPLETE}` (contracts/router/contract.yaml:4)")
    assert re.fullmatch(r"3 drifts in 3 topics \(\d+\.\d\d s, \d+ broker calls\)", closing)

    ran = provisioned.omni("drift", "--format", "json")
    assert ran.code == 1
    by_topic = {row["topic"]: row for row in ran.document["drift"]}
    assert all(set(row) == DRIFT_FIELDS for row in by_topic.values())
    assert by_topic[topics[0]]["field"] is None
    config = by_topic[ROUTER_COMPLETE]
    assert (config["kind"], config["field"]) == ("config", "retention.ms")
    assert (config["declared"], config["observed"]) == ("604800000", "3600000")
    assert (config["verdict"], config["reason"], config["owner"]) == ("auto_fixable", "keeps_more", "router")
    assert (config["path"], config["line"]) == ("contracts/router/contract.yaml", 4)
    seen = datetime.fromisoformat(config["first_seen"])
    assert seen.utcoffset() == UTC.utcoffset(None)
    assert ran.document["counts"]["auto_fixable"] == 2
    assert ran.document["counts"]["needs_approval"] == 1
    assert ran.document["counts"]["in_sync"] == 1

    ran = provisioned.omni("drift", "--format", "csv")
    assert ran.code == 1
    read = list(csv.DictReader(io.StringIO(ran.out)))
    assert set(read[0]) == DRIFT_FIELDS
    assert [row["topic"] for row in read] == [topics[0], ROUTER_COMPLETE, ORPHAN]


def test_stored_drift_needs_no_broker(provisioned, admin, topics):
    settle(admin.delete_topics([topics[0]]))
    observed = provisioned.omni("drift", "--format", "json").document
    dead = {"OMNI_BOOTSTRAP_SERVERS": observed["bootstrap_servers"]}
    assert provisioned.omni("broker", "stop").code == 0

    stored = provisioned.omni("drift", "--stored", "--format", "json", **dead)
    assert stored.code == 1
    assert stored.document == observed
    text = provisioned.omni("drift", "--stored", **dead)
    assert text.code == 1
    assert re.search(r"1 drift in 3 topics \(127\.0\.0\.1:\d+, observed (just now|\d+ s ago)\)\n$", text.out)


def test_stored_drift_counts_what_it_was_found_in(running, admin):
    from omni_assets.operations import recording
    from omni_assets.operations.context import resolve

    observed = running.omni("drift", "--format", "json").document
    assert (len(observed["drift"]), observed["counts"]["in_sync"]) == (3, 0)
    running.contract("router", "name: router\nterminal_event: onex.evt.router.done.v1\n")
    context = resolve(folder=running.folder, environ=running.environ)
    recording.declare(context, context.manifest())
    create(admin, ORPHAN)
    assert running.omni("observe").code == 0
    assert running.omni("drift", "--stored", "--format", "json").document == observed


def test_stored_drift_before_any_observation(project):
    ran = project.omni("drift", "--stored")
    assert ran.code == 2
    assert "Run `omni drift` first." in ran.err


def test_names_from_a_broker_cannot_steer_the_terminal(project, running):
    running.contract("evil", 'name: "e\\e[31mvil\\n::error::x"\nterminal_event: onex.evt.evil.done.v1\n')
    running.omni("drift")
    for arguments in (("drift",), ("topics",), ("sql", "SELECT owner, chr(27) AS escape FROM drift")):
        ran = running.omni(*arguments)
        assert "\x1b" not in ran.out + ran.err
        assert "\\x1b[31mvil" in ran.out


def test_json_of_every_command_is_one_document_on_standard_output(provisioned):
    for arguments in (
        ("topics",),
        ("provision",),
        ("validate",),
        ("boot",),
        ("observe",),
        ("drift",),
        ("drift", "--stored"),
        ("sql",),
        ("broker", "status"),
        ("check",),
    ):
        ran = provisioned.omni(*arguments, "--format", "json")
        assert ran.code == 0, ran
        assert isinstance(json.loads(ran.out), dict)
        assert ran.err == ""
