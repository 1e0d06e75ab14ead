"""``omni import`` in a project of its own: what docs/adoption.md shows is what it says, and nothing is written over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

pytestmark = pytest.mark.broker

ADOPTION = Path(__file__).parents[2] / "docs" / "adoption.md"
PLACED, SLIP = "onex.evt.orders.order-placed.v1", "onex.evt.orders.order_placed.v1"
SEND, SENT = "onex.cmd.mailer.send-mail.v1", "onex.evt.billing.invoice-sent.v1"
DEAD, OUTSIDE = "onex.evt.pricing.price-changed.v1", "payments"
PARTITIONS = {PLACED: 6, SLIP: 1, SEND: 3, SENT: 3, DEAD: 1, OUTSIDE: 2}
READERS = (("billing", PLACED), ("billing", OUTSIDE), ("shipping", PLACED), ("mailer", SEND), ("mailer-eu", SENT))
NODES = ("billing", "mailer", "orders", "outside-the-grammar", "pricing", "shipping")


@pytest.fixture
def foreign(project, broker, tmp_path):
    """A project without contracts, and a broker with what docs/adoption.md tells of."""
    (project.folder / "contracts" / "router" / "contract.yaml").unlink()
    (project.folder / "contracts" / "router").rmdir()
    (project.folder / "contracts").rmdir()
    new = [NewTopic(name, number, 1) for name, number in PARTITIONS.items()]
    new[0].config = {"retention.ms": "1209600000"}
    for future in broker.client.create_topics(new).values():
        future.result(30)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for name in PARTITIONS:
        if name != DEAD:
            producer.produce(name, b"record")
    assert producer.flush(30) == 0
    for group, topic in READERS:
        reader = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": group})
        reader.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
        reader.close()
    project.environ["OMNI_BOOTSTRAP_SERVERS"] = broker.bootstrap_servers
    return project


def untimed(text: str) -> str:
    return re.sub(r"\([0-9.]+ s, \d+ broker calls\)", "(…)", text)


def test_from_a_cluster_to_contracts_that_do_not_drift(foreign):
    shown = ADOPTION.read_text(encoding="utf-8").partition("$ omni import --dry-run\n")[2].partition("```")[0]
    looked = foreign.omni("import", "--dry-run", OMNI_READONLY="1")
    assert (looked.code, untimed(looked.out), looked.err) == (1, untimed(shown), "")
    assert not (foreign.folder / "contracts").exists()

    wrote = foreign.omni("import", OMNI_READONLY="1")
    assert wrote.code == 1
    assert wrote.out.index("near miss") < wrote.out.index("wrote 6 contracts for 6 topics to contracts")
    files = {node: foreign.folder / "contracts" / node / "contract.yaml" for node in NODES}
    draft = files["orders"].read_text(encoding="utf-8")
    in_docs = ADOPTION.read_text(encoding="utf-8").partition("```yaml\nname: orders\n")[2].partition("```")[0]
    assert draft.partition("name: orders\n")[2] == in_docs

    drifting = {row["topic"] for row in foreign.omni("drift", "--format", "json").document["drift"]}
    assert drifting == {SLIP, OUTSIDE}
    found = {(each["code"], each["topic"]) for each in foreign.omni("check", "--format", "json").document["findings"]}
    assert {each for each in found if each[0] not in ("OM201", "OM202")} == {("OM203", SLIP), ("OM101", OUTSIDE)}

    again = foreign.omni("import")
    assert (again.code, untimed(again.out)) == (
        0,
        f"no topic to import from {foreign.environ['OMNI_BOOTSTRAP_SERVERS']}; 6 topics are declared already (…)\n",
    )


def test_what_is_there_is_never_written_over(foreign):
    own = foreign.contract("mailer", "name: mailer\n")
    other = foreign.folder / "drafts" / "billing" / "contract.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("name: somebody-else\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in (own, other)}
    ran = foreign.omni("import", "--out", "drafts")
    assert ran.code == 1
    assert {path: path.read_bytes() for path in (own, other)} == before
    assert "wrote 4 of 6 contracts for 6 topics to drafts" in ran.out
    assert f"    - topic: {SEND}  # read by `mailer`" in ran.out

    document = foreign.omni("import", "--out", "drafts", "--format", "json").document
    assert {each["node"]: each["fate"] for each in document["drafts"]} == {"billing": "taken", "mailer": "elsewhere"}
    assert [each["path"] for each in document["drafts"]] == [
        "drafts/billing/contract.yaml",
        "contracts/mailer/contract.yaml",
    ]


def test_a_contract_that_cannot_be_read_stops_it_before_anything_is_written(foreign):
    foreign.contract("mailer", "name: [\n")
    ran = foreign.omni("import")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing is imported: contracts/mailer/contract.yaml cannot be read" in ran.err
    assert [path.name for path in (foreign.folder / "contracts").iterdir()] == ["mailer"]


def test_no_broker_is_a_sentence(project, nobody):
    ran = project.omni("import", "--bootstrap-servers", nobody, OMNI_BROKER_TIMEOUT="1")
    assert (ran.code, ran.out) == (2, "")
    assert f"no broker answers at {nobody}" in ran.err
