"""``omni doctor``"""

from __future__ import annotations

import pytest

AREAS = {"environment", "project", "state", "broker", "rights", "models", "clock", "dagster"}


def answers(ran):
    return {check["name"]: check["answer"] for check in ran.document["checks"]}


@pytest.mark.broker
def test_a_project_that_is_well(provisioned):
    ran = provisioned.omni("doctor", "--format", "json")
    told = answers(ran)
    assert (ran.code, ran.err) == (0, "")
    assert {name.partition(".")[0] for name in told} == AREAS
    assert told["broker.reachable"] == told["broker.listeners"] == told["project.contracts"] == "ok"
    assert ran.document["counts"]["problem"] == 0
    assert provisioned.omni("doctor", "--strict", "--format", "json").code == 1, "rights are not known here"


def test_settings_that_cannot_be_read_hide_nothing_else(project):
    (project.folder / "omni.toml").write_text("contract = 3\n")
    strange = {"OMNI_BOOTSTRAP_SERVER": "a:1", "OMNI_KAFKA_SASL_PASSWORD": "canary-77"}
    ran = project.omni("doctor", "--format", "json", **strange)
    told = answers(ran)
    assert ran.code == 1
    assert (told["project.settings"], told["broker.reachable"]) == ("problem", "unknown")
    assert (told["environment.variables"], told["state.folder"]) == ("warning", "ok")
    assert "`contracts` is one" in ran.out
    assert "canary-77" not in ran.out + ran.err


def test_a_broker_that_is_down_is_said_in_words(project, nobody):
    ran = project.omni("doctor", "--bootstrap-servers", nobody)
    assert ran.code == 1
    assert f"no broker answers at {nobody} (connection refused" in ran.out
    assert "broker.engine and 8 more" in ran.out
    assert ran.out.splitlines()[0].split() == ["CHECK", "ANSWER", "SEEN"]
    assert " 1 problem, " in ran.out.splitlines()[-1]
    assert [each.name for each in project.home.iterdir()] == ["cache"], "looking makes no more than any command"
