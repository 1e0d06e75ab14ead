"""What is rescued, what is refused and warned of before, and what is remembered afterwards."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.errors import ReadOnly, RescueRefused, StateError
from omni_assets.operations.rescue import Begin, likely_targets, prepare, rescue
from omni_assets.projection.store import Projection

pytestmark = pytest.mark.broker

ORPHAN = "onex.evt.router.routing_complete.v1"
HOME = "onex.evt.router.routing-complete.v1"
OTHER = "onex.evt.router.routing-failed.v1"
CONTRACT = f"""
event_bus:
  publish_topics:
    - topic: {HOME}
      partitions: 3
    - topic: {OTHER}
"""
DAY_MS = 86_400_000


class World:
    """A project, its broker, and what somebody else writes there."""

    def __init__(self, context_of, broker):
        self.broker = broker
        self.context_of = context_of
        self.context = context_of(broker.bootstrap_servers)

    def topic(self, name, partitions=1, **config):
        config = {key.replace("_", "."): value for key, value in config.items()}
        self.broker.client.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result()

    def write(self, *records, topic=ORPHAN):
        producer = Producer({"bootstrap.servers": self.context.bootstrap_servers, "log_level": 0})
        for key, value, *at in records:
            producer.produce(topic, value, key, timestamp=at[0] if at else 0)
        assert producer.flush(10) == 0

    def prepare(self, source=ORPHAN, target=HOME, begin=None, context=None):
        return prepare(context or self.context, self.context.manifest(), source, target, begin)

    def rescue(self, **asked):
        return rescue(self.context, self.prepare(**asked))

    @property
    def remembered(self):
        rows = Projection(self.context.home).rescued(self.context.bootstrap_servers, ORPHAN)
        return {(row.target, row.partition): (row.position, row.records, row.state) for row in rows}

    @property
    def audited(self):
        return [(row.topic, row.action, row.outcome, row.detail) for row in Projection(self.context.home).audited()]


@pytest.fixture
def world(context_of, write_contract, broker):
    write_contract(CONTRACT)
    made = World(context_of, broker)
    made.topic(HOME, 3)
    made.topic(ORPHAN)
    return made


def test_stranded_records_come_home_and_that_is_remembered(world):
    now = int(time.time() * 1000)
    world.write((b"a", b"1", now - 60_000), (b"b", b"2", now))
    found = world.prepare()
    assert (found.contents.records, found.warnings) == (2, ())
    assert int(found.oldest.timestamp() * 1000) == now - 60_000
    assert world.remembered == {}
    done = rescue(world.context, found)
    assert (done.records, done.positions, done.unrecorded) == (2, {0: 2}, None)
    assert world.remembered == {(HOME, 0): (2, 2, "done")}
    world.write((b"c", b"3"))
    assert world.rescue().records == 1
    assert world.remembered == {(HOME, 0): (3, 3, "done")}
    assert world.rescue().records == 0
    assert world.audited[0][:3] == (ORPHAN, f"copy to {HOME}", "done")
    assert [detail for *_, detail in world.audited] == ["0 records", "1 record", "2 records"]


def test_no_other_topic_is_described(world, proxied, monkeypatch):
    monkeypatch.setattr("omni_assets.broker.reading.TOPICS_PER_DESCRIBE", 1)
    for number in range(5):
        world.topic(f"other-{number}")
    world.write((b"a", b"1"))
    proxy = proxied(world.broker.bootstrap_servers)
    found = world.prepare(context=world.context_of(proxy.bootstrap_servers))
    assert found.contents.records == 1
    assert proxy.requests["DescribeConfigs"] == 2, "a request a topic, of the source and of the target"
    assert proxy.writes == 0


def test_what_interrupts_it_is_remembered(world, monkeypatch):
    world.write((b"a", b"1"), (b"b", b"2"))
    monkeypatch.setattr("omni_assets.broker.transfer.MOST_RECORDS", 1)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rescue(world.context, world.prepare(), interrupt)
    assert world.remembered == {(HOME, 0): (1, 1, "interrupted")}
    assert world.rescue().records == 1
    assert world.remembered == {(HOME, 0): (2, 2, "done")}


def test_progress_has_a_total(world):
    world.write(*((b"k", b"%d" % each) for each in range(5)))
    told = []
    found = prepare(world.context, world.context.manifest(), ORPHAN, HOME, told=lambda *each: told.append(each))
    rescue(world.context, found, lambda *each: told.append(each))
    assert told == [(5, 5), (5, 5)]


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        (HOME, HOME, "they are in that topic already"),
        (HOME, OTHER, "it is declared"),
        (ORPHAN, "onex.evt.router.routing-completed.v1", "no contract declares"),
        (ORPHAN, "__consumer_offsets", "belongs to the broker itself"),
        ("_schemas", HOME, "belongs to the broker itself"),
        ("nothing-like-it", HOME, "there is no topic `nothing-like-it`"),
        (ORPHAN, OTHER, f"there is no topic `{OTHER}`"),
    ],
)
def test_what_the_names_forbid(world, source, target, why):
    with pytest.raises(RescueRefused, match=why):
        world.prepare(source, target)


def test_a_target_that_is_nearly_declared_is_guessed(world):
    with pytest.raises(RescueRefused) as refused:
        world.prepare(target="onex.evt.router.routing-completed.v1")
    assert refused.value.remedy == f"Perhaps `{HOME}` is meant."
    assert likely_targets(world.context, world.context.manifest(), ORPHAN)[0] == HOME


def test_a_contract_that_cannot_be_read_may_declare_it(world, write_contract):
    write_contract("event_bus: [", node="merger")
    with pytest.raises(RescueRefused, match="a contract cannot be read, and may declare it"):
        world.prepare()


def test_a_compacted_target_takes_no_record_without_key(world):
    world.topic(OTHER, cleanup_policy="compact")
    world.write((b"k", b"1"))
    world.prepare(target=OTHER)
    world.write((None, b"2"))
    with pytest.raises(RescueRefused, match="1 record of it have no key, and"):
        world.prepare(target=OTHER)


def test_a_record_that_the_target_would_refuse_is_refused_before_anything_is_copied(world):
    world.topic(OTHER, max_message_bytes="2000")
    world.write((b"k", b"1"), (b"k", b"x" * 1_900))
    with pytest.raises(RescueRefused, match=r"takes 2,\d{3} bytes .* takes 2,000"):
        world.prepare(target=OTHER)


def test_many_records_go_into_a_topic_that_takes_small_batches(world):
    world.topic(OTHER, max_message_bytes="2000")
    world.write(*((b"k", b"x" * 500) for _ in range(50)))
    assert world.rescue(target=OTHER).records == 50


def test_it_warns_of_times_past_the_retention(world):
    world.topic(OTHER, retention_ms=str(DAY_MS))
    now = int(time.time() * 1000)
    world.write((b"k", b"old", now - 2 * DAY_MS), (b"k", b"new", now))
    found = world.prepare(target=OTHER)
    assert found.contents.expired == 1
    assert found.retention_ms == DAY_MS
    assert "1 record of 2 are older than the 1d" in found.warnings[0]


def test_records_that_another_topic_got_before_are_told(world):
    world.topic(OTHER)
    world.write((b"k", b"1"))
    world.rescue()
    (warning,) = world.prepare(target=OTHER).warnings
    assert f"were brought to `{HOME}` before" in warning


def test_where_only_the_journal_remembers_a_person_says_where_to_begin(world):
    world.write((b"k", b"1"), (b"k", b"2"))
    world.rescue()
    world.write((b"k", b"3"))
    world.broker.client.delete_consumer_groups([group_of(world)])[group_of(world)].result()
    with pytest.raises(RescueRefused, match="2 records of it were rescued before") as refused:
        world.prepare()
    assert "--begin remembered" in refused.value.remedy
    assert world.prepare(begin=Begin.START).contents.records == 3
    assert world.rescue(begin=Begin.REMEMBERED).records == 1
    assert world.remembered[HOME, 0][0] == 3


def test_nothing_is_written_where_writing_is_forbidden(world):
    world.write((b"k", b"1"))
    context = world.context_of(world.broker.bootstrap_servers, {"OMNI_READONLY": "1"})
    found = world.prepare(context=context)
    assert found.contents.records == 1
    with pytest.raises(ReadOnly):
        rescue(context, found)
    assert world.remembered == {}


def test_a_journal_that_cannot_be_written_stops_no_rescue(world, monkeypatch):
    world.write((b"k", b"1"))
    found = world.prepare()

    def full(*_):
        raise StateError("the disk is full.", "Free some space.")

    monkeypatch.setattr(Projection, "record_rescue", full)
    done = rescue(world.context, found)
    assert (done.records, done.unrecorded.message) == (1, "the disk is full.")
    monkeypatch.undo()
    assert world.prepare().contents.records == 0


def group_of(world):
    from omni_assets.broker.transfer import transfer_id

    return transfer_id(ORPHAN, HOME)
