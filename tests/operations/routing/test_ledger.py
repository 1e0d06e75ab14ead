"""Receipts reach the ledger once a broker is there, and the projection comes back from it."""

from __future__ import annotations

import json
import shutil
import string
from random import Random

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import NewTopic

from omni_assets.errors import StateError
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import resolve
from omni_assets.operations.provision import provision
from omni_assets.operations.rebuild import rebuild
from omni_assets.operations.routing.ledger import findings, publish
from omni_assets.operations.routing.recording import record
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import Receipt
from tests.support import receipts as made

pytestmark = pytest.mark.broker

ONE, TWO = made.receipt(1), made.receipt(2, made.rejected(), made.cloud(), audit=made.audit())


@pytest.fixture
def context(broker, context_of, ledger_topic):
    """The project's context with its ledger on a broker."""
    found = context_of(broker.bootstrap_servers)
    assert provision(found, found.manifest()).clean
    return found


def records(broker, topic):
    """The records of a topic by a plain client, as (key, value, headers)."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "somebody",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    found, ended = [], set()
    while len(ended) < 3:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended.add(message.partition())
        else:
            headers = {name: value.decode() for name, value in message.headers()}
            found.append((message.key().decode(), json.loads(message.value()), headers))
    consumer.close()
    return sorted(found, key=lambda each: each[1]["task_id"])


def test_a_receipt_is_a_cloud_event_under_the_key_of_its_task(broker, context, ledger_topic):
    record(context, [ONE, TWO.model_copy(update={"task_key": ""})])
    done = publish(context)
    assert (done.topic, done.published, done.waiting, done.why) == (ledger_topic, 2, 0, "")
    (key, value, headers), (other_key, _, _) = records(broker, ledger_topic)
    assert (key, other_key) == (ONE.task_key, TWO.task_id)
    assert Receipt.model_validate(value) == ONE
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": ONE.id,
        "ce_source": "/omni-assets/receipt-recorder",
        "ce_type": ledger_topic,
        "ce_subject": "task-1",
        "ce_time": ONE.ended_at.isoformat(),
        "ce_dataschema": "urn:omni-assets:receipt:1",
        "ce_omnienvironment": context.environment,
        "content-type": "application/json",
    }


def test_what_is_published_is_not_published_again(broker, context, ledger_topic):
    record(context, [ONE])
    assert publish(context).published == 1
    assert publish(context).published == 0
    record(context, [ONE, TWO])
    assert publish(context).published == 1
    assert len(records(broker, ledger_topic)) == 2


def test_a_broker_that_is_down_loses_nothing(broker, context, context_of, closed_port):
    down = context_of(f"127.0.0.1:{closed_port}", {"OMNI_BROKER_TIMEOUT": "1"})
    record(down, [ONE, TWO])
    first = publish(down)
    assert (first.published, first.waiting) == (0, 2)
    assert first.why.startswith(f"No broker answers at 127.0.0.1:{closed_port}")
    assert findings(first) == (f"2 receipts wait for the ledger. {first.why}",)
    assert publish(context).published == 2


def test_without_a_broker_of_this_project_receipts_wait_in_silence(context_of, ledger_topic):
    nowhere = context_of()
    record(nowhere, [ONE])
    done = publish(nowhere)
    assert (done.waiting, findings(done)) == (1, ())
    assert "omni broker start" in done.why


def test_nothing_is_written_where_writing_is_forbidden(broker, context, context_of, ledger_topic):
    record(context, [ONE])
    forbidden = publish(context_of(broker.bootstrap_servers, {"OMNI_READONLY": "1"}))
    assert (forbidden.published, forbidden.waiting, findings(forbidden)) == (0, 1, ())
    assert "OMNI_READONLY=1" in forbidden.why
    assert records(broker, ledger_topic) == []


def test_a_ledger_that_is_not_there_is_a_finding_and_is_not_made(broker, context_of, ledger_topic):
    context = context_of(broker.bootstrap_servers)
    record(context, [ONE])
    (finding,) = findings(publish(context))
    assert "1 receipt waits for the ledger." in finding
    assert f"The ledger `{ledger_topic}` is not at {broker.bootstrap_servers}: `omni provision` creates it." in finding
    assert ledger_topic not in broker.client.list_topics(timeout=5).topics


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        ("", "No contract of a node `receipt-recorder` publishes an event"),
        (
            "event_bus:\n  publish_topics: [onex.evt.receipt-recorder.one.v1, onex.evt.receipt-recorder.two.v1]\n",
            "The node `receipt-recorder` publishes 2 events, and the ledger is one topic",
        ),
    ],
)
def test_a_ledger_that_is_not_declared_is_a_finding(broker, context_of, write_contract, contract, words):
    write_contract(contract, "receipt-recorder")
    context = context_of(broker.bootstrap_servers)
    record(context, [ONE])
    (finding,) = findings(publish(context))
    assert words in finding
    assert "router.ledger_node" in finding


def test_receipts_of_another_environment_stay_where_they_are(broker, context, tmp_path):
    (tmp_path / "omni.toml").write_text('contracts = ["contracts"]\n[environments.staging]\n')
    environ = {"OMNI_HOME": str(tmp_path / "state")}
    staging = resolve(bootstrap_servers="127.0.0.1:1", environment="staging", environ=environ, folder=tmp_path)
    record(staging, [ONE])
    record(context, [TWO])
    assert publish(context).published == 1
    assert [each.id for each in Projection(context.home).unpublished("staging")] == [ONE.id]


def test_one_that_the_topic_does_not_take_holds_up_no_other(broker, context_of, write_contract, tmp_path):
    topic = "onex.evt.receipt-recorder.small.v1"
    write_contract(f"event_bus:\n  publish_topics: [{topic}]\n", "receipt-recorder")
    small = NewTopic(topic, 1, 1, config={"max.message.bytes": "8000"})
    broker.client.create_topics([small])[topic].result()
    (tmp_path / "omni.toml").write_text("[router]\nstore_text = true\n")
    context = context_of(broker.bootstrap_servers)
    noise = "".join(Random(1).choices(string.ascii_letters, k=60_000))  # compression makes little of it
    large = made.receipt(3).model_copy(update={"prompt_text": noise})
    record(context, [ONE, large, TWO])
    done = publish(context)
    assert (done.published, done.waiting) == (2, 1)
    assert done.why == f"The ledger `{topic}` did not take 1 receipt: larger than the topic takes."
    assert [each.id for each in Projection(context.home).unpublished(context.environment)] == [large.id]


def test_the_projection_comes_back_from_the_ledger_alone(broker, context):
    record(context, [ONE, TWO])
    publish(context)
    before = [Projection(context.home).receipts_of(each.id) for each in (ONE, TWO)]
    shutil.rmtree(context.home / "journal")
    (context.home / "projection.duckdb").unlink()
    rebuilding = rebuild(context)
    assert (rebuilding.rows["receipts"], rebuilding.rows["attempts"], rebuilding.rows["publications"]) == (2, 3, 2)
    assert rebuilding.not_receipts == 0
    assert [Projection(context.home).receipts_of(each.id) for each in (ONE, TWO)] == before
    assert publish(context).published == 0


def test_what_was_written_twice_is_one_receipt_and_what_is_none_is_left_out(broker, context, ledger_topic):
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    whole = ONE.model_dump_json().encode()
    newer = whole[:-1] + b', "added": {"later": [1]}}'
    for value in (newer, whole, b"", b"not JSON", b"{}", b'{"version": 2}', whole[:-1]):
        producer.produce(ledger_topic, key=b"pull-1", value=value)
    assert producer.flush(10) == 0
    taken = project_ledger(context, context.manifest())
    assert (taken.receipts, taken.others) == (2, 5)
    assert [each.id for each in Projection(context.home).receipts_of("")] == [ONE.id]
    assert rebuild(context).not_receipts == 5


def test_a_kill_between_writing_and_remembering_that_writes_twice_and_is_read_once(
    broker, context, ledger_topic, monkeypatch
):
    record(context, [ONE, TWO])

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Projection, "record_publications", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(context)
    assert publish(context).published == 2
    assert len(records(broker, ledger_topic)) == 4
    shutil.rmtree(context.home)
    taken = project_ledger(context, context.manifest())
    assert (taken.receipts, taken.others) == (4, 0)
    assert {each.id for each in Projection(context.home).receipts_of("")} == {ONE.id, TWO.id}


def test_one_process_publishes_at_a_time(broker, context_of, context):
    import filelock

    record(context, [ONE])
    waiting = context_of(broker.bootstrap_servers, {"OMNI_BROKER_TIMEOUT": "1"})
    with filelock.FileLock(context.home / "ledger.lock"):
        assert publish(waiting).why == "Another omni process has been publishing for 1 s."
    assert publish(context).published == 1


def test_texts_are_kept_only_where_the_settings_say_so(context_of, ledger_topic, tmp_path):
    told = ONE.model_copy(
        update={
            "prompt_text": "the prompt",
            "attempts": tuple(each.model_copy(update={"output_text": "the output"}) for each in ONE.attempts),
        }
    )
    record(context_of(), [told])
    journal = context_of().home / "journal" / "receipts.jsonl"
    assert "the prompt" not in journal.read_text()
    assert "the output" not in journal.read_text()
    (tmp_path / "omni.toml").write_text("[router]\nstore_text = true\n")
    record(context_of(), [told.model_copy(update={"id": made.receipt_id(9)})])
    assert "the prompt" in journal.read_text()
    assert "the output" in journal.read_text()


def test_a_state_folder_that_cannot_be_used_is_named(context_of, tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="cannot be used"):
        record(context_of(), [ONE])
