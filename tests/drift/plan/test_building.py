"""What each step is and says: one table over all actions, and the figures and places that a person decides by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.drift.diff import diff
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan import Action, build, step_id, windows
from omni_assets.drift.policy import BUILT_IN_POLICY
from omni_assets.drift.verdict import Reason, Verdict

MADE = datetime(2026, 2, 1, tzinfo=UTC)
DAY, WEEK = "86400000", "604800000"
NAME = "onex.evt.router.routing-complete.v1"


@pytest.fixture(scope="session")
def plan(manifest):
    def planned(wanted, broker, **others):
        contracts = manifest(wanted)
        drift = diff(contracts, broker)
        return build(contracts, broker, drift, BUILT_IN_POLICY, environment="local", made_at=MADE, **others)

    return planned


def own(**values):
    return {key.replace("_", "."): ObservedConfig(value, ConfigSource.TOPIC) for key, value in values.items()}


def test_a_missing_topic_is_created_as_its_contract_says(topic, snapshot, plan):
    wanted = topic(partitions=6, replication_factor=3, config={"retention.ms": WEEK})
    made = plan(wanted, snapshot(brokers=3))
    (step,) = made.steps
    assert (step.action, step.kind, step.verdict, step.safe) == (
        Action.CREATE,
        DriftKind.MISSING,
        Verdict.AUTO_FIXABLE,
        True,
    )
    assert (step.before, step.after) == (None, "6 partitions, replication factor 3, retention.ms=604800000")
    assert (step.path, step.line) == ("contract.yaml", 7)
    assert (
        step.reason == "The topic is declared and the broker does not have it: creating a declared topic loses nothing."
    )
    assert (made.cluster_id, made.environment, made.made_at, made.topics) == ("cluster", "local", MADE, {NAME})


@pytest.mark.parametrize(
    ("keyed", "safe", "said"),
    [
        (False, True, "no record moves."),
        (True, False, "readers may take them out of order."),
        (None, False, "readers may take them out of order."),
    ],
)
def test_more_partitions_spell_out_what_they_do_to_keys(topic, observed, snapshot, plan, keyed, safe, said):
    wanted = topic(partitions=6, keyed=keyed)
    (step,) = plan(wanted, snapshot(replace(observed(wanted), replicas=(1, 1, 1)))).steps
    assert (step.action, step.safe, step.before, step.after) == (Action.ADD_PARTITIONS, safe, "3", "6")
    assert step.consequence.endswith(said)


@pytest.mark.parametrize(
    ("key", "before", "after", "records", "said"),
    [
        ("retention.ms", DAY, WEEK, None, "Records are kept for 7d instead of 1d, and take more disk."),
        (
            "retention.ms",
            WEEK,
            DAY,
            1200,
            "At most 1,200 records are older than 1d and deleted soon after. Nothing brings them back.",
        ),
        ("retention.ms", "-1", DAY, 1, "At most 1 record is older than 1d and deleted soon after."),
        ("retention.ms", WEEK, DAY, 0, "Records older than 1d are deleted soon after; there are none now."),
        ("retention.ms", WEEK, DAY, None, "Records older than 1d are deleted soon after; how many was not counted."),
        ("retention.bytes", "-1", "1048576", None, "Each partition is cut down to 1 MiB, its oldest records first;"),
        ("cleanup.policy", "compact", "delete", 9, "At most 9 records are past the retention and deleted soon after."),
        ("cleanup.policy", "delete", "compact", None, "Only the newest record of each key stays in the long run"),
        ("max.message.bytes", "2097152", "1048576", None, "Producers whose batches are larger than 1 MiB are refused"),
        ("min.insync.replicas", "1", "2", None, "refused while fewer than 2 are in sync."),
        ("segment.ms", WEEK, DAY, None, "segment.ms becomes 1d; no rule here knows what follows"),
    ],
)
def test_the_consequence_of_a_value(topic, observed, snapshot, plan, key, before, after, records, said):
    wanted = topic(config={key: after})
    seen = replace(observed(wanted), configs={key: ObservedConfig(before, ConfigSource.TOPIC)})
    counted = {} if records is None else {NAME: records}
    (step,) = plan(wanted, snapshot(seen), records_before=counted).steps
    assert (step.action, step.field, step.before, step.after) == (Action.SET_CONFIG, key, before, after)
    assert said in step.consequence


def test_an_override_that_nobody_declares_falls_back_to_the_brokers_value(topic, observed, snapshot, plan):
    seen = replace(observed(topic()), configs={"retention.ms": ObservedConfig(WEEK, ConfigSource.TOPIC, DAY)})
    broker = snapshot(seen)
    (step,) = plan(topic(), broker, records_before={NAME: 3}).steps
    assert (step.action, step.before, step.after, step.safe) == (Action.CLEAR_CONFIG, WEEK, DAY, False)
    assert step.reason.startswith("retention.ms is 7d on the topic and in no contract:")
    assert step.consequence.startswith("The topic falls back to the broker's own value, 1d, now. At most 3 records are")


def test_the_time_before_which_records_fall_out(topic, manifest, observed, snapshot):
    def asked(declared, **present):
        wanted = topic(config=declared)
        broker = snapshot(replace(observed(wanted), configs=own(**present)))
        return windows(diff(manifest(wanted), broker), broker), broker.observed_at

    found, now = asked({"retention.ms": DAY}, retention_ms=WEEK)
    assert found == {NAME: now - timedelta(days=1)}
    assert asked({"retention.ms": WEEK}, retention_ms=DAY)[0] == {}
    assert asked({"retention.ms": "-1"}, retention_ms=DAY)[0] == {}
    found, now = asked({"cleanup.policy": "delete", "retention.ms": DAY}, cleanup_policy="compact", retention_ms=DAY)
    assert found == {NAME: now - timedelta(days=1)}
    found, _ = asked({"retention.ms": "9" * 18}, retention_ms="-1")
    assert found == {NAME: datetime(1970, 1, 1, tzinfo=UTC)}


def test_steps_run_in_the_order_of_their_actions(topic, manifest, observed, snapshot):
    first = topic("onex.evt.a.one.v1", partitions=3, replication_factor=3, config={"retention.ms": DAY})
    second = topic("onex.evt.b.two.v1")
    seen = ObservedTopic(
        first.name,
        (1, 1),
        configs={
            "retention.ms": ObservedConfig(WEEK, ConfigSource.TOPIC),
            "segment.ms": ObservedConfig("5", ConfigSource.TOPIC, "7"),
        },
    )
    contracts, broker = manifest(second, first), snapshot(seen, brokers=3)
    made = build(contracts, broker, diff(contracts, broker), BUILT_IN_POLICY, environment="x", made_at=MADE)
    assert [(step.action.value, step.topic, step.field) for step in made.steps] == [
        ("create", second.name, ""),
        ("add_partitions", first.name, "partitions"),
        ("set_config", first.name, "retention.ms"),
        ("clear_config", first.name, "segment.ms"),
        ("change_replication", first.name, "replication_factor"),
    ]
    assert [step.id for step in made.steps] == [step_id(step.topic, step.action, step.field) for step in made.steps]


def test_what_no_step_corrects_is_surfaced(topic, snapshot, observed, plan):
    wanted = topic(partitions=1)
    orphan = ObservedTopic("onex.evt.other.thing.v1", (1,))
    made = plan(wanted, snapshot(replace(observed(wanted), replicas=(1, 1)), orphan))
    assert made.steps == ()
    assert [row.reason for row in made.surfaced] == [Reason.UNDECLARED_TOPIC, Reason.PARTITIONS_CANNOT_SHRINK]


def test_what_a_broker_says_is_shown_escaped(topic, snapshot, observed, plan):
    wanted = topic(config={"compression.type": "zstd"})
    seen = replace(observed(wanted), configs=own(compression_type="\x1b[2Jgzip"))
    (step,) = plan(wanted, snapshot(seen)).steps
    assert step.before == "\x1b[2Jgzip"
    assert "compression.type is \\x1b[2Jgzip on the broker and zstd in the contract" in step.reason
