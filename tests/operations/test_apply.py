"""Plans are carried out on a real broker, and what is sent is counted by a proxy in between."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from omni_assets.drift.plan import Plan
from omni_assets.errors import PlanHeldBack, PlanOfAnotherCluster, PlanStale, ReadOnly, StateError
from omni_assets.operations import apply as operation
from omni_assets.operations import boot
from omni_assets.operations.apply import Applied, StepOutcome, apply, apply_safe
from omni_assets.operations.capabilities import probe
from omni_assets.operations.context import Context
from omni_assets.operations.memory import meant
from omni_assets.operations.observe import drift
from omni_assets.operations.plan import acknowledge, make_plan
from omni_assets.operations.provision import provision
from omni_assets.operations.rebuild import rebuild
from omni_assets.operations.validate import validate
from omni_assets.projection.store import Projection
from tests.support import tampering
from tests.support.proxy import Lost, Proxy

pytestmark = pytest.mark.broker

FIRST, SECOND, THIRD = (f"onex.evt.router.{event}.v1" for event in ("asked", "routed", "scored"))
WEEK, DAY = "604800000", "86400000"
CONTRACT = f"""\
event_bus:
  publish_topics:
    - {{topic: {FIRST}, partitions: 2, keyed: false, config: {{retention.ms: 7d, max.message.bytes: 2MiB}}}}
    - {{topic: {SECOND}, partitions: 2, config: {{retention.ms: 7d, cleanup.policy: delete}}}}
    - {{topic: {THIRD}, partitions: 2, config: {{retention.ms: 7d}}}}
"""
APPLIED, FAILED, UNCONFIRMED = StepOutcome.APPLIED, StepOutcome.FAILED, StepOutcome.UNCONFIRMED


@pytest.fixture
def proxy(broker, proxied: Callable[[str], Proxy]) -> Proxy:
    return proxied(broker.bootstrap_servers)


@pytest.fixture
def client(broker):
    return broker.client


@pytest.fixture
def context(proxy, write_contract, context_of) -> Context:
    """Three topics that are as declared, seen through the proxy."""
    write_contract(CONTRACT)
    context = context_of(proxy.bootstrap_servers)
    assert provision(context, context.manifest()).clean
    ask_what_it_honours(context)
    return context


def ask_what_it_honours(context: Context) -> None:
    """So that no probe is among the requests that are counted afterwards."""
    with context.admin() as admin:
        probe(context, admin, admin.snapshot())


def planned(context: Context) -> Plan:
    return make_plan(context, context.manifest()).plan


def carried(done: Applied) -> list[tuple[str, str, StepOutcome]]:
    return [(each.step.topic, each.step.field, each.outcome) for each in done.carried]


def noted(context: Context, topic: str | None = None) -> list[tuple[str, str, str]]:
    """Event, topic and outcome of each row of the audit, in no order."""
    return sorted((row.event, row.topic, row.outcome) for row in Projection(context.home).audited(topic=topic))


def shorten(client, topics: Iterable[str], value: str = DAY) -> None:
    for topic in topics:
        tampering.set_config(client, topic, "retention.ms", value)


def test_a_topic_is_altered_once_with_the_changed_keys_alone(context, client, proxy):
    tampering.set_config(client, FIRST, "retention.ms", DAY)
    tampering.set_config(client, FIRST, "max.message.bytes", "1000000")
    tampering.set_config(client, FIRST, "flush.ms", "500")
    tampering.set_config(client, SECOND, "retention.ms", DAY)
    plan = planned(context)
    proxy.reset()
    done = apply(context, context.manifest(), plan, ["all"])
    assert done.clean
    assert {outcome for *_, outcome in carried(done)} == {APPLIED}
    ((name, request),) = proxy.written
    assert name == "IncrementalAlterConfigs"
    assert [request.count(topic.encode()) for topic in (FIRST, SECOND, THIRD)] == [1, 1, 0]
    keys = ("retention.ms", "max.message.bytes", "flush.ms", "cleanup.policy")
    assert [request.count(key.encode()) for key in keys] == [2, 1, 1, 0]
    assert tampering.own_configs(client, FIRST) == {"retention.ms": WEEK, "max.message.bytes": "2097152"}
    assert tampering.own_configs(client, SECOND)["retention.ms"] == WEEK
    assert done.after is not None
    assert done.after.rows == ()


def test_where_nothing_differs_nothing_is_written_anywhere(context, proxy):
    proxy.reset()
    done = apply_safe(context, context.manifest())
    assert (done.carried, done.left, done.after, done.clean) == ((), (), None, True)
    assert apply(context, context.manifest(), planned(context), ["all"]).clean
    assert proxy.writes == 0
    assert noted(context) == []


def test_what_is_safe_runs_and_the_rest_is_left(context, client, proxy):
    shorten(client, [FIRST])
    shorten(client, [SECOND], "-1")
    tampering.delete(client, THIRD)
    done = apply_safe(context, context.manifest())
    assert carried(done) == [(THIRD, "", APPLIED), (FIRST, "retention.ms", APPLIED)]
    assert [step.topic for step in done.left] == [SECOND]
    assert not done.clean
    proxy.reset()
    again = apply_safe(context, context.manifest())
    assert (again.carried, [step.topic for step in again.left]) == ((), [SECOND])
    assert proxy.writes == 0


def test_only_what_matches_runs(context, client, proxy):
    shorten(client, [FIRST, SECOND, THIRD])
    done = apply(context, context.manifest(), planned(context), only=["*.asked.*", SECOND])
    assert {topic for topic, *_ in carried(done)} == {FIRST, SECOND}
    assert [step.topic for step in done.left] == [THIRD]
    assert tampering.own_configs(client, THIRD)["retention.ms"] == DAY


@pytest.mark.parametrize("approve", [lambda step: step.id, lambda step: step.topic, lambda _: "all"])
def test_an_approval_is_a_step_a_topic_or_all(context, client, approve):
    shorten(client, [SECOND], "-1")
    plan = planned(context)
    assert carried(apply(context, context.manifest(), plan)) == []
    done = apply(context, context.manifest(), plan, [approve(plan.steps[0])])
    assert carried(done) == [(SECOND, "retention.ms", APPLIED)]
    assert ("approval", "", "") in noted(context)


def test_an_orphan_is_never_deleted(context, client, proxy):
    tampering.create(client, "onex.evt.stranger.done.v1")
    plan = planned(context)
    assert plan.steps == ()
    assert [row.topic for row in plan.surfaced] == ["onex.evt.stranger.done.v1"]
    proxy.reset()
    assert carried(apply(context, context.manifest(), plan, ["all"])) == []
    assert proxy.writes == 0


def test_a_read_only_connection_sends_nothing_and_notes_nothing(context, client, proxy, context_of):
    shorten(client, [FIRST])
    careful = context_of(proxy.bootstrap_servers, {"OMNI_READONLY": "1"})
    plan = planned(careful)
    proxy.reset()
    with pytest.raises(ReadOnly):
        apply(careful, careful.manifest(), plan)
    with pytest.raises(ReadOnly):
        apply_safe(careful, careful.manifest())
    assert proxy.writes == 0
    assert noted(context) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda client: tampering.set_config(client, FIRST, "retention.ms", "3600000"),
        lambda client: tampering.set_config(client, FIRST, "flush.ms", "7"),
        lambda client: tampering.grow(client, FIRST, 3),
        lambda client: tampering.delete(client, FIRST),
    ],
    ids=["another value", "another key", "another size", "gone"],
)
def test_a_plan_is_stale_when_its_topics_changed(context, client, proxy, change):
    shorten(client, [FIRST])
    plan = planned(context)
    change(client)
    proxy.reset()
    with pytest.raises(PlanStale):
        apply(context, context.manifest(), plan)
    assert proxy.writes == 0
    assert noted(context) == []


def test_a_plan_is_stale_when_the_contract_or_the_policy_changed(context, client, write_contract, context_of, tmp_path):
    shorten(client, [FIRST])
    plan = planned(context)
    contract = write_contract(CONTRACT.replace("retention.ms: 7d, max", "retention.ms: 8d, max"))
    with pytest.raises(PlanStale):
        apply(context, context.manifest(), plan)
    contract.write_text(f"name: router\n{CONTRACT}", encoding="utf-8")
    (tmp_path / "omni.toml").write_text('[reconcile.config]\nretention.ms.fix = "never"\n', encoding="utf-8")
    strict = context_of(context.bootstrap_servers)
    with pytest.raises(PlanStale):
        apply(strict, strict.manifest(), plan)
    assert tampering.own_configs(client, FIRST)["retention.ms"] == DAY


def test_other_topics_do_not_make_a_plan_stale(context, client):
    shorten(client, [FIRST])
    plan = planned(context)
    shorten(client, [SECOND])
    tampering.create(client, "onex.evt.stranger.done.v1")
    assert carried(apply(context, context.manifest(), plan)) == [(FIRST, "retention.ms", APPLIED)]
    assert tampering.own_configs(client, SECOND)["retention.ms"] == DAY


def test_a_plan_of_another_cluster_is_refused(context, client, start_broker, context_of):
    shorten(client, [FIRST])
    plan = planned(context)
    other = start_broker()
    elsewhere = context_of(other.bootstrap_servers)
    with pytest.raises(PlanOfAnotherCluster):
        apply(elsewhere, elsewhere.manifest(), plan, ["all"])
    assert FIRST not in tampering.partitions_of(other.client)


MANY = [f"onex.evt.many.event-{number}.v1" for number in range(20)]


def many(topics: list[str]) -> str:
    stated = "".join(f"    - {{topic: {topic}, partitions: 1, retention: 7d}}\n" for topic in topics)
    return f"event_bus:\n  publish_topics:\n{stated}"


@pytest.fixture
def twenty(proxy, write_contract, context_of) -> Context:
    write_contract(many(MANY), "many")
    context = context_of(proxy.bootstrap_servers)
    assert provision(context, context.manifest()).clean
    assert drift(context, context.manifest()).rows == ()
    return context


def test_a_brake_comes_before_the_probe(twenty, client, proxy):
    shorten(client, MANY[:7])
    proxy.reset()
    with pytest.raises(PlanHeldBack):
        apply_safe(twenty, twenty.manifest())
    assert proxy.writes == 0


def test_too_many_changes_are_held_back_until_they_are_few(twenty, client, proxy):
    shorten(client, MANY[:7])
    plan = planned(twenty)
    proxy.reset()
    for attempt in (lambda: apply(twenty, twenty.manifest(), plan), lambda: apply_safe(twenty, twenty.manifest())):
        with pytest.raises(PlanHeldBack, match="7 of 20 declared topics"):
            attempt()
    assert proxy.writes == 0
    some = apply(twenty, twenty.manifest(), plan, only=MANY[:3])
    assert [outcome for *_, outcome in carried(some)] == [APPLIED] * 3
    rest = apply(twenty, twenty.manifest(), plan)
    assert sorted(topic for topic, *_ in carried(rest)) == sorted(MANY[3:7])
    assert rest.clean


def test_many_missing_topics_are_no_sign_of_a_mistake(twenty, client):
    for topic in MANY:
        tampering.delete(client, topic)
    assert apply_safe(twenty, twenty.manifest()).counts == {"applied": 20, "failed": 0, "unconfirmed": 0}


def test_a_shrunken_manifest_is_held_back_until_a_person_acknowledges_it(twenty, client, proxy, write_contract):
    write_contract(many(MANY[:8]), "many")
    shorten(client, MANY[:1])
    look = (
        lambda: drift(twenty, twenty.manifest()),
        lambda: validate(twenty),
        lambda: boot.run(lambda: twenty),
        lambda: rebuild(twenty),
        lambda: make_plan(twenty, twenty.manifest()),
    )
    for each in look:
        each()
        proxy.reset()
        with pytest.raises(PlanHeldBack, match="declare 8 topics, and 20 are meant"):
            apply_safe(twenty, twenty.manifest())
        assert proxy.writes == 0
    made = make_plan(twenty, twenty.manifest())
    assert [brake.kind for brake in made.brakes] == ["shrunken_manifest"]
    assert acknowledge(twenty, made).brakes == ()
    (noted_,) = (row for row in Projection(twenty.home).audited() if row.event == "acknowledgement")
    assert noted_.detail == f"8 declared topics on {twenty.bootstrap_servers}; {made.brakes[0].message}"
    assert carried(apply_safe(twenty, twenty.manifest())) == [(MANY[0], "retention.ms", APPLIED)]


def test_only_a_plan_that_was_read_lets_what_is_meant_shrink(twenty, client, write_contract):
    """20 topics to 15 and on to 11 is no sign of a mistake, if somebody read a plan for the 15."""
    write_contract(many(MANY[:15]), "many")
    shorten(client, MANY[:1])
    assert apply_safe(twenty, twenty.manifest()).clean
    assert meant(twenty).declared_topics == 20, "a run that nobody looked at"
    shorten(client, MANY[:1])
    assert apply(twenty, twenty.manifest(), planned(twenty)).clean
    assert meant(twenty).declared_topics == 15
    write_contract(many(MANY[:11]), "many")
    shorten(client, MANY[:1])
    assert apply_safe(twenty, twenty.manifest()).clean


def test_what_is_meant_is_not_said_where_it_cannot_be_written(twenty, client, monkeypatch, write_contract):
    write_contract(many(MANY[:15]), "many")
    shorten(client, MANY[:1])
    plan = planned(twenty)

    def full(*_arguments):
        raise StateError("the disk is full.", "Make room.")

    monkeypatch.setattr(operation, "trust", full)
    done = apply(twenty, twenty.manifest(), plan)
    assert [outcome for *_, outcome in carried(done)] == [APPLIED]
    assert "the disk is full" in str(done.unrecorded)


def test_contracts_without_a_topic_change_nothing_and_are_told(twenty, write_contract, proxy):
    write_contract("event_bus: {}\n", "many")
    made = make_plan(twenty, twenty.manifest())
    assert (made.plan.steps, [brake.kind for brake in made.brakes]) == ((), ["empty_manifest"])
    proxy.reset()
    assert apply_safe(twenty, twenty.manifest()).carried == ()
    assert proxy.writes == 0


def test_what_the_broker_refuses_is_told_with_its_reason_and_the_rest_is_done(context, client, proxy, write_contract):
    write_contract(CONTRACT.replace("cleanup.policy: delete", "cleanup.policy: delete, compression.type: brotli"))
    shorten(client, [FIRST])
    plan = planned(context)
    done = apply(context, context.manifest(), plan, ["all"])
    assert carried(done) == [(FIRST, "retention.ms", APPLIED), (SECOND, "compression.type", FAILED)]
    assert "not accepted" in done.carried[1].detail
    assert noted(context, FIRST) == [("step", FIRST, "applied")]
    assert noted(context, SECOND) == [("step", SECOND, "failed")]
    proxy.reset()
    again = apply(context, context.manifest(), plan, ["all"])
    assert carried(again) == [(SECOND, "compression.type", FAILED)]
    assert [FIRST.encode() in request for _, request in proxy.written] == [False]


def test_a_topic_that_goes_at_the_last_moment_fails_alone_and_the_plan_goes_on_later(context, client, proxy):
    shorten(client, [FIRST, SECOND])
    plan = planned(context)
    proxy.before("IncrementalAlterConfigs", lambda: tampering.delete(client, SECOND))
    done = apply(context, context.manifest(), plan)
    assert carried(done) == [(FIRST, "retention.ms", APPLIED), (SECOND, "retention.ms", FAILED)]
    assert "no such topic" in done.carried[1].detail
    with pytest.raises(PlanStale, match=f"`{SECOND}` has changed since"):
        apply(context, context.manifest(), plan)
    tampering.create(client, SECOND, 2, {"retention.ms": DAY, "cleanup.policy": "delete"})
    proxy.reset()
    rest = apply(context, context.manifest(), plan)
    assert carried(rest) == [(SECOND, "retention.ms", APPLIED)]
    assert rest.clean
    assert len(proxy.written) == 1


def test_a_begun_plan_does_not_run_what_the_settings_forbid_since(context, client, proxy, context_of, tmp_path):
    shorten(client, [FIRST, SECOND])
    plan = planned(context)
    assert apply(context, context.manifest(), plan, only=[FIRST]).after is not None
    (tmp_path / "omni.toml").write_text('[reconcile.config]\nretention.ms.fix = "ask"\n', encoding="utf-8")
    strict = context_of(context.bootstrap_servers)
    proxy.reset()
    with pytest.raises(PlanStale):
        apply(strict, strict.manifest(), plan)
    assert proxy.writes == 0


def test_a_lost_answer_is_measured(context, client, proxy):
    shorten(client, [FIRST])
    proxy.lose("IncrementalAlterConfigs", Lost.ANSWER)
    done = apply_safe(context, context.manifest())
    assert carried(done) == [(FIRST, "retention.ms", APPLIED)]
    assert tampering.own_configs(client, FIRST)["retention.ms"] == WEEK


def test_a_lost_request_is_never_called_applied(context, client, proxy, context_of, monkeypatch):
    monkeypatch.setattr(operation, "READ_BACK_SECONDS", 0.5)
    hasty = context_of(proxy.bootstrap_servers, {"OMNI_BROKER_TIMEOUT": "1"})
    shorten(client, [FIRST])
    proxy.lose("IncrementalAlterConfigs", Lost.REQUEST, times=50)
    done = apply_safe(hasty, hasty.manifest())
    ((topic, _, outcome),) = carried(done)
    assert topic == FIRST
    assert outcome in (FAILED, UNCONFIRMED)
    assert not done.clean
    assert noted(context, FIRST) == [("step", FIRST, outcome)]
    assert tampering.own_configs(client, FIRST)["retention.ms"] == DAY


def test_a_broker_that_dies_under_a_plan_leaves_no_step_called_applied(context, client, broker, proxy, context_of):
    hasty = context_of(proxy.bootstrap_servers, {"OMNI_BROKER_TIMEOUT": "1"})
    shorten(client, [FIRST, SECOND])
    tampering.delete(client, THIRD)
    proxy.before("CreateTopics", lambda: os.kill(broker.pid, signal.SIGKILL))
    done = apply_safe(hasty, hasty.manifest())
    assert {outcome for *_, outcome in carried(done)} <= {FAILED, UNCONFIRMED}
    assert len(done.carried) == 3
    assert (done.after, done.clean) == (None, False)
    assert all(each.detail for each in done.carried)
    assert {outcome for _, _, outcome in noted(context) if outcome} <= {"failed", "unconfirmed"}


def test_outcomes_are_told_where_they_cannot_be_written_down(context, client, proxy):
    shorten(client, [FIRST])
    journal = context.home / "journal" / "audit.jsonl"
    proxy.before("IncrementalAlterConfigs", lambda: in_the_way(journal))
    done = apply_safe(context, context.manifest())
    assert carried(done) == [(FIRST, "retention.ms", APPLIED)]
    assert isinstance(done.unrecorded, StateError)


def test_nothing_is_sent_where_it_cannot_be_noted_first(context, client, proxy):
    shorten(client, [FIRST])
    in_the_way(context.home / "journal" / "audit.jsonl")
    proxy.reset()
    with pytest.raises(StateError):
        apply_safe(context, context.manifest())
    assert proxy.writes == 0


def in_the_way(path: Path) -> None:
    """A folder where a file should be."""
    path.unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)


def test_steps_are_noted_before_they_are_asked_for(context, client, proxy):
    shorten(client, [FIRST])
    before: list[list[tuple[str, str, str]]] = []
    proxy.before("IncrementalAlterConfigs", lambda: before.append(noted(context)))
    apply_safe(context, context.manifest())
    assert before == [[("plan", "", ""), ("step", FIRST, "begun")]]
    assert noted(context) == [("plan", "", ""), ("step", FIRST, "applied")]


def test_more_partitions_for_keyed_records_need_an_approval(context, client, write_contract):
    write_contract(CONTRACT.replace("partitions: 2", "partitions: 4"))
    done = apply_safe(context, context.manifest())
    assert carried(done) == [(FIRST, "partitions", APPLIED)]
    assert {step.topic for step in done.left} == {SECOND, THIRD}
    plan = planned(context)
    assert apply(context, context.manifest(), plan, ["all"]).clean
    assert {tampering.partitions_of(client)[topic] for topic in (FIRST, SECOND, THIRD)} == {4}


def test_a_plan_that_was_changed_in_memory_is_one_of_its_own(context, client):
    """The record is by the plan's digest: another plan is not taken for one that was begun."""
    shorten(client, [FIRST, SECOND])
    plan = planned(context)
    apply(context, context.manifest(), plan, only=[FIRST])
    other = replace(plan, environment="another")
    with pytest.raises(PlanStale):
        apply(context, context.manifest(), other)
