"""Tasks that people submit: each line is an event of its own, whatever its id."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.context import resolve
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

ASKED, NARROW = "onex.cmd.echo.asked.v1", "onex.cmd.echo.narrow.v1"
CONTRACT = f"name: echo\nevent_bus:\n  subscribe_topics: [{ASKED}, {NARROW}]\n"


def test_of_lines_with_one_id_each_is_told_for_itself(tmp_path: Path, broker: Any) -> None:
    node = tmp_path / "contracts" / "echo"
    node.mkdir(parents=True)
    (node / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    topics = [NewTopic(ASKED, 1, 1), NewTopic(NARROW, 1, 1, config={"max.message.bytes": "2000"})]
    for made in broker.client.create_topics(topics).values():
        made.result(20)
    environ = {"OMNI_HOME": str(tmp_path / "state"), "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    context = resolve(environ=environ, folder=tmp_path)
    large = random.Random(1).randbytes(10_000).hex()  # compression makes too little of it
    lines = [(ASKED, "first"), (NARROW, large), (NARROW, "fits"), (ASKED, "last")]
    done = submit(context, [Submission(topic=topic, data=data, id="again") for topic, data in lines])
    assert done.ids == ("again", "again", "again")
    ((id_, why),) = done.failed
    assert id_ == "again"
    assert "larger than the topic takes" in why
    found = {topic: committed(broker.bootstrap_servers, topic, 1) for topic in (ASKED, NARROW)}
    assert [each.value() for each in found[ASKED]] == [b'"first"', b'"last"']
    assert [each.value() for each in found[NARROW]] == [b'"fits"'], "what is too large takes nothing else with it"
