"""``omni plan`` and ``omni apply`` as their users drive them."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time

import pytest

from tests.cli.conftest import OMNI
from tests.support import tampering

pytestmark = pytest.mark.broker

COMPLETE = "onex.evt.router.routing-complete.v1"
SCORING = "onex.evt.router.scoring-decision.v1"
REQUEST = "onex.cmd.router.route-request.v1"
STEP_FIELDS = {
    "id", "topic", "kind", "field", "verdict", "action", "before", "after", "reason", "consequence", "path", "line",
}  # fmt: skip


@pytest.fixture
def drifted(provisioned, admin):
    """A safe difference, one that needs an approval, and an orphan."""
    tampering.set_config(admin, COMPLETE, "retention.ms", "86400000")
    tampering.set_config(admin, SCORING, "retention.ms", "-1")
    tampering.create(admin, "onex.evt.stranger.thing-done.v1")
    return provisioned


def audit(project) -> list[dict[str, str]]:
    """What was noted, in the order in which it was."""
    names = ("event", "topic", "outcome", "detail", "who", "host")
    query = "SELECT event, topic, outcome, detail, who, host FROM audit ORDER BY acted_at"
    asked = project.omni("sql", query, "--format", "json")
    return [dict(zip(names, row, strict=True)) for row in asked.document["rows"]]


def test_a_plan_is_shown_with_reasons_and_changes_nothing(drifted, admin):
    ran = drifted.omni("plan")
    assert (ran.code, ran.err) == (1, "")
    words = " ".join(ran.out.split())
    assert f"set retention.ms of {COMPLETE}: 1d -> 7d safe" in words
    assert f"set retention.ms of {SCORING}: unlimited -> 7d needs approval" in words
    assert "(contracts/router/contract.yaml:4)" in words
    assert "left: onex.evt.stranger.thing-done.v1 orphan:" in words
    assert "2 steps (1 safe, 1 needs approval); 1 drift that no step corrects (" in words
    assert tampering.own_configs(admin, COMPLETE)["retention.ms"] == "86400000"
    assert drifted.omni("drift", "--stored").code == 2, "making a plan projects nothing"


def test_a_plan_of_nothing_exits_with_zero(provisioned):
    ran = provisioned.omni("plan")
    assert ran.code == 0
    assert ran.out.startswith("nothing to do (")
    document = provisioned.omni("plan", "--format", "json").document
    assert document["steps"] == document["surfaced"] == document["brakes"] == []


def test_the_fields_of_the_documents(drifted):
    ran = drifted.omni("plan", "-o", "plan.json", "--format", "json")
    assert ran.code == 1
    assert ran.err == "omni: wrote the plan to plan.json; `omni apply plan.json` carries it out.\n"
    document = ran.document
    written = json.loads((drifted.folder / "plan.json").read_text(encoding="utf-8"))
    assert {"steps", "surfaced", "state_hash", "cluster_id", "bootstrap_servers", "digest"} <= written.keys()
    assert document.keys() - written.keys() == {"brakes", "calls"}
    assert all(step.keys() == STEP_FIELDS for step in written["steps"])
    by_topic = {step["topic"]: step for step in written["steps"]}
    assert by_topic[COMPLETE]["verdict"] == "auto_fixable"
    assert (by_topic[COMPLETE]["path"], by_topic[COMPLETE]["line"]) == ("contracts/router/contract.yaml", 4)
    assert by_topic[SCORING]["verdict"] == "needs_approval"
    done = drifted.omni("apply", "plan.json", "--format", "json")
    assert done.code == 1
    applied = done.document
    assert applied.keys() == {"steps", "left", "counts", "drift", "calls", "seconds"}
    assert [(each["topic"], each["outcome"], each["detail"]) for each in applied["steps"]] == [
        (COMPLETE, "applied", None)
    ]
    assert [each["topic"] for each in applied["left"]] == [SCORING]
    assert applied["counts"] == {"applied": 1, "failed": 0, "unconfirmed": 0, "left": 1}
    assert {row["kind"] for row in applied["drift"]} == {"config", "orphaned"}


def test_steps_are_approved_one_by_one_and_all_is_noted(drifted, admin):
    drifted.omni("plan", "-o", "plan.json")
    approved = drifted.omni("apply", "plan.json", "--approve", SCORING)
    assert approved.code == 0
    assert "2 applied; 1 drift now (" in approved.out
    again = drifted.omni("apply", "plan.json", "--approve", "all")
    assert (again.code, again.out.partition(" (")[0]) == (0, "nothing to do")
    assert tampering.own_configs(admin, SCORING)["retention.ms"] == "604800000"
    rows = audit(drifted)
    assert sorted((row["event"], row["topic"], row["outcome"]) for row in rows) == [
        ("approval", "", ""),
        ("plan", "", ""),
        ("step", COMPLETE, "applied"),
        ("step", SCORING, "applied"),
    ]
    assert {row["detail"] for row in rows if row["event"] == "approval"} == {SCORING}
    assert all(row["who"] and row["host"] for row in rows)


@pytest.mark.slow
def test_a_brake_is_released_by_saying_so(drifted):
    address = drifted.omni("broker", "status", "--format", "json").document["bootstrap_servers"]
    assert drifted.omni("drift").code == 1
    for number in range(8):
        text = f"name: other-{number}\nevent_bus: {{publish_topics: [onex.evt.other.e-{number}.v1]}}\n"
        drifted.contract(f"other-{number}", text)
    assert drifted.omni("drift").code == 1
    for number in range(8):
        (drifted.folder / "contracts" / f"other-{number}" / "contract.yaml").unlink()
    for look in ("drift", "validate", "boot"):
        drifted.omni(look)
        held = drifted.omni("apply", "--safe")
        assert (held.code, held.out) == (2, "")
        assert "the contracts declare 3 topics, and 11 are meant to be declared." in held.err
        assert "omni plan --acknowledge" in held.err
    assert [each["kind"] for each in drifted.omni("plan", "--format", "json").document["brakes"]] == [
        "shrunken_manifest"
    ]
    said = drifted.omni("plan", "--acknowledge", "--format", "json")
    assert (said.code, said.document["brakes"]) == (1, [])
    assert said.err == f"omni: from now on brakes compare with 3 declared topics on {address}.\n"
    (noted,) = (row for row in audit(drifted) if row["event"] == "acknowledgement")
    assert noted["detail"].startswith(f"3 declared topics on {address}; the contracts declare 3 topics")
    assert noted["who"]
    assert drifted.omni("apply", "--safe").code == 1, "and the rest still needs an approval"


def test_what_is_safe_is_applied_and_the_rest_says_how(drifted):
    ran = drifted.omni("apply", "--safe")
    assert ran.code == 1
    assert f"applied set retention.ms of {COMPLETE}: 1d -> 7d" in ran.out
    assert f"set retention.ms of {SCORING}: unlimited -> 7d: it needs --approve " in " ".join(ran.out.split())
    assert "1 applied; 1 step left; 2 drifts now (" in ran.out


def test_only_some_topics(drifted):
    ran = drifted.omni("apply", "--safe", "--only", "onex.evt.nobody.*")
    assert ran.code == 1
    assert "it is not among --only" in " ".join(ran.out.split())
    assert "nothing to do; 2 steps left (" in ran.out


def test_usage_errors(drifted, admin):
    drifted.omni("plan", "-o", "plan.json")
    for arguments, words in (
        ((), "give a plan's FILE, or --safe to plan now, and not both"),
        (("plan.json", "--safe"), "give a plan's FILE, or --safe to plan now, and not both"),
        (("--safe", "--approve", "all"), "what needs an approval needs a plan that was read"),
        (("plan.json", "--approve", "0123456789ab"), "the plan has no step and no topic `0123456789ab`"),
        (("plan.json", "--approve", SCORING, "--approve", "onex.evt.router.*"), "no topic `onex.evt.router.*`"),
        (("plan.json", "--approve", ""), "'--approve': it is empty"),
    ):
        ran = drifted.omni("apply", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert words in ran.err
    assert tampering.own_configs(admin, COMPLETE)["retention.ms"] == "86400000"


def test_a_file_that_is_not_the_plan_is_refused(drifted, admin):
    path = drifted.folder / "plan.json"
    drifted.omni("plan", "-o", "plan.json")
    text = path.read_text(encoding="utf-8")
    for changed, words in (
        (text.replace("needs_approval", "auto_fixable"), "it was edited or damaged since it was made"),
        (text[: len(text) // 2], "it is no JSON document"),
        ("[" * 100_000, "it is no JSON document"),
        ("[1, 2]", "it is no plan"),
        ("{}", "it is no plan of format 1"),
        ("", "it is no JSON document"),
    ):
        path.write_text(changed, encoding="utf-8")
        ran = drifted.omni("apply", "plan.json")
        assert (ran.code, ran.out) == (2, "")
        assert words in ran.err
        assert "omni plan -o FILE" in ran.err
    assert tampering.own_configs(admin, COMPLETE)["retention.ms"] == "86400000"


def test_a_file_that_cannot_be_read_or_written(drifted):
    assert "it cannot be read" in drifted.omni("apply", "nowhere.json").err
    assert "it cannot be read" in drifted.omni("apply", ".").err
    ran = drifted.omni("plan", "-o", "nowhere/plan.json", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert "it cannot be written" in ran.err


def test_a_stale_plan_is_refused(drifted, admin):
    drifted.omni("plan", "-o", "plan.json")
    tampering.set_config(admin, COMPLETE, "retention.ms", "3600000")
    ran = drifted.omni("apply", "plan.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("omni: the plan is stale:")
    assert tampering.own_configs(admin, COMPLETE)["retention.ms"] == "3600000"


def test_a_plan_of_another_broker_is_refused(drifted, start_broker):
    drifted.omni("plan", "-o", "plan.json")
    other = start_broker()
    ran = drifted.omni("apply", "plan.json", "--bootstrap-servers", other.bootstrap_servers)
    assert (ran.code, ran.out) == (2, "")
    assert "the plan was made for the cluster" in ran.err


def test_read_only_means_it(drifted, admin):
    drifted.omni("plan", "-o", "plan.json")
    for arguments in (("plan.json",), ("--safe",)):
        ran = drifted.omni("apply", *arguments, OMNI_READONLY="1")
        assert (ran.code, ran.out) == (2, "")
        assert "OMNI_READONLY=1 forbids every write" in ran.err
    assert tampering.own_configs(admin, COMPLETE)["retention.ms"] == "86400000"
    assert drifted.omni("plan", OMNI_READONLY="1").code == 1


def test_no_broker(project, nobody):
    for arguments in (("plan",), ("apply", "--safe")):
        ran = project.omni(*arguments, "--bootstrap-servers", nobody)
        assert (ran.code, ran.out) == (2, "")
        assert "no broker answers" in ran.err


def test_a_contract_that_cannot_be_read_is_told_and_the_rest_goes_on(drifted):
    drifted.contract("broken", "name: [\n")
    ran = drifted.omni("apply", "--safe")
    assert ran.code == 1
    assert "error" in ran.err
    assert f"applied set retention.ms of {COMPLETE}" in ran.out


def test_names_of_a_broker_cannot_paint_the_terminal(drifted, admin):
    tampering.set_config(admin, COMPLETE, "follower.replication.throttled.replicas", "*")
    ran = drifted.omni("plan")
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.slow
def test_an_apply_that_is_killed_anywhere_is_noted_and_the_next_one_ends_it(provisioned, admin, topics):
    """Ten kills, the first of them as soon as the steps are noted; no step is lost, and that one shows as begun."""
    moments = random.Random(4)
    many = [f"onex.evt.many.event-{number}.v1" for number in range(300)]
    stated = "".join(f"    - {{topic: {topic}, partitions: 1, keyed: false, retention: 7d}}\n" for topic in many)
    provisioned.contract("many", f"name: many\nevent_bus:\n  publish_topics:\n{stated}")
    (provisioned.folder / "omni.toml").write_text("[reconcile]\nmax_changed_share = 1.0\n", encoding="utf-8")
    assert provisioned.omni("provision").code == 0
    for topic in many[::2]:
        tampering.set_config(admin, topic, "retention.ms", "86400000")
    for topic in many[1::10]:
        tampering.delete(admin, topic)
    assert provisioned.omni("plan", "-o", "plan.json").code == 1
    killed = 0
    for number in range(10):
        with subprocess.Popen(
            [str(OMNI), "apply", "plan.json", "--format", "json"],
            cwd=provisioned.folder,
            env=provisioned.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            journal = provisioned.home / "journal" / "audit.jsonl"
            size = journal.stat().st_size if journal.exists() else 0
            deadline = time.monotonic() + (moments.choice([0.4, 30, 30]) if number else 30)
            while process.poll() is None and time.monotonic() < deadline:
                if journal.exists() and journal.stat().st_size > size:
                    time.sleep(moments.uniform(0, 0.6) if number else 0)
                    break
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        assert process.returncode in (0, -signal.SIGKILL)
    assert killed >= 1
    ended = provisioned.omni("apply", "plan.json")
    assert ended.code == 0, ended
    found = tampering.partitions_of(admin)
    assert {found[topic] for topic in many} == {1}
    assert {tampering.own_configs(admin, topic)["retention.ms"] for topic in many[::10]} == {"604800000"}
    assert provisioned.omni("drift").code == 0
    assert provisioned.omni("plan").code == 0
    outcomes = [row["outcome"] for row in audit(provisioned) if row["event"] == "step"]
    assert set(outcomes) <= {"begun", "applied"}
    assert "begun" in outcomes
