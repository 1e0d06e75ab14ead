"""A replay that is killed without warning at random moments, and gone on with: one receipt for each record, in order.

``REPLAY_KILLS`` says how often, ``REPLAY_SEED`` repeats the moments of a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.agents.events import from_record
from omni_assets.agents.task_receipt import TaskReceipt, read_task_receipt
from omni_assets.errors import InputError
from omni_assets.operations.agents.replaying import resumable
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import Context, resolve
from tests.support.stranded import committed

KILLS = int(os.environ.get("REPLAY_KILLS", "5"))
SEED = int(os.environ.get("REPLAY_SEED") or random.randrange(2**32))
ASKED, ANSWERED, LEDGER = "onex.cmd.echo.asked.v1", "onex.evt.echo.answered.v1", "onex.evt.recorder.noted.v1"
PARTITIONS, KEYS = 3, 20
TASKS = 60 * (KILLS + 1)
CONTRACTS = {
    "echo": f"""\
name: echo
handler: {{kind: python, entry: "tests.support.slow_echo:slow_echo"}}
event_bus:
  subscribe_topics: [{ASKED}]
  publish_topics: [{ANSWERED}]
""",
    "recorder": f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n",
}
OMNI = Path(sys.executable).with_name("omni")
ROOT = Path(__file__).parents[3]


def project(folder: Path, address: str, client: Any) -> Context:
    for node, text in CONTRACTS.items():
        (folder / "contracts" / node).mkdir(parents=True)
        (folder / "contracts" / node / "contract.yaml").write_text(text)
    (folder / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    for future in client.create_topics([NewTopic(each, PARTITIONS, 1) for each in (ASKED, ANSWERED, LEDGER)]).values():
        future.result(20)
    environ = {"OMNI_HOME": str(folder / "state")}
    return resolve([str(folder / "contracts")], bootstrap_servers=address, environ=environ, folder=folder)


def omni(folder: Path, address: str, *arguments: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "OMNI_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    command = [str(OMNI), "task", "replay", "--bootstrap-servers", address, *arguments]
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str], moments: random.Random) -> str:
    """Kill it before it works, or while it works on one of its next records. What it said to the person."""
    assert process.stderr is not None
    said = process.stderr.readline()
    for _ in range(moments.choice([0, *range(2, 40)])):
        process.stderr.readline()
    time.sleep(moments.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    return said


def receipts(address: str) -> list[TaskReceipt]:
    return [read_task_receipt(each.value() or b"") for each in committed(address, LEDGER, PARTITIONS)]


def survive(folder: Path, address: str, client: Any) -> None:
    """Replay a topic, be killed over and over while live work goes on, come to the end, and prove that all is whole."""
    print(f"REPLAY_SEED={SEED}")
    moments = random.Random(SEED)
    context = project(folder, address, client)
    submit(
        context,
        [Submission(topic=ASKED, key=f"k{each % KEYS}", data=each, id=f"e{each}") for each in range(TASKS)],
    )
    (live,) = asyncio.run(work(context, drain=True))
    assert live.tasks == {"done": TASKS}
    first = {each.id: each for each in receipts(address)}
    said = killed(omni(folder, address, "--topic", ASKED, "--from", "start"), moments)
    found = re.match(r"omni: replay ([0-9a-f]{12}) of ", said)
    assert found is not None, said
    for _ in range(KILLS - 1):
        killed(omni(folder, address, "--resume", found[1]), moments)
    submit(context, [Submission(topic=ASKED, key="k1", data=0, id="later")])
    last = omni(folder, address, "--resume", found[1])
    _, complaint = last.communicate(timeout=120)
    assert last.returncode == 0, complaint
    again = [each for each in receipts(address) if each.replay == found[1]]
    assert sorted(each.replay_of or "" for each in again) == sorted(first)
    assert {each.outcome for each in again} == {"done"}
    answers = [
        from_record(each.key(), each.value(), each.headers()) for each in committed(address, ANSWERED, PARTITIONS)
    ]
    named = [result.event_id for each in (*first.values(), *again) for result in each.results]
    assert sorted(each.id for each in answers) == sorted(named)
    assert len(set(named)) == 2 * TASKS
    of_key = defaultdict(list)
    for each in again:
        of_key[each.key].append(each.offset)
    assert all(offsets == sorted(offsets) for offsets in of_key.values())
    with pytest.raises(InputError, match="is unfinished"):
        resumable(context, found[1])


@pytest.mark.broker
def test_a_person_who_ends_it_can_go_on_with_it(tmp_path, broker):
    """What had ended is committed: nobody pays for it twice."""
    context = project(tmp_path, broker.bootstrap_servers, broker.client)
    submit(context, [Submission(topic=ASKED, key=f"k{each % KEYS}", data=each, id=f"e{each}") for each in range(600)])
    first = omni(tmp_path, broker.bootstrap_servers, "--topic", ASKED, "--from", "start")
    assert first.stderr is not None
    told = [first.stderr.readline() for _ in range(21)]
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert (first.returncode, said.splitlines()[-1]) == (130, "omni: interrupted.")
    told += said.splitlines()
    begun = [each for each in told if not each.startswith("omni:")]
    ended = receipts(broker.bootstrap_servers)
    assert len(ended) > len(begun) - 20
    found = re.match(r"omni: replay ([0-9a-f]{12}) of ", told[0])
    assert found is not None
    last = omni(tmp_path, broker.bootstrap_servers, "--resume", found[1])
    out, complaint = last.communicate(timeout=60)
    assert last.returncode == 0, complaint
    assert f"echo: {600 - len(ended)} tasks done" in out
    assert len({each.id for each in receipts(broker.bootstrap_servers)}) == 600


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * KILLS)
def test_each_record_has_one_receipt_in_a_replay_however_often_that_is_killed(tmp_path, broker):
    survive(tmp_path, broker.bootstrap_servers, broker.client)


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(180 + 20 * KILLS)
def test_nor_is_one_lost_or_doubled_on_kafka(tmp_path, kafka):
    survive(tmp_path, kafka.bootstrap_servers, kafka.client)
