"""``up --once`` and ``demo``: the whole, from the command line."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.broker, pytest.mark.dagster, pytest.mark.slow]


def test_one_cycle_with_a_broker_of_its_own(project):
    ran = project.omni("up", "--once", "--format", "json", timeout=170)
    assert ran.code == 0, ran
    assert ran.document["clean"] is True
    assert ran.document["provisioned"]["created"] == 3
    assert "broker at 127.0.0.1:" in ran.err
    assert project.omni("broker", "status").code == 1
    again = project.omni("up", "--once", timeout=170)
    assert again.code == 0
    assert "3 topics declared, 3 on the broker; 3 existed; drift: none" in again.out


def test_one_cycle_exits_with_what_it_found(project):
    project.contract("broken", "[")
    ran = project.omni("up", "--once", timeout=170)
    assert ran.code == 1
    assert "1 error in contracts" in ran.out


def test_one_cycle_without_the_broker_that_was_named(project, nobody):
    ran = project.omni("up", "--once", "--bootstrap-servers", nobody, timeout=170, OMNI_BROKER_TIMEOUT="1")
    assert ran.code == 2
    assert ran.err.splitlines()[1].startswith(f"omni: no broker answers at {nobody} (")
    assert "failed" in ran.out


def test_json_of_something_that_does_not_end_is_refused(project):
    ran = project.omni("up", "--format", "json")
    assert ran.code == 2
    assert "--once" in ran.err


def test_the_demo_as_json(project):
    ran = project.omni("demo", "--chapter", "silence", "--format", "json", timeout=170)
    assert ran.code == 0, ran
    (chapter,) = ran.document["chapters"]
    assert chapter["name"] == "silence"
    assert chapter["as_told"] is True
    assert all(scene["met"] for scene in chapter["scenes"] if "expected" in scene)
