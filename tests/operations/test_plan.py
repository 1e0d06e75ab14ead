"""Making a plan, and keeping it in a file."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from omni_assets.drift.plan import Action, document
from omni_assets.errors import PlanUnusable
from omni_assets.operations import plan as operation
from omni_assets.operations.plan import make_plan, read_plan, write_plan
from omni_assets.operations.provision import provision
from omni_assets.projection.store import Projection
from tests.support import tampering

pytestmark = pytest.mark.broker

TOPIC = "onex.evt.router.asked.v1"
CONTRACT = f"""\
event_bus:
  publish_topics:
    - {{topic: {TOPIC}, partitions: 2, keyed: true, config: {{retention.ms: 7d}}}}
"""


@pytest.fixture
def context(write_contract, context_of, broker):
    write_contract(CONTRACT)
    context = context_of(broker.bootstrap_servers)
    assert provision(context, context.manifest()).clean
    return context


@pytest.fixture
def plan(context, broker):
    tampering.set_config(broker.client, TOPIC, "retention.ms", "-1")
    tampering.create(broker.client, "onex.evt.stranger.done.v1")
    return make_plan(context, context.manifest()).plan


def test_making_a_plan_leaves_no_trace(context, broker, proxied, context_of):
    tampering.set_config(broker.client, TOPIC, "retention.ms", "-1")
    proxy = proxied(broker.bootstrap_servers)
    looking = context_of(proxy.bootstrap_servers)
    before = Projection(context.home).counts()
    made = make_plan(looking, looking.manifest())
    assert len(made.plan.steps) == 1
    assert proxy.writes == 0
    assert Projection(context.home).counts() == before


def test_a_plan_that_keeps_less_says_how_many_records_go(context, broker):
    tampering.set_config(broker.client, TOPIC, "retention.ms", "-1")
    tampering.write(broker.bootstrap_servers, TOPIC, 30, timedelta(days=20))
    tampering.write(broker.bootstrap_servers, TOPIC, 12)
    (step,) = make_plan(context, context.manifest()).plan.steps
    assert (step.action, step.before, step.after) == (Action.SET_CONFIG, "-1", "604800000")
    assert "At most 30 records are older than 7d" in step.consequence


def test_more_partitions_for_keyed_records_say_what_breaks(context, broker, write_contract):
    write_contract(CONTRACT.replace("partitions: 2", "partitions: 6"))
    (step,) = make_plan(context, context.manifest()).plan.steps
    assert (step.before, step.after, step.safe) == ("2", "6", False)
    assert "order" in step.reason + step.consequence


def test_the_same_state_makes_the_same_plan(context, plan):
    again = make_plan(context, context.manifest()).plan
    assert (again.steps, again.surfaced, again.state_hash) == (plan.steps, plan.surfaced, plan.state_hash)


def test_a_plan_comes_back_as_it_was_written(plan, tmp_path):
    path = str(tmp_path / "plan.json")
    write_plan(path, plan)
    assert read_plan(path) == plan


def test_no_value_of_a_plan_can_be_changed(plan, tmp_path):
    """Every value of the document in turn: the file is refused, whatever it is."""
    written = document(plan)
    path = tmp_path / "plan.json"
    for edited in edits(written):
        path.write_text(json.dumps(edited), encoding="utf-8")
        with pytest.raises(PlanUnusable):
            read_plan(str(path))


def edits(value):
    """The document with one leaf changed, for each leaf; and without one entry, for each entry."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(entries):
        copies = [*edits(each)] if isinstance(each, (dict, list)) else [f"{each}x", 7, None, []]
        for changed in copies:
            if changed != each:
                again = value.copy()
                again[key] = changed
                yield again
        shorter = value.copy()
        del shorter[key]
        yield shorter


def test_a_file_larger_than_any_plan_is_not_read(plan, tmp_path, monkeypatch):
    path = str(tmp_path / "plan.json")
    write_plan(path, plan)
    monkeypatch.setattr(operation, "MOST_BYTES", 100)
    with pytest.raises(PlanUnusable, match="larger than any plan"):
        read_plan(path)


def test_a_plan_is_not_written_over_a_folder(plan, tmp_path):
    with pytest.raises(PlanUnusable, match="cannot be written"):
        write_plan(str(tmp_path), plan)
    with pytest.raises(PlanUnusable, match="cannot be written"):
        write_plan(str(tmp_path / "no\0name"), plan)
