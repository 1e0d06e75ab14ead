from __future__ import annotations

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.codes import NOT_ASKED, TIMED_OUT
from omni_assets.broker.local import lifecycle
from omni_assets.broker.topics import TopicError
from omni_assets.drift.plan import Known
from omni_assets.errors import BrokerUnreachable, PlanHeldBack, ProjectionDamaged, ReadOnly, UnnamedBroker
from omni_assets.operations import provision as operation
from omni_assets.operations.memory import Because, trust
from omni_assets.operations.observe import drift
from omni_assets.operations.outcomes import Outcome, TopicOutcome
from omni_assets.operations.plan import acknowledge, make_plan
from omni_assets.operations.provision import provision, provision_unasked
from omni_assets.projection.store import Projection
from tests.support.proxy import Lost, Proxy

pytestmark = pytest.mark.broker

GOOD = "onex.evt.router.started.v1"
GREEDY = "onex.evt.router.greedy.v1"
TORN = "onex.evt.router.torn.v1"


@pytest.fixture
def contracts(write_contract):
    write_contract(
        f"event_bus:\n  publish_topics:\n    - {GOOD}\n"
        f"    - {{topic: {GREEDY}, replication_factor: 3}}\n"
        f"    - {{topic: {TORN}, partitions: 3}}\n"
    )
    write_contract(f"event_bus:\n  publish_topics:\n    - {{topic: {TORN}, partitions: 6}}\n", "other")


class Answers:
    """What a broker says to creations, and what it lists afterwards: answers that a real one gives only by chance."""

    def __init__(self, answer: TopicError | None, listed: frozenset[str]) -> None:
        self.answer, self.listed = answer, listed

    def create_topics(self, requests):
        return {request.name: self.answer for request in requests}

    def await_topics(self, *_arguments):
        return self.listed


@pytest.mark.parametrize(
    ("listed", "answer", "outcome"),
    [
        (True, None, "created"),
        (True, TopicError("_TIMED_OUT", "no answer in time"), "created"),
        (True, TopicError("TOPIC_ALREADY_EXISTS", "already exists"), "existed"),
        (False, TopicError("TOPIC_ALREADY_EXISTS", "already exists"), "existed"),
        (True, TopicError("REQUEST_TIMED_OUT", "the broker did not finish in time"), "created"),
        (False, TopicError("INVALID_CONFIG", "a bad value"), "failed"),
        (False, TopicError("THROTTLING_QUOTA_EXCEEDED", "over the broker's quota"), "failed"),
        (False, NOT_ASKED, "failed"),
        (False, TIMED_OUT, "unconfirmed"),
        (False, TopicError("REQUEST_TIMED_OUT", "the broker did not finish in time"), "unconfirmed"),
        (False, None, "unconfirmed"),
    ],
)
def test_what_is_listed_afterwards_decides(listed, answer, outcome, write_contract, context_of, broker, monkeypatch):
    answers = Answers(answer, frozenset({GOOD} if listed else ()))
    monkeypatch.setattr(BrokerAdmin, "create_topics", lambda _, requests: answers.create_topics(requests))
    monkeypatch.setattr(BrokerAdmin, "await_topics", answers.await_topics)
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of(broker.bootstrap_servers)
    (told,) = provision(context, context.manifest()).topics
    assert told.outcome == outcome
    assert bool(told.error) == (outcome in ("failed", "unconfirmed"))
    (row,) = Projection(context.home).provisioned()
    assert (row.outcome, row.error) == (outcome, told.error)


def test_a_process_that_is_killed_while_it_creates_leaves_what_it_had_begun(
    write_contract, context_of, broker, monkeypatch
):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of(broker.bootstrap_servers)

    def killed(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(BrokerAdmin, "await_topics", killed)
    with pytest.raises(KeyboardInterrupt):
        provision(context, context.manifest())
    (row,) = Projection(context.home).provisioned()
    assert (row.topic, row.outcome) == (GOOD, "begun")


def test_a_damaged_projection_loses_no_record(write_contract, context_of, broker):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of(broker.bootstrap_servers)
    context.home.mkdir(parents=True, exist_ok=True)
    file = Projection(context.home).file
    file.write_text("this is no database", encoding="utf-8")
    outcome = provision(context, context.manifest())
    assert (outcome.counts["created"], isinstance(outcome.unrecorded, ProjectionDamaged)) == (1, True)
    file.unlink()
    (row,) = Projection(context.home).provisioned()
    assert (row.topic, row.outcome) == (GOOD, "created")


def test_each_topic_is_told_the_truth_about(contracts, context_of, broker):
    context = context_of(broker.bootstrap_servers)
    first = provision(context, context.manifest())
    assert first.counts == {"created": 1, "existed": 0, "failed": 1, "unconfirmed": 0, "skipped": 1}
    assert first.topics[0] == TopicOutcome(GREEDY, Outcome.FAILED, first.topics[0].error)
    assert "3" in first.topics[0].error
    assert first.topics[1:] == (
        TopicOutcome(GOOD, Outcome.CREATED),
        TopicOutcome(TORN, Outcome.SKIPPED, "its contracts disagree on its settings"),
    )
    assert not first.clean
    listed = broker.client.list_topics(timeout=10).topics
    assert GOOD in listed
    assert not {GREEDY, TORN} & set(listed)

    again = provision(context, context.manifest())
    assert again.counts == {"created": 0, "existed": 1, "failed": 1, "unconfirmed": 0, "skipped": 1}


def test_when_nothing_is_missing_one_listing_is_all(write_contract, context_of, broker):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of(broker.bootstrap_servers)
    assert provision(context, context.manifest()).calls == 3
    again = provision(context, context.manifest())
    assert (again.calls, again.clean) == (1, True)


def test_an_existing_topic_is_left_alone(write_contract, context_of, broker):
    broker.client.create_topics([NewTopic(GOOD, num_partitions=2)])[GOOD].result(10)
    write_contract(f"event_bus:\n  publish_topics:\n    - {{topic: {GOOD}, partitions: 12}}\n")
    context = context_of(broker.bootstrap_servers)
    assert provision(context, context.manifest()).counts["existed"] == 1
    assert len(broker.client.list_topics(timeout=10).topics[GOOD].partitions) == 2


def test_the_log_holds_what_was_news(contracts, context_of, broker):
    context = context_of(broker.bootstrap_servers)
    provision(context, context.manifest(), trigger="test")
    rows = Projection(context.home).provisioned()
    assert {(row.topic, row.outcome, row.trigger) for row in rows} == {
        (GOOD, "created", "test"),
        (GREEDY, "failed", "test"),
        (TORN, "skipped", "test"),
    }


def test_topics_are_created_and_reported_even_where_the_log_cannot_be_written(
    write_contract, context_of, broker, tmp_path
):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    (tmp_path / "file").touch()
    context = context_of(broker.bootstrap_servers, {"OMNI_HOME": str(tmp_path / "file" / "state")})
    outcome = provision(context, context.manifest())
    assert outcome.counts["created"] == 1
    assert outcome.unrecorded is not None
    assert str(tmp_path / "file") in outcome.unrecorded.message


def test_read_only_creates_nothing(write_contract, context_of, broker):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of(broker.bootstrap_servers, {"OMNI_READONLY": "1"})
    with pytest.raises(ReadOnly, match=GOOD):
        provision(context, context.manifest())
    assert GOOD not in broker.client.list_topics(timeout=10).topics


def test_unasked_nothing_is_created_on_another_cluster(write_contract, context_of, broker):
    """An embedded broker reports no id of its own, so it is none of those that do."""
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of(broker.bootstrap_servers)
    trust(context, Known(1, "cluster-of-before"), Because.OBSERVED)
    with pytest.raises(PlanHeldBack, match=r"1 missing topic not created: .* `cluster-of-before` is meant") as held:
        provision_unasked(context, context.manifest(), trigger="dagster")
    assert "omni plan --acknowledge" in str(held.value)
    assert GOOD not in broker.client.list_topics(timeout=5).topics
    assert Projection(context.home).provisioned() == ()
    acknowledge(context, make_plan(context, context.manifest()))
    assert provision_unasked(context, context.manifest(), trigger="dagster").counts["created"] == 1
    trust(context, Known(1, "cluster-of-before"), Because.OBSERVED)
    assert provision_unasked(context, context.manifest(), trigger="dagster").clean, "nothing is missing"


def test_a_broker_that_nobody_named_is_left_alone(write_contract, context_of, broker, monkeypatch):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    monkeypatch.setattr("omni_assets.operations.context.CONVENTIONAL_ADDRESS", broker.bootstrap_servers)
    context = context_of()
    with pytest.raises(UnnamedBroker, match="nobody named it"):
        provision(context, context.manifest())
    assert GOOD not in broker.client.list_topics(timeout=10).topics
    named = context_of(broker.bootstrap_servers)
    assert provision(named, named.manifest()).clean
    with pytest.raises(UnnamedBroker):
        drift(context, context.manifest())


def test_where_the_own_broker_is_down_nobody_elses_is_taken_for_it(
    write_contract, context_of, broker, start_broker, tmp_path
):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    own = start_broker(tmp_path / "state")
    context = context_of()
    assert provision(context, context.manifest()).clean
    lifecycle.stop(tmp_path / "state")
    down = context_of()
    assert down.bootstrap_servers == own.bootstrap_servers
    with pytest.raises(BrokerUnreachable, match=own.bootstrap_servers):
        provision(down, down.manifest())


def test_a_broker_that_is_down_is_no_success(write_contract, context_of):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    context = context_of("127.0.0.1:1")
    with pytest.raises(BrokerUnreachable, match="no broker answers at 127"):
        provision(context, context.manifest())


def test_a_broker_that_dies_before_the_read_back_loses_no_record(write_contract, context_of, broker, monkeypatch):
    """A fault that a real broker does not show on request: it takes the creation, and is gone a moment later."""

    def gone(*_arguments):
        raise BrokerUnreachable(broker.bootstrap_servers, "connection refused", 5)

    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    monkeypatch.setattr(BrokerAdmin, "await_topics", gone)
    context = context_of(broker.bootstrap_servers)
    outcome = provision(context, context.manifest())
    assert outcome.counts["unconfirmed"] == 1
    assert "could not be read back: no broker answers" in outcome.topics[0].error
    (row,) = Projection(context.home).provisioned()
    assert (row.topic, row.outcome, row.error) == (GOOD, "unconfirmed", outcome.topics[0].error)


def silence(proxy: Proxy) -> None:
    """From now on nobody can read back what the broker did."""
    proxy.lose("Metadata", Lost.REQUEST, times=500)
    proxy.lose("DescribeCluster", Lost.REQUEST, times=500)


def test_what_was_asked_for_and_never_answered_is_not_called_failed(write_contract, context_of, broker, proxied):
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    proxy = proxied(broker.bootstrap_servers)
    proxy.lose("CreateTopics", Lost.ANSWER, times=50)
    proxy.before("CreateTopics", lambda: silence(proxy))
    context = context_of(proxy.bootstrap_servers, {"OMNI_BROKER_TIMEOUT": "1"})
    outcome = provision(context, context.manifest())
    (told,) = outcome.topics
    assert (told.outcome, outcome.clean) == (Outcome.UNCONFIRMED, False)
    assert "so it may have been created or not, and it could not be read back: " in told.error
    assert GOOD in broker.client.list_topics(timeout=5).topics, "it was created, and nobody could know"
    (row,) = Projection(context.home).provisioned()
    assert (row.outcome, row.error) == ("unconfirmed", told.error)
    direct = context_of(broker.bootstrap_servers)
    assert provision(direct, direct.manifest()).counts["existed"] == 1


def test_a_request_that_was_lost_on_the_way_is_not_called_failed_either(
    write_contract, context_of, broker, proxied, monkeypatch
):
    """Nobody can tell it from one that was obeyed, whose answer was lost."""
    monkeypatch.setattr(operation, "READ_BACK_SECONDS", 0.5)
    write_contract(f"event_bus:\n  publish_topics: [{GOOD}]\n")
    proxy = proxied(broker.bootstrap_servers)
    proxy.lose("CreateTopics", Lost.REQUEST, times=50)
    context = context_of(proxy.bootstrap_servers, {"OMNI_BROKER_TIMEOUT": "1"})
    (told,) = provision(context, context.manifest()).topics
    assert told.outcome is Outcome.UNCONFIRMED
    assert told.error.endswith("so it may have been created or not, and it is not listed yet")
